"""The trainer's desk: the engines of a class, read from a file and graded from one place, many at a time."""
