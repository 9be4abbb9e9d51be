"""Parse `ssh://user@machine:port/socket`; nothing that ssh would take for an option passes."""

import re
from typing import NamedTuple

from dckgrade.lazy_patterns import compile_lazily

DEFAULT_SOCKET = "/var/run/docker.sock"
# The socket's path goes into `-L local:remote` and through the shell of another machine.
_ADDRESS_PATTERN = compile_lazily(
    r"""(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63})@)?
        (?P<host>[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9]{1,15})?\])
        (?::(?P<port>[1-9][0-9]{0,4}))?
        (?P<socket>/[A-Za-z0-9_./+-]{0,90})?""",
    re.VERBOSE,
)
_MAX_PORT = 65535


class SshAddress(NamedTuple):
    """Where to log in, and the engine's socket there; what is empty is left to `~/.ssh/config`."""

    host: str
    user: str = ""
    port: int | None = None
    socket: str = ""

    @property
    def url(self) -> str:
        """The address as it is typed."""
        at = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"ssh://{at}{host}{f':{self.port}' if self.port else ''}{self.socket}"

    @property
    def login_arguments(self) -> str:
        """What a user types after `ssh`."""
        at = f"{self.user}@" if self.user else ""
        return f"{f'-p {self.port} ' if self.port else ''}{at}{self.host}"


def parse_ssh_address(rest: str) -> SshAddress | None:
    """Parse what follows `ssh://`; None for what is no such address, or has a password."""
    match = _ADDRESS_PATTERN.fullmatch(rest)
    if not match or (port := int(match["port"] or 0)) > _MAX_PORT:
        return None
    socket = (match["socket"] or "").rstrip("/")
    if ".." in socket.split("/"):
        return None
    host = match["host"].strip("[]")
    return SshAddress(host=host, user=match["user"] or "", port=port or None, socket=socket)
