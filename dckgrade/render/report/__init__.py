"""Render reports of one lab or several, a module for each format."""
