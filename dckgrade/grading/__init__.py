"""Grade labs: the only place where observing and judging meet."""
