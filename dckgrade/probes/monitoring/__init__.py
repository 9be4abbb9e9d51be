"""What the kinds about Prometheus, cAdvisor and Grafana have in common."""
