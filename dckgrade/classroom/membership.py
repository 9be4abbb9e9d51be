"""A trainee's place on a live class board: its address, the certificate that is pinned, and their key."""

import json
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from dckgrade.i18n import N_, UserError
from dckgrade.report.board_request import CODE_CHARS, FINGERPRINT_CHARS

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
SAME_LETTERS = str.maketrans("018", "OIB")
"""Digits that base32 (RFC 4648) has not, and the letters that they are taken for."""
_CODE_PATTERN = re.compile(r"[A-Z2-7]+", re.ASCII)


class BoardAddress(NamedTuple):
    """Where a board listens."""

    host: str
    port: int
    is_tls: bool
    path: str = ""
    """What stands before the board's own paths."""


class JoinCode(NamedTuple):
    """What stands behind the address in the line that trainees type."""

    code: str
    fingerprint: str
    """The first characters of the certificate's fingerprint; empty where an authority vouches for it."""


class Membership(NamedTuple):
    """What a trainee keeps of a board that they joined."""

    url: str
    trainee_id: str
    name: str
    class_name: str
    secret: str
    """64 hexadecimal digits."""
    fingerprint: str
    """SHA-256 of the board's certificate, pinned; empty where an authority vouches for it."""


def parse_board_url(url: str) -> BoardAddress:
    """Read the address of a board; raises `UserError` for any other, and for http beyond this machine."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise UserError(
            N_("{url} is no address of a board."),
            N_("Type the line that your trainer shows: `dckgrade join https://… CODE`."),
            url=url,
        )
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise UserError(
            N_("{url} is not encrypted: anybody in the room could read and change what you send."),
            N_("The board's address begins with https."),
            url=url,
        )
    is_tls = parts.scheme == "https"
    return BoardAddress(parts.hostname, port or (443 if is_tls else 80), is_tls, parts.path.rstrip("/"))


def parse_join_code(text: str) -> JoinCode:
    """Read a code as it is typed, hyphens, spaces and case aside; raises `UserError` for no code."""
    plain = re.sub(r"[\s-]+", "", text).upper().translate(SAME_LETTERS)
    if len(plain) not in {CODE_CHARS, CODE_CHARS + FINGERPRINT_CHARS} or not _CODE_PATTERN.fullmatch(plain):
        raise UserError(
            N_("{code} is no code of a board."),
            N_("Type the line that your trainer shows: `dckgrade join https://… CODE`."),
            code=text,
        )
    return JoinCode(plain[:CODE_CHARS], plain[CODE_CHARS:])


def format_join_code(code: str, fingerprint: str) -> str:
    """Write a code in groups of four."""
    plain = code + fingerprint
    return "-".join(plain[at : at + 4] for at in range(0, len(plain), 4))


def shorten_fingerprint(digest: bytes) -> str:
    """Return as much of a certificate's SHA-256 as stands in a join line."""
    # Late: only who joins, and the board, need it.
    import base64

    return base64.b32encode(digest).decode()[:FINGERPRINT_CHARS]


def read_membership(path: Path) -> Membership | None:
    """Read what is kept of the board; None where none was joined; raises `UserError` where it is broken."""
    try:
        kept = json.loads(path.read_bytes())
        return Membership(**{name: str(kept[name]) for name in Membership._fields})
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(N_("{path} cannot be read: {why}"), path=path, why=error.strerror) from None
    except (ValueError, LookupError, TypeError, RecursionError):
        raise UserError(
            N_("{path} is damaged; nothing is sent to the board."),
            N_("`dckgrade leave` removes it; then join again."),
            path=path,
        ) from None


def encode_membership(membership: Membership) -> bytes:
    """Write what is kept of the board."""
    return (json.dumps(membership._asdict(), indent=2) + "\n").encode()
