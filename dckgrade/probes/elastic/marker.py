"""A unique word put on a container's standard output, in the least intrusive way that there is."""

import time
from collections.abc import Callable, Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from dckgrade.engine.answers import NoAnswer, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.elastic.log_routes import SENDING, Sender, Ways, address, wrong_protocol
from dckgrade.probes.elastic.logstash_api import Flow
from dckgrade.probes.support.service import ask_addresses
from dckgrade.report.observation import UnobservableReason

By = Literal["request", "container", "command"]
"""A request to the trainee's own nginx, which logs it; a container of ours; a command in one of theirs."""

HTTP, OURS = 80, "dckgrade-probe"
SAY = ("sh", "-c", 'echo " $0 " > /proc/1/fd/1')


class Said(Struct, frozen=True, kw_only=True):
    """How the word was put there, or why it could not be; before that, how far others had come."""

    marker: str
    by: By | None
    container: str
    """Whose line it is."""
    ref: str
    driver: str
    """How that container's lines are kept or sent; empty: as the engine does by itself."""
    ways: Ways
    wrong_protocol: bool
    error: str
    """The engine's sentence where no container with these settings can be started."""
    at: float
    """By the monotonic clock."""
    before: Flow
    held: int
    """How many documents Elasticsearch held."""

    @property
    def waited_s(self) -> float:
        """Tell how long ago that was."""
        return time.monotonic() - self.at


def say(engine: Engine, marker: str, before: Flow, held: int, ways: Ways, *, again: bool = False) -> Said:
    """
    Put the word on a standard output whose lines have a way to Logstash; *again*: not by a request this time.

    `OutOfReach` where nothing of the kind may be done here.
    """
    fitting = [one for one in ways.senders if leaves(one, ways)]
    sends = [one for one in fitting if one.sends]
    log = next((one for one in sorted(sends, key=lambda one: not one.running)), None)
    said = Said(
        marker=marker,
        by=None,
        container="",
        ref="",
        driver=log.driver if log else "",
        ways=ways,
        wrong_protocol=wrong_protocol(address(log.log), engine) if log else False,
        error="",
        at=time.monotonic(),
        before=before,
        held=held,
    )
    if not ways.names:
        return said
    # Their own setting cannot work: a container of ours with the same one would tell the same.
    if sends and not ways.reader and all(one.error for one in sends):
        return _changed(said, error=sends[0].error, container=sends[0].name)
    refused: OutOfReach | None = None
    for attempt in attempts(engine, said, [] if again else fitting, log):
        try:
            return attempt()
        except NotThere:
            continue
        except NoAnswer:
            continue
        except OutOfReach as trouble:
            if "logging driver" in trouble.detail:
                return _changed(said, error=trouble.detail, container=log.name if log else "")
            refused = trouble
    raise refused or OutOfReach(UnobservableReason.NOT_TRIED, "no container here can say a word")


def attempts(
    engine: Engine, said: Said, fitting: list[Sender], log: Sender | None
) -> Iterator[Callable[[], Said]]:
    """Give the attempts, the least intrusive first."""
    for one in fitting:
        if one.running and one.nginx:
            yield lambda one=one: by_request(engine, said, one)  # type: ignore[misc]
    if image := lent(said.ways, log):
        yield lambda: by_container(engine, said, image, log)
    for one in said.ways.senders:
        if one.running and leaves(one, said.ways):
            yield lambda one=one: by_command(engine, said, one)  # type: ignore[misc]


def leaves(one: Sender, ways: Ways) -> bool:
    """Say whether that container's lines have a way out: sent away, or kept where somebody reads them."""
    if any(sender.sends for sender in ways.senders):
        return one.sends
    return one.driver not in {"none", ""}


def lent(ways: Ways, log: Sender | None) -> str:
    """Choose the image of a container of ours: one that the lab uses, and that has a shell."""
    running = [one.image for one in ways.senders if one.running and one.image.startswith("sha256:")]
    nginx = [one.image for one in ways.senders if one.nginx and one.image in running]
    own = [log.image] if log and log.image.startswith("sha256:") else []
    return next(iter([*own, *nginx, *running]), "")


def by_request(engine: Engine, said: Said, one: Sender) -> Said:
    """Ask their nginx for a page of that name: it logs the request."""
    path = f"/{said.marker}"
    try:
        reply = ask_addresses(
            engine.find_addresses(engine.inspect_container(one.ref), HTTP),
            lambda at: engine.request_http(at, path),
            None,
        )
        if reply.answer is None:
            raise NoAnswer("refused")
    except OutOfReach as trouble:
        if trouble.why is not UnobservableReason.ADDRESS_OUT_OF_REACH:
            raise
        engine.request_http_inside(one.ref, HTTP, path)
    return _changed(said, by="request", container=one.name, ref=one.ref, driver=one.driver)


def by_container(engine: Engine, said: Said, image: str, log: Sender | None) -> Said:
    """Start a container of ours that says the word, with the settings of theirs that sends lines away."""
    ref = engine.start_marker_container(
        image, said.marker, log.log if log and log.driver in SENDING else None
    )
    return _changed(said, by="container", container=OURS, ref=ref, driver=log.driver if log else "")


def by_command(engine: Engine, said: Said, one: Sender) -> Said:
    """Have a command in their container write to the standard output of its first process."""
    ran = engine.run_command(one.ref, (*SAY, said.marker))
    if ran.exit_code:
        raise OutOfReach(UnobservableReason.NOT_TRIED, ran.output.strip()[:200])
    return _changed(said, by="command", container=one.name, ref=one.ref, driver=one.driver)


def _changed(said: Said, **changes: object) -> Said:
    return replace(said, at=time.monotonic(), **changes)
