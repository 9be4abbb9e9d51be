"""Engines that cases may use up: private ones, a guest machine, one that was given."""
