"""Kind `postgres`: whether a PostgreSQL server answers at a container's TCP port; needs no credentials."""

import re
import struct
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NoAnswer, NotThere, OutOfReach, ReachedVia
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.lookup import NO_SUCH_CONTAINER, ContainerName, convert_to_observation
from dckgrade.probes.support.service import Port, ServiceProblem, ServiceReply, ask_service, find_id_and_state
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

# The first message a client may send (PostgreSQL documentation, "Message Formats", SSLRequest): 8 bytes long,
# code 80877103. The server answers one byte, logs nothing, and needs no user. During its first initialisation
# it listens on a Unix socket only, which `pg_isready` without -h takes for ready: TCP is the honest question.
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
MAX_PORT = 65535
INSIDE_ANSWER = b"pg_isready"
POSTGRES_ANSWERS = {b"S", b"N", INSIDE_ANSWER}
# 1: the server answers, and is still starting up, as it may when it answers an SSLRequest.
PG_ISREADY_ANSWERED_CODES, PG_ISREADY_NO_RESPONSE_CODE = {0, 1}, 2


PORT_PATTERNS = (
    re.compile(r"(?:^|\0)(?:-c\0?|--)port=(\d{1,5})(?:\0|$)"),
    re.compile(r"(?:^|\0)-p\0?(\d{1,5})(?:\0|$)"),
)
"""How the server's arguments, joined by NUL, set its port; they prevail over the variable PGPORT."""


class Facts(Struct, frozen=True, kw_only=True):
    """Whether PostgreSQL answers; without an answer, why."""

    accepts: bool
    """Whether a PostgreSQL server answers on TCP."""
    problem: ServiceProblem | None
    """Why there is no answer; not-running: the container is not up. Null where there is one."""
    via: ReachedVia | None
    """Which way it was asked: by a published port, its own address, or a command inside."""
    encrypted: bool | None
    """Whether the server offers TLS."""


LABELS: Mapping[str, Text] = {
    "accepts": Text(fr="réponse de PostgreSQL", en="answer from PostgreSQL"),
    "problem": Text(fr="raison de l'absence de réponse", en="reason why there is no answer"),
    "via": Text(fr="voie d'accès au service", en="way to the service"),
    "encrypted": Text(fr="chiffrement TLS proposé", en="TLS offered"),
}


class Postgres(Probe, frozen=True, kw_only=True, tag="postgres"):
    """Knock at *port* of the container called *container*, or at the one that it is told to use instead."""

    container: ContainerName
    port: Port = 5432

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = False
    cost: ClassVar[Cost] = Cost.SERVICE
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = LABELS
    example: ClassVar[Mapping[str, Any]] = {"container": "dbserver"}

    def observe(self, engine: Engine) -> Observation:
        """Ask where the lab says, then where the server was told to listen."""
        try:
            answered = ask_server(engine, self.container, self.port)
            if answered.problem not in {None, "not-running", "no-address"}:
                found = engine.inspect_container(find_id_and_state(engine, self.container)[0])
                if (told := find_told_port(found)) and told != self.port:
                    answered = ask_server(engine, self.container, told)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("postgres", trouble)
        accepts = answered.answer in POSTGRES_ANSWERS
        garbled: ServiceProblem | None = None if accepts or answered.answer is None else "garbled"
        facts = Facts(
            accepts=accepts,
            problem=answered.problem or garbled,
            via=answered.via,
            encrypted=answered.answer == b"S" if accepts and answered.via != "inside" else None,
        )
        return Seen(kind="postgres", facts=msgspec.to_builtins(facts), age_s=answered.age_s)


def ask_server(engine: Engine, container: str, port: int) -> ServiceReply[bytes]:
    """Send one SSLRequest, read one byte."""
    return ask_service(
        engine, container, port,
        lambda address: engine.exchange_bytes(address, SSL_REQUEST, 1),
        lambda ref: run_pg_isready(engine, ref, port),
    )  # fmt: skip


def run_pg_isready(engine: Engine, ref: str, port: int) -> bytes:
    """Run `pg_isready` in the container, over TCP: it tells whether a server answers, nothing of TLS."""
    done = engine.run_command(ref, ("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres"))
    if done.exit_code in PG_ISREADY_ANSWERED_CODES:
        return INSIDE_ANSWER
    if done.exit_code == PG_ISREADY_NO_RESPONSE_CODE:
        raise NoAnswer("refused")
    raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, "no pg_isready in the container")


def find_told_port(inspected: Json) -> int | None:
    """Return the port that arguments or PGPORT give the server; None where neither does."""
    config = inspected.get("Config") or {}
    arguments = "\0".join([*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])])
    variables = (str(entry).partition("=") for entry in config.get("Env") or [])
    told = [found[-1] for pattern in PORT_PATTERNS if (found := pattern.findall(arguments))]
    told += [
        value for name, _, value in variables if name == "PGPORT" and value.isascii() and value.isdecimal()
    ]
    return next((int(port) for port in told if 0 < int(port) <= MAX_PORT), None)
