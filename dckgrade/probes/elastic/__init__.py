"""Probes of Elasticsearch, Logstash and Kibana, and of the way that a log line takes to them."""
