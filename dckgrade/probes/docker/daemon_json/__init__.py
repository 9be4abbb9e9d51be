"""A `daemon.json` as dockerd reads it."""
