"""Put a unique word on a container's standard output, in the least intrusive way that works."""

import time
from collections.abc import Callable, Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from dckgrade.engine.answers import NoAnswer, NotThere, OutOfReach
from dckgrade.engine.probe_container_form import SENDING_DRIVERS
from dckgrade.engine.protocol import Engine
from dckgrade.probes.elastic.log_routes import (
    LogRoutes,
    LogSource,
    get_driver_address,
    is_published_for_other_protocol,
)
from dckgrade.probes.elastic.logstash_api import PipelineFlow
from dckgrade.probes.support.service import ask_addresses
from dckgrade.report.observation import UnobservableReason

MarkerMethod = Literal["request", "container", "command"]
"""A request to the trainee's own nginx, which logs it; a container of ours; a command in one of theirs."""

HTTP_PORT, SHOWN_PROBE_NAME = 80, "dckgrade-probe"
SAY_COMMAND = ("sh", "-c", 'echo " $0 " > /proc/1/fd/1')


class MarkerEmission(Struct, frozen=True, kw_only=True):
    """How the word was put there, or why it could not be; before that, how far others had come."""

    marker: str
    by: MarkerMethod | None
    container: str
    """Whose line it is."""
    ref: str
    driver: str
    """How that container's lines are kept or sent; empty: as the engine does by itself."""
    ways: LogRoutes
    wrong_protocol: bool
    error: str
    """The engine's sentence where no container with these settings can be started."""
    at: float
    """By the monotonic clock."""
    before: PipelineFlow
    held: int
    """How many documents Elasticsearch held."""

    @property
    def waited_s(self) -> float:
        """Tell how long ago that was."""
        return time.monotonic() - self.at


def emit_marker(
    engine: Engine, marker: str, before: PipelineFlow, held: int, ways: LogRoutes, *, again: bool = False
) -> MarkerEmission:
    """
    Put the word on a standard output whose lines have a way to Logstash; *again*: not by a request this time.

    `OutOfReach` where nothing of the kind may be done here.
    """
    fitting = [source for source in ways.senders if has_log_route(source, ways)]
    sends = [source for source in fitting if source.sends]
    log = next((source for source in sorted(sends, key=lambda source: not source.running)), None)
    said = MarkerEmission(
        marker=marker,
        by=None,
        container="",
        ref="",
        driver=log.driver if log else "",
        ways=ways,
        wrong_protocol=is_published_for_other_protocol(get_driver_address(log.log), engine) if log else False,
        error="",
        at=time.monotonic(),
        before=before,
        held=held,
    )
    if not ways.names:
        return said
    # Their own setting cannot work: a container of ours with the same one would tell the same.
    if sends and not ways.reader and all(source.error for source in sends):
        return _changed(said, error=sends[0].error, container=sends[0].name)
    refused: OutOfReach | None = None
    for attempt in iter_attempts(engine, said, [] if again else fitting, log):
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


def iter_attempts(
    engine: Engine, said: MarkerEmission, fitting: list[LogSource], log: LogSource | None
) -> Iterator[Callable[[], MarkerEmission]]:
    """Give the attempts, the least intrusive first."""
    for source in fitting:
        if source.running and source.nginx:
            yield lambda source=source: emit_by_request(engine, said, source)  # type: ignore[misc]
    if image := choose_probe_image(said.ways, log):
        yield lambda: emit_by_probe_container(engine, said, image, log)
    for source in said.ways.senders:
        if source.running and has_log_route(source, said.ways):
            yield lambda source=source: emit_by_command(engine, said, source)  # type: ignore[misc]


def has_log_route(source: LogSource, ways: LogRoutes) -> bool:
    """Say whether that container's lines have a way out: sent away, or kept where somebody reads them."""
    if any(sender.sends for sender in ways.senders):
        return source.sends
    return source.driver not in {"none", ""}


def choose_probe_image(ways: LogRoutes, log: LogSource | None) -> str:
    """Choose the image of a container of ours: one that the lab uses, and that has a shell."""
    running = [
        source.image for source in ways.senders if source.running and source.image.startswith("sha256:")
    ]
    nginx = [source.image for source in ways.senders if source.nginx and source.image in running]
    own = [log.image] if log and log.image.startswith("sha256:") else []
    return next(iter([*own, *nginx, *running]), "")


def emit_by_request(engine: Engine, said: MarkerEmission, source: LogSource) -> MarkerEmission:
    """Ask their nginx for a page of that name: it logs the request."""
    path = f"/{said.marker}"
    try:
        reply = ask_addresses(
            engine.find_addresses(engine.inspect_container(source.ref), HTTP_PORT),
            lambda at: engine.request_http(at, path),
            None,
        )
        if reply.answer is None:
            raise NoAnswer("refused")
    except OutOfReach as trouble:
        if trouble.why is not UnobservableReason.ADDRESS_OUT_OF_REACH:
            raise
        engine.request_http_inside(source.ref, HTTP_PORT, path)
    return _changed(said, by="request", container=source.name, ref=source.ref, driver=source.driver)


def emit_by_probe_container(
    engine: Engine, said: MarkerEmission, image: str, log: LogSource | None
) -> MarkerEmission:
    """Start a container of ours that says the word, with the settings of theirs that sends lines away."""
    ref = engine.start_marker_container(
        image, said.marker, log.log if log and log.driver in SENDING_DRIVERS else None
    )
    return _changed(
        said, by="container", container=SHOWN_PROBE_NAME, ref=ref, driver=log.driver if log else ""
    )


def emit_by_command(engine: Engine, said: MarkerEmission, source: LogSource) -> MarkerEmission:
    """Have a command in their container write to the standard output of its first process."""
    ran = engine.run_command(source.ref, (*SAY_COMMAND, said.marker))
    if ran.exit_code:
        raise OutOfReach(UnobservableReason.NOT_TRIED, ran.output.strip()[:200])
    return _changed(said, by="command", container=source.name, ref=source.ref, driver=source.driver)


def _changed(said: MarkerEmission, **changes: object) -> MarkerEmission:
    return replace(said, at=time.monotonic(), **changes)
