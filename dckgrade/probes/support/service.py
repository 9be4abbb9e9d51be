"""A container's port and a question → the answer, or why there is none; out of reach is no answer."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated, Generic, Literal, TypeVar

from msgspec import Meta, Struct

from dckgrade.engine.answers import Address, NoAnswer, NoAnswerHow, NotThere, OutOfReach, Via
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.lookup import find, uptime_s
from dckgrade.report.observation import Why

Port = Annotated[int, Meta(ge=1, le=65535)]

Problem = Literal["not-running", "no-address"] | NoAnswerHow
"""Why there is no answer; see `engine.protocol` for those that an address gives."""

T = TypeVar("T")


class Reply(Struct, Generic[T], frozen=True, kw_only=True):
    """The answer and how it was reached, or the problem."""

    answer: T | None = None
    problem: Problem | None = None
    via: Via | None = None
    age_s: float | None = None


def reply(
    engine: Engine,
    container: str,
    port: int,
    question: Callable[[Address], T],
    inside: Callable[[str], T],
    *,
    image: str | None = None,
) -> Reply[T]:
    """
    Put *question* to *port* of *container* (failing that, of one that runs *image*), or *inside* to the
    container of that id when none of its addresses is reached from here; raises `NotThere`, `OutOfReach`.
    """
    ref, state = found(engine, container, image)
    if state != "running":
        return Reply(problem="not-running")
    inspected = engine.inspect_container(ref)
    age_s = uptime_s(inspected, engine.now())
    try:
        return from_here(engine.find_addresses(inspected, port), question, age_s)
    except OutOfReach as trouble:
        # A VM's or a user's own network (Docker Desktop, rootless, ssh): the container can still ask itself.
        if trouble.why is not Why.ADDRESS_OUT_OF_REACH:
            raise
        unreachable = trouble
    try:
        return Reply(answer=inside(ref), via="inside", age_s=age_s)
    except NoAnswer as none:
        return Reply(problem=none.how, via="inside", age_s=age_s)
    except (NotThere, OutOfReach):
        raise unreachable from None


def from_here(
    addresses: Sequence[Address], question: Callable[[Address], T], age_s: float | None
) -> Reply[T]:
    """Try each address in turn; `OutOfReach` when none is reached at all."""
    problem: Problem | None = None
    unreachable: OutOfReach | None = None
    for address in addresses:
        try:
            return Reply(answer=question(address), via=address.via, age_s=age_s)
        except NoAnswer as none:
            problem = none.how
        except OutOfReach as trouble:
            if trouble.why is not Why.ADDRESS_OUT_OF_REACH:
                raise
            unreachable = trouble
    if problem:
        return Reply(problem=problem, age_s=age_s)
    if unreachable:
        raise unreachable
    # A container without any address will not get one by itself: waiting cannot help.
    return Reply(problem="no-address")


def found(engine: Engine, container: str, image: str | None = None) -> tuple[str, str]:
    """Give id and state of the container that is meant."""
    if container.startswith("@"):
        # `@seccomp`: the course leaves this container unnamed; the topic of that name chooses it by facts.
        topic = import_module(f"dckgrade.probes.{container[1:]}.choice")
        listed = topic.choose(engine).one.listed
        return str(listed.get("Id") or ""), str(listed.get("State") or "")
    subject = find(engine, container, image)
    return subject.id, subject.state
