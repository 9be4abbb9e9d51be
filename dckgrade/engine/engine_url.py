"""Parse the address of an engine as people write it."""

from urllib.parse import urlsplit

from dckgrade.engine.redaction import mask_secrets
from dckgrade.engine.ssh import address

DEFAULT_SOCKET = "/var/run/docker.sock"


def parse_engine_url(text: str, port: int) -> str | None:
    """
    Return the normal form of a `unix://`, `tcp://` or `ssh://` URL, a path or a machine; None: it is none.

    *port* is used where a TCP address has none.
    """
    scheme, separator, rest = _split_url(text)
    if scheme == "ssh" and (ssh_address := address.parse_ssh_address(rest)):
        return ssh_address.url
    if scheme == "unix" and separator and (rest or DEFAULT_SOCKET).startswith("/"):
        return f"unix://{rest or DEFAULT_SOCKET}"
    return _parse_tcp(rest, port) if scheme == "tcp" else None


def hide_password(text: str) -> str:
    """Return what was written, without a password."""
    _, _, rest = _split_url(text)
    login, at, machine = rest.rpartition("@")
    # Cut by hand: a password may hold what no pattern of an address expects.
    without_password = f"{login.partition(':')[0]}{at}{machine}"
    return mask_secrets(text.strip().removesuffix(rest) + without_password)


def _split_url(text: str) -> tuple[str, str, str]:
    scheme, separator, rest = text.strip().partition("://")
    if not separator:
        scheme, rest = ("unix", scheme) if scheme.startswith("/") else ("tcp", scheme)
    return scheme, separator, rest


def _parse_tcp(rest: str, port: int) -> str | None:
    try:
        parts = urlsplit(f"//{rest}")
        machine, port = parts.hostname or "localhost", parts.port or port
    except ValueError:
        return None
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        return None
    return f"tcp://[{machine}]:{port}" if ":" in machine else f"tcp://{machine}:{port}"
