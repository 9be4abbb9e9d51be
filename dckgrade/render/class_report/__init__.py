"""Render class reports, a module for each format."""
