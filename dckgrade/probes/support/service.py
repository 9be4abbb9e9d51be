"""Ask a service in a container: by its addresses, else by a command inside it."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated, Generic, Literal, TypeVar

from msgspec import Meta, Struct

from dckgrade.engine.answers import Address, NoAnswer, NoAnswerReason, NotThere, OutOfReach, ReachedVia
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.lookup import find_container, uptime_s
from dckgrade.report.observation import UnobservableReason

Port = Annotated[int, Meta(ge=1, le=65535)]

ServiceProblem = Literal["not-running", "no-address"] | NoAnswerReason
"""Why there is no answer; see `engine.protocol` for those that an address gives."""

T = TypeVar("T")


class ServiceReply(Struct, Generic[T], frozen=True, kw_only=True):
    """The answer and how it was reached, or the problem."""

    answer: T | None = None
    problem: ServiceProblem | None = None
    via: ReachedVia | None = None
    age_s: float | None = None


def ask_service(
    engine: Engine,
    container: str,
    port: int,
    question: Callable[[Address], T],
    inside: Callable[[str], T],
    *,
    image: str | None = None,
) -> ServiceReply[T]:
    """
    Put *question* to *port* of *container* (failing that, of one that runs *image*), or *inside* to the
    container of that id when none of its addresses is reached from here; raises `NotThere`, `OutOfReach`.
    """
    ref, state = find_id_and_state(engine, container, image)
    if state != "running":
        return ServiceReply(problem="not-running")
    inspected = engine.inspect_container(ref)
    age_s = uptime_s(inspected, engine.now())
    try:
        return ask_addresses(engine.find_addresses(inspected, port), question, age_s)
    except OutOfReach as trouble:
        # A VM's or a user's own network (Docker Desktop, rootless, ssh): the container can still ask itself.
        if trouble.why is not UnobservableReason.ADDRESS_OUT_OF_REACH:
            raise
        unreachable = trouble
    try:
        return ServiceReply(answer=inside(ref), via="inside", age_s=age_s)
    except NoAnswer as none:
        return ServiceReply(problem=none.reason, via="inside", age_s=age_s)
    except (NotThere, OutOfReach):
        raise unreachable from None


def ask_addresses(
    addresses: Sequence[Address], question: Callable[[Address], T], age_s: float | None
) -> ServiceReply[T]:
    """Try each address in turn; `OutOfReach` when none is reached at all."""
    problem: ServiceProblem | None = None
    unreachable: OutOfReach | None = None
    for address in addresses:
        try:
            return ServiceReply(answer=question(address), via=address.via, age_s=age_s)
        except NoAnswer as none:
            problem = none.reason
        except OutOfReach as trouble:
            if trouble.why is not UnobservableReason.ADDRESS_OUT_OF_REACH:
                raise
            unreachable = trouble
    if problem:
        return ServiceReply(problem=problem, age_s=age_s)
    if unreachable:
        raise unreachable
    # A container without any address will not get one by itself: waiting cannot help.
    return ServiceReply(problem="no-address")


def find_id_and_state(engine: Engine, container: str, image: str | None = None) -> tuple[str, str]:
    """Return id and state of the container that is meant."""
    if container.startswith("@"):
        # `@seccomp`: the course leaves this container unnamed; the topic of that name chooses it by facts.
        topic = import_module(f"dckgrade.probes.{container[1:]}.candidate")
        listed = topic.choose_container(engine).candidate.listed
        return str(listed.get("Id") or ""), str(listed.get("State") or "")
    subject = find_container(engine, container, image)
    return subject.id, subject.state
