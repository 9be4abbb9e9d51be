"""Render what a lab asks, a module for each format."""
