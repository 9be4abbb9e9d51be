"""Seccomp profiles: what one says, what it forbids that Docker allows, which container bears one."""
