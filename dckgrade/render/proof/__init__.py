"""Render proofs of labs, a module for each format."""
