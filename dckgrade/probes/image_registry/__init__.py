"""Kinds about a registry of images that runs in a container."""
