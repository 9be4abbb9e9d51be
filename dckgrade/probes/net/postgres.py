"""Kind `postgres`: whether a PostgreSQL server answers at a container's TCP port; needs no credentials."""

import struct
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Address, NoAnswer, NotThere, OutOfReach, ReachedVia
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support import value_words
from dckgrade.probes.support.lookup import NO_SUCH_CONTAINER, ContainerName, convert_to_observation
from dckgrade.probes.support.service import Port, ServiceProblem, ServiceReply, ask_ports, find_id_and_state
from dckgrade.probes.support.service_settings import list_configured_ports, order_ports, read_settings
from dckgrade.probes.support.supply import EACH_PORT, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

# The first message a client may send (PostgreSQL documentation, "Message Formats", SSLRequest): 8 bytes long,
# code 80877103. The server answers one byte, logs nothing, and needs no user. During its first initialisation
# it listens on a Unix socket only, which `pg_isready` without -h takes for ready: TCP is the honest question.
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
INSIDE_ANSWER = b"pg_isready"
POSTGRES_ANSWERS = {b"S", b"N", INSIDE_ANSWER}
# 1: the server answers, and is still starting up, as it may when it answers an SSLRequest.
PG_ISREADY_ANSWERED_CODES, PG_ISREADY_NO_RESPONSE_CODE = {0, 1}, 2


PORT_SETTINGS = ("p", "port", "PGPORT")
"""How the server is told another port: `-p 5433`, `-c port=5433`, the variable PGPORT."""


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


WORDS: Mapping[str, ValueWords] = {
    "problem": value_words.NO_ANSWER,
    "via": value_words.REACHED_VIA,
    "accepts": {
        False: Text(fr="PostgreSQL n'accepte pas de connexion", en="PostgreSQL accepts no connection"),
    },
}


class Postgres(Probe, frozen=True, kw_only=True, tag="postgres"):
    """Knock at the container called *container*: at *port*, or where its server listens instead."""

    container: ContainerName
    port: Port = 5432

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = False
    cost: ClassVar[Cost] = Cost.SERVICE
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = EACH_PORT
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "accepts": DraftedFact(
            {
                True: Text(
                    fr="accepte des connexions PostgreSQL sur le port {port}",
                    en="accepts PostgreSQL connections on port {port}",
                )
            }
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {"container": "dbserver"}

    def observe(self, engine: Engine) -> Observation:
        """Ask where the server is told to listen, where it is published or exposed, and at *port*."""
        try:
            answered = ask_server(engine, self.container, self.port, POSTGRES_ANSWERS.__contains__)
            if answered.problem == "garbled":
                answered = ask_server(engine, self.container, self.port, lambda _answer: True)
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


def ask_server(
    engine: Engine, container: str, port: int, is_own_answer: Callable[[bytes], bool]
) -> ServiceReply[bytes]:
    """Ask at each port that may be the server's; *port* is the one that the lab promises."""

    def ask_for_tls(_port: int, address: Address) -> bytes:
        answer = engine.exchange_bytes(address, SSL_REQUEST, 1)
        if not is_own_answer(answer):
            raise NoAnswer("garbled")
        return answer

    ref, state = find_id_and_state(engine, container)
    if state != "running":
        return ServiceReply(problem="not-running")
    inspected = engine.inspect_container(ref)
    configured = list_configured_ports(read_settings(inspected), PORT_SETTINGS)
    return ask_ports(
        engine,
        inspected,
        order_ports(inspected, configured, [port], None),
        ask_for_tls,
        lambda inner: run_pg_isready(engine, ref, inner),
    )


def run_pg_isready(engine: Engine, ref: str, port: int) -> bytes:
    """Run `pg_isready` in the container, over TCP: it tells whether a server answers, nothing of TLS."""
    done = engine.run_command(ref, ("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres"))
    if done.exit_code in PG_ISREADY_ANSWERED_CODES:
        return INSIDE_ANSWER
    if done.exit_code == PG_ISREADY_NO_RESPONSE_CODE:
        raise NoAnswer("refused")
    raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, "no pg_isready in the container")
