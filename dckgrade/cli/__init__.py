"""The command line: one module a command, nothing heavy imported before the command that needs it runs."""
