"""Engines behind ssh: the address, OpenSSH's own client, the forwarded socket, its errors."""
