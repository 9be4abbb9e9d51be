"""Kind `postgres`: a container's TCP port → whether a PostgreSQL server answers; no credentials."""

import struct
from typing import ClassVar

import msgspec
from msgspec import Struct

from dckgrade.observation import Observation, Seen
from dckgrade.probe.service import Port, Problem, reply
from dckgrade.probe.subject import ContainerName, unseen
from dckgrade.strict import Strict
from dckgrade.world.port import NotThere, OutOfReach, Via, World

# The first message a client may send (PostgreSQL documentation, "Message Formats", SSLRequest): 8 bytes long,
# code 80877103. The server answers one byte, logs nothing, and needs no user. During its first initialisation
# it listens on a Unix socket only, which `pg_isready` without -h takes for ready: TCP is the honest question.
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
ANSWERS = {b"S", b"N"}


class Facts(Struct, frozen=True, kw_only=True):
    """Whether PostgreSQL answers; without an answer, why."""

    accepts: bool
    problem: Problem | None
    via: Via | None
    encrypted: bool | None
    """Whether the server offers TLS."""


class Postgres(Strict, frozen=True, kw_only=True, tag_field="kind", tag="postgres"):
    """Knock at *port* of the container called *container*."""

    container: ContainerName
    port: Port = 5432

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = False

    def observe(self, world: World) -> Observation:
        """Send one SSLRequest, read one byte."""
        try:
            answered = reply(
                world, self.container, self.port, lambda address: world.exchange(address, SSL_REQUEST, 1)
            )
        except (NotThere, OutOfReach) as trouble:
            return unseen("postgres", trouble)
        accepts = answered.answer in ANSWERS
        garbled: Problem | None = None if accepts or answered.answer is None else "garbled"
        facts = Facts(
            accepts=accepts,
            problem=answered.problem or garbled,
            via=answered.via,
            encrypted=answered.answer == b"S" if accepts else None,
        )
        return Seen(kind="postgres", facts=msgspec.to_builtins(facts), age_s=answered.age_s)
