"""Docker Compose: projects, their services, the file that they are made of, and a site that runs so."""
