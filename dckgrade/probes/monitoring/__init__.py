"""Probes of Prometheus, cAdvisor and Grafana."""
