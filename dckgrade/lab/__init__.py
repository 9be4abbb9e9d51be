"""A lab: what an author may write, and what is made of it."""
