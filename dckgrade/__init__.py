"""Looks at a trainee's Docker engine once, judges what it saw against a lab, names the mistake."""

__version__ = "1.0.0"
