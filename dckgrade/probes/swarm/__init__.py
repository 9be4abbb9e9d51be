"""Kinds about the services of a swarm, asked of a manager."""
