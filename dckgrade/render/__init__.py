"""A report in, one audience's form of it out; nothing is judged or counted here."""
