"""Request and decode JSON over HTTP; an answer that is cut short counts as unreadable."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Address, HttpAnswer, Json, NoAnswer, OutOfReach
from dckgrade.probes.support.account import ServiceAccess
from dckgrade.report.decode import parse_json
from dckgrade.report.observation import UnobservableReason

HttpRequester = Callable[[str], HttpAnswer]
"""A path → the answer of a service that has been reached."""


class ReachedService(Struct, frozen=True):
    """A service that answers; further questions go the way that the first one went."""

    request: HttpRequester
    """Asks for a path below its root, with the user's account where that was let in."""
    first_answer: HttpAnswer
    """The answer to the question by which it was reached."""
    access: ServiceAccess = "open"
    """Whether it asks for an account, and how ours fared; wanted and refused: it can tell nothing."""
    port: int = 0
    """The container's own port at which it answers."""
    root: str = ""
    """The prefix of its paths."""
    address: Address | None = None
    """Where it was reached; None: by a command inside."""

    @property
    def is_locked(self) -> bool:
        """Whether it tells nothing without an account that the user has yet to name."""
        return self.access in {"wanted", "refused"}


class ServiceTimedOut(OutOfReach):
    """It took the question, and no answer came in time."""


def request_whole_answer(ask: HttpRequester, path: str) -> HttpAnswer:
    """Return the answer; `OutOfReach` if it is cut short, or none comes."""
    try:
        answer = ask(path)
    except NoAnswer as none:
        kind = ServiceTimedOut if none.reason == "silent" else OutOfReach
        raise kind(UnobservableReason.UNREADABLE, f"{path.partition('?')[0]}: {none.reason}") from none
    if answer.truncated:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"{path.partition('?')[0]} is cut short")
    return answer


def decode_json(answer: HttpAnswer) -> Any:
    """Decode the body as JSON; `OutOfReach` if it is something else."""
    try:
        return parse_json(answer.body)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise OutOfReach(UnobservableReason.UNREADABLE, f"HTTP {answer.status}, not JSON") from None


def request_prometheus_data(ask: HttpRequester, path: str) -> Json | None:
    """Return `data` of one of Prometheus's answers; None for a path that its version does not have."""
    answer = request_whole_answer(ask, path)
    if answer.status == HTTPStatus.NOT_FOUND:
        return None
    found = as_mapping(decode_json(answer)).get("data")
    if answer.status != HTTPStatus.OK or not isinstance(found, dict):
        raise OutOfReach(UnobservableReason.UNREADABLE, f"HTTP {answer.status} for {path.partition('?')[0]}")
    return found


def as_mapping(found: Any) -> Json:
    """Return *found* if it is a mapping, else an empty one."""
    return found if isinstance(found, dict) else {}


def iter_mappings(found: Any) -> Iterator[Json]:
    """Yield the mappings of a list; anything else is skipped."""
    yield from (item for item in (found if isinstance(found, list) else ()) if isinstance(item, dict))
