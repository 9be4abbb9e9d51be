"""The class report for those who read it: a page, other programs, spreadsheets, learning platforms."""
