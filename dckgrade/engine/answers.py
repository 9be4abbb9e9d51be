"""What an engine and its services answer, and the exceptions for when they do not."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from dckgrade.report.observation import UnobservableReason

Json = Mapping[str, Any]
"""An object of the engine's API, unchanged: read it with `.get`, since versions differ."""
_FOLD_PATTERN = re.compile(r"\r?\n[ \t]+")


ProcessFile = Literal["status", "mountinfo"]
"""Files of `/proc/PID` that any user may read."""


class ApiAnswer(Struct, frozen=True):
    """A whole answer of the engine; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def join_headers(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the headers of an answer: names in lower case, values of one name joined, each on one line."""
    headers: dict[str, str] = {}
    for name, folded in pairs:
        value = _FOLD_PATTERN.sub(" ", folded) if "\n" in folded else folded
        earlier = headers.get(name.lower())
        headers[name.lower()] = value if earlier is None else f"{earlier}, {value}"
    return headers


class NotThere(Exception):
    """The engine, service or machine answered that there is no such thing (HTTP 404)."""


class OutOfReach(Exception):
    """There was no answer, a refusal, or an answer that cannot be read; *why* says which."""

    def __init__(self, why: UnobservableReason, detail: str = "") -> None:
        super().__init__(why, detail)
        self.why, self.detail = why, detail


ReachedVia = Literal["published", "own", "inside"]
"""Reached by a published port, by the container's own address, or by a command inside the container."""
NoAnswerReason = Literal["refused", "reset", "silent", "garbled"]
"""Nothing listens; nothing listens behind a published port; connected, then silence; another protocol."""


class Address(Struct, frozen=True):
    """Where a service is reached; always taken from inspect, never guessed."""

    host: str
    port: int
    via: ReachedVia


class HttpAnswer(Struct, frozen=True, kw_only=True):
    """The answer of a container's HTTP server: header names in lower case, the body capped at 256 KiB."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    truncated: bool = False


CertificateFault = Literal[
    "unknown-authority", "no-authority", "other-name", "expired", "not-yet-valid", "other"
]
"""Nobody trusted has signed it; who has, may not sign; it is another's; its days are over, or to come."""


class Certificate(Struct, frozen=True, kw_only=True):
    """What a service's certificate says."""

    names: Sequence[str]
    """The names and addresses that it is for, 20 at most; the common name is none of them."""
    common_name: str
    expires_at: datetime | None


class HttpsAnswer(Struct, frozen=True, kw_only=True):
    """The answer of a container's HTTPS server, and its certificate as DER; neither is verified."""

    http: HttpAnswer
    certificate: bytes


class CommandResult(Struct, frozen=True):
    """The exit code of a command inside a container, and both its streams as text: secrets masked, capped."""

    exit_code: int
    output: str


class CommandOutput(Struct, frozen=True):
    """The exit code of a command inside a container, and its streams byte for byte, to be parsed."""

    exit_code: int
    output: bytes
    errors: bytes


class NoAnswer(Exception):
    """The address was reached and did not serve; *reason* says in which way."""

    def __init__(self, how: NoAnswerReason) -> None:
        super().__init__(how)
        self.reason = how


class Login(Struct, frozen=True):
    """An account of a service. It is sent to that service only, and never shown, recorded or written."""

    user: str
    password: str
    guessed_for: str = ""
    """The container whose account this may be; '' for an account named by the user, which is always tried."""

    def __repr__(self) -> str:
        return "Login(***)"


OTHER_USERS_DETAIL = "another user's"
"""The detail of `OutOfReach` where a cache may be in a folder that is closed to us."""


class ParserAnswer(Struct, frozen=True):
    """What `apparmor_parser` says of a profile."""

    accepts: bool
    text: str = ""
    """Why it refuses, in its words."""
    file: str = ""
    """The include in which it found the fault; '' for the profile itself."""
    line: int | None = None
