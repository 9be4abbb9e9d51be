"""Kind `http`: the answer of a container's HTTP server, at an address taken from inspect."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import HttpAnswer, NotThere, OutOfReach, ReachedVia
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.lookup import ContainerSelector, convert_to_observation
from dckgrade.probes.support.service import Port, ServiceProblem, ServiceReply, ask_service
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

MAX_BODY_BYTES = 4096


class Facts(Struct, frozen=True, kw_only=True):
    """What the server answered; without an answer, why there is none."""

    answers: bool
    """Whether anything came back that is HTTP."""
    problem: ServiceProblem | None
    """Why there is no answer; not-running: the container is not up. Null where there is one."""
    via: ReachedVia | None
    """Which way it was asked: by a published port, its own address, or a command inside."""
    status_code: int | None
    server: str | None
    """The `Server` header."""
    content_type: str | None
    body: str | None
    """The first 4 KiB, secrets masked."""


LABELS: Mapping[str, Text] = {
    "answers": Text(fr="réponse en HTTP", en="answer over HTTP"),
    "problem": Text(fr="raison de l'absence de réponse", en="reason why there is no answer"),
    "via": Text(fr="voie d'accès au service", en="way to the service"),
    "status_code": Text(fr="code de statut HTTP", en="HTTP status code"),
    "server": Text(fr="logiciel du serveur", en="server software"),
    "content_type": Text(fr="type de contenu", en="content type"),
    "body": Text(fr="début de la page", en="beginning of the page"),
}


class Http(Probe, frozen=True, kw_only=True, tag="http"):
    """Ask *container* (a name, or `@apparmor`, `@seccomp`) on its *port* for *path*; no redirect followed."""

    container: ContainerSelector
    """Its name; a Compose or Swarm service of that name will do."""
    port: Port = 80
    path: Annotated[str, Meta(pattern="^/[!-~]*$")] = "/"
    """What is asked for."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.SERVICE
    absent: ClassVar[Text] = Text(
        fr="le conteneur à interroger n'a pas été trouvé", en="the container to ask was not found"
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    example: ClassVar[Mapping[str, Any]] = {"container": "webservers", "port": 80, "path": "/"}

    def observe(self, engine: Engine) -> Observation:
        """Find, inspect, ask."""
        try:
            answered = ask_service(
                engine, self.container, self.port,
                lambda address: engine.request_http(address, self.path),
                lambda ref: engine.request_http_inside(ref, self.port, self.path),
            )  # fmt: skip
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("http", trouble)
        return Seen(kind="http", facts=msgspec.to_builtins(build_http_facts(answered)), age_s=answered.age_s)


def build_http_facts(answered: ServiceReply[HttpAnswer]) -> Facts:
    """Put the answer, or the lack of one, into facts."""
    answer = answered.answer
    headers = answer.headers if answer else {}
    return Facts(
        answers=answer is not None,
        problem=answered.problem,
        via=answered.via,
        status_code=answer.status if answer else None,
        server=headers.get("server"),
        content_type=headers.get("content-type"),
        body=mask_secrets(answer.body[:MAX_BODY_BYTES].decode("utf-8", "replace")) if answer else None,
    )
