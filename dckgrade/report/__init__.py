"""The documents and their parts: observations, results, reports; how they are stored and signed."""
