"""Judge a recording by a lab. Pure: no clock, file, network or printing."""
