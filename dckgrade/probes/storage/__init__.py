"""What containers keep: mounts, files that outlive them, folders and archives that are the same."""
