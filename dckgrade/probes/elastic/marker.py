"""Put a unique word on a container's standard output, in the least intrusive way that works."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from dckgrade.engine.answers import NoAnswer, NotThere, OutOfReach
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
"""A request to their own web server, which logs it; a container of ours; a command in one of theirs."""

SHOWN_PROBE_NAME = "dckgrade-probe"
MAX_WEB_SERVERS = 5
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
    routes: LogRoutes
    wrong_protocol: bool
    error: str
    """The engine's sentence where no container with these settings can be started."""
    at: float
    """By the monotonic clock."""
    before: PipelineFlow | None
    """None where Logstash's API could not be asked."""
    held: int | None
    """How many documents Elasticsearch held; None where it could not tell."""
    shares_files: bool
    """Whether the line may be in a file that another container reads."""

    @property
    def waited_s(self) -> float:
        """Return how long ago that was."""
        return time.monotonic() - self.at


def emit_marker(
    engine: Engine,
    marker: str,
    before: PipelineFlow | None,
    held: int | None,
    routes: LogRoutes,
    *,
    again: bool = False,
) -> MarkerEmission:
    """
    Put the word on every standard output that may have a way to Elasticsearch, seen or not.

    *again*: not by requests this time. `OutOfReach` where nothing of the kind may be done here.
    """
    fitting = [source for source in routes.senders if has_log_route(source, routes)]
    sends = [source for source in fitting if source.sends]
    log = next((source for source in sorted(sends, key=lambda source: not source.running)), None)
    emission = MarkerEmission(
        marker=marker,
        by=None,
        container="",
        ref="",
        driver=log.driver if log else "",
        routes=routes,
        wrong_protocol=is_published_for_other_protocol(get_driver_address(log.log), engine) if log else False,
        error="",
        at=time.monotonic(),
        before=before,
        held=held,
        shares_files=False,
    )
    asked = [] if again else emit_by_requests(engine, emission)
    if requested := next((emission for source, emission in asked if source in fitting), None):
        return requested
    # Their own setting cannot work: a container of ours with the same one would tell the same.
    if sends and not routes.reader and all(source.error for source in sends):
        reached = asked[0][1] if asked else _changed(emission, container=sends[0].name)
        return _changed(reached, error=sends[0].error)
    return emit_without_request(engine, emission, log)


def emit_by_requests(engine: Engine, emission: MarkerEmission) -> list[tuple[LogSource, MarkerEmission]]:
    """Ask the trainee's own web servers for a page of that name, those with a way of their own first."""
    servers = [source for source in emission.routes.senders if source.running and source.is_web_server]
    asked = []
    for source in sorted(servers, key=lambda source: (not source.sends, not source.shares_files)):
        try:
            asked.append((source, emit_by_request(engine, emission, source)))
        except (NotThere, NoAnswer, OutOfReach):
            continue
        if len(asked) == MAX_WEB_SERVERS:
            break
    return asked


def emit_without_request(engine: Engine, emission: MarkerEmission, log: LogSource | None) -> MarkerEmission:
    """Have a container of ours say it, else a command in one of theirs."""
    refused: OutOfReach | None = None
    for attempt in iter_attempts(engine, emission, log):
        try:
            return attempt()
        except NotThere:
            continue
        except OutOfReach as trouble:
            if "logging driver" in trouble.detail:
                return _changed(emission, error=trouble.detail, container=log.name if log else "")
            refused = trouble
    raise refused or OutOfReach(UnobservableReason.NOT_TRIED, "no container here can say a word")


def iter_attempts(
    engine: Engine, emission: MarkerEmission, log: LogSource | None
) -> Iterator[Callable[[], MarkerEmission]]:
    """Yield the attempts, the less intrusive first; a driver that ours cannot have is theirs alone to use."""
    image, copied = choose_probe_image(emission.routes, log), log if log and log.can_be_copied else None
    ours = [partial(emit_by_probe_container, engine, emission, image, copied)] if image else []
    theirs = [
        partial(emit_by_command, engine, emission, source)
        for source in emission.routes.senders
        if source.running and has_log_route(source, emission.routes)
    ]
    yield from (*theirs, *ours) if log and not copied else (*ours, *theirs)


def has_log_route(source: LogSource, routes: LogRoutes) -> bool:
    """Return whether that container's lines may have a way out: sent, or kept where somebody reads them."""
    if any(sender.sends for sender in routes.senders):
        return source.sends or source.shares_files
    return source.driver not in {"none", ""}


def choose_probe_image(routes: LogRoutes, log: LogSource | None) -> str:
    """Choose the image of a container of ours: one that the lab uses, and that has a shell."""
    running = [
        source.image for source in routes.senders if source.running and source.image.startswith("sha256:")
    ]
    servers = [source.image for source in routes.senders if source.is_web_server and source.image in running]
    own = [log.image] if log and log.image.startswith("sha256:") else []
    return next(iter([*own, *servers, *running]), "")


def emit_by_request(engine: Engine, emission: MarkerEmission, source: LogSource) -> MarkerEmission:
    """Ask their web server for a page of that name, at the first of its ports that answers: it logs that."""
    path, inspected = f"/{emission.marker}", engine.inspect_container(source.ref)
    for port in source.ports:
        try:
            reply = ask_addresses(
                engine.find_addresses(inspected, port), lambda at: engine.request_http(at, path), None
            )
            if reply.answer is None:
                continue
        except OutOfReach as trouble:
            if trouble.why is not UnobservableReason.ADDRESS_OUT_OF_REACH:
                raise
            engine.request_http_inside(source.ref, port, path)
        return _changed(
            emission,
            by="request",
            container=source.name,
            ref=source.ref,
            driver=source.driver,
            shares_files=source.shares_files,
        )
    raise NoAnswer("refused")


def emit_by_probe_container(
    engine: Engine, emission: MarkerEmission, image: str, log: LogSource | None
) -> MarkerEmission:
    """Start a container of ours that says the word, with the settings of theirs that sends lines away."""
    ref = engine.start_marker_container(image, emission.marker, log.log if log else None)
    return _changed(
        emission, by="container", container=SHOWN_PROBE_NAME, ref=ref, driver=log.driver if log else ""
    )


def emit_by_command(engine: Engine, emission: MarkerEmission, source: LogSource) -> MarkerEmission:
    """Have a command in their container write to the standard output of its first process."""
    ran = engine.run_command(source.ref, (*SAY_COMMAND, emission.marker))
    if ran.exit_code:
        raise OutOfReach(UnobservableReason.NOT_TRIED, ran.output.strip()[:200])
    return _changed(emission, by="command", container=source.name, ref=source.ref, driver=source.driver)


def _changed(emission: MarkerEmission, **changes: object) -> MarkerEmission:
    return replace(emission, at=time.monotonic(), **changes)
