"""Probes of services by their protocol: HTTP, PostgreSQL."""
