"""A container's port and a question → the answer, or why there is none; out of reach is no answer."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Generic, Literal, TypeVar

from msgspec import Meta, Struct

from dckgrade.observation import Why
from dckgrade.probe.apparmor import choice as apparmor
from dckgrade.probe.seccomp import choice as seccomp
from dckgrade.probe.subject import find, uptime_s
from dckgrade.world.port import Address, Json, NoAnswer, NoAnswerHow, NotThere, OutOfReach, Via, World

Port = Annotated[int, Meta(ge=1, le=65535)]

Problem = Literal["not-running", "no-address"] | NoAnswerHow
"""Why there is no answer; see `world.port` for those that an address gives."""

T = TypeVar("T")

CHOSEN: Mapping[str, Callable[[World], Json]] = {
    "@apparmor": lambda world: apparmor.choose(world).one.listed,
    "@seccomp": lambda world: seccomp.choose(world).one.listed,
}
"""Containers that the course leaves unnamed, chosen by facts."""


class Reply(Struct, Generic[T], frozen=True, kw_only=True):
    """The answer and how it was reached, or the problem."""

    answer: T | None = None
    problem: Problem | None = None
    via: Via | None = None
    age_s: float | None = None


def reply(
    world: World,
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
    ref, state = found(world, container, image)
    if state != "running":
        return Reply(problem="not-running")
    inspected = world.container(ref)
    age_s = uptime_s(inspected, world.now())
    try:
        return from_here(world.addresses(inspected, port), question, age_s)
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


def found(world: World, container: str, image: str | None = None) -> tuple[str, str]:
    """Give id and state of the container that is meant."""
    if container in CHOSEN:
        listed = CHOSEN[container](world)
        return str(listed.get("Id") or ""), str(listed.get("State") or "")
    subject = find(world, container, image)
    return subject.id, subject.state
