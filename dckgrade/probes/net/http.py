"""Kind `http`: the answer of a container's HTTP server, at whichever port it serves."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import HttpAnswer, NotThere, OutOfReach, ReachedVia
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support import value_words
from dckgrade.probes.support.http_json import ReachedService
from dckgrade.probes.support.lookup import ContainerSelector, convert_to_observation
from dckgrade.probes.support.service import HttpService, Port, ServiceProblem, ServiceReply, reach_service
from dckgrade.probes.support.supply import EACH_PORT, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

MAX_BODY_BYTES = 4096
PRIVILEGED_PORTS, UNPRIVILEGED_PORT = range(1, 1024), 8080
"""Where images listen that may not open the first ones."""
NO_PAGE_PROBLEMS = {"garbled", "refused", "reset", "silent"}


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


WORDS: Mapping[str, ValueWords] = {
    "problem": value_words.NO_ANSWER,
    "via": value_words.REACHED_VIA,
    "status_code": value_words.HTTP_STATUS,
    "server": {
        None: Text(fr="inconnu, faute de réponse", en="not known, for lack of an answer"),
    },
    "answers": {
        False: Text(fr="aucune réponse en HTTP", en="no answer over HTTP"),
    },
}


class Http(Probe, frozen=True, kw_only=True, tag="http"):
    """
    Ask *container* (a name, or `@apparmor`, `@seccomp`) for *path*; no redirect is followed.

    What is published as *port* is asked first; then the ports that are published, exposed or usual.
    """

    container: ContainerSelector
    """Its name; a Compose or Swarm service of that name will do."""
    port: Port = 80
    """Where a server is promised."""
    path: Annotated[str, Meta(pattern="^/[!-~]*$")] = "/"
    """What is asked for."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.SERVICE
    absent: ClassVar[Text] = Text(
        fr="le conteneur à interroger n'a pas été trouvé",
        en="the container to ask was not found",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = EACH_PORT
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "answers": DraftedFact(
            {True: Text(fr="répond en HTTP sur le port {port}", en="answers HTTP on port {port}")},
            existence=True,
        ),
        "status_code": DraftedFact(
            {200: Text(fr="sert une page sur le port {port}", en="serves a page on port {port}")}
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {"container": "webservers", "port": 80, "path": "/"}

    def observe(self, engine: Engine) -> Observation:
        """Find, inspect, ask: any answer is one, and a page is a better one than an error."""
        try:
            answered = reach_service(engine, self.container, self.describe_server(is_page))
            if answered.problem in NO_PAGE_PROBLEMS:
                answered = reach_service(engine, self.container, self.describe_server(lambda _answer: True))
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("http", trouble)
        return Seen(kind="http", facts=msgspec.to_builtins(build_http_facts(answered)), age_s=answered.age_s)

    def describe_server(self, is_own_answer: Callable[[HttpAnswer], bool]) -> HttpService:
        """Describe what is looked for."""
        others = (UNPRIVILEGED_PORT,) if self.port in PRIVILEGED_PORTS else ()
        return HttpService(
            image=None, path=self.path, usual_ports=(self.port, *others), is_own_answer=is_own_answer
        )


def is_page(answer: HttpAnswer) -> bool:
    """Return whether it is no error."""
    return answer.status < HTTPStatus.BAD_REQUEST


def build_http_facts(answered: ServiceReply[ReachedService]) -> Facts:
    """Put the answer, or the lack of one, into facts."""
    answer = answered.answer.first_answer if answered.answer else None
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
