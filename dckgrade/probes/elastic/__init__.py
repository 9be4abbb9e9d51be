"""Elasticsearch, Logstash and Kibana: what they say, and how a log line gets there."""
