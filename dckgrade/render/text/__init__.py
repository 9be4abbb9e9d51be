"""Text for people: sanitized, escaped for a notation, and the messages of reports."""
