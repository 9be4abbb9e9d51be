"""Probes of the engine's own objects: containers, images, volumes, the swarm, daemon.json."""
