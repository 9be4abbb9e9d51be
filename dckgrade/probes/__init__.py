"""Kinds of probes, by topic: what each may ask, the facts it observes."""
