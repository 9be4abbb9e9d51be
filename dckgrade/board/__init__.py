"""The live class board: an extra, `pip install dckgrade[board]`."""
