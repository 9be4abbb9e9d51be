"""Kind `wordpress`: what a WordPress answers, and why it does not reach its database."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import HttpAnswer, Json, NotThere, OutOfReach, ReachedVia
from dckgrade.engine.protocol import Engine
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.compose.projects import show_name
from dckgrade.probes.support import value_words
from dckgrade.probes.support.http_json import ReachedService
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation, find_container
from dckgrade.probes.support.reachability import (
    has_own_loopback,
    is_loopback_host,
    is_reachable_name,
    is_running,
    share_network,
)
from dckgrade.probes.support.service import HttpService, Port, ServiceProblem, ServiceReply, reach_service
from dckgrade.probes.support.service_settings import list_published_ports
from dckgrade.probes.support.supply import DraftedFact, NotSupplied, Supply, each_container
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

HOST_VARIABLE, HOST_WITHOUT_VARIABLE = "WORDPRESS_DB_HOST", "mysql"
"""Of the official image: https://hub.docker.com/_/wordpress."""
COPYING, COPIED = "copying now", "has been successfully copied"
REFUSED_LOGIN_PATTERN = compile_lazily(r"Access denied for user '[^'\s]{0,80}'@'([^'\s]{1,255})'")
"""MariaDB's and MySQL's own words; one from the database's own machine is its health check's."""
OWN_HOSTS = {"localhost", "127.0.0.1", "::1"}
NO_DATABASE = (b"Error establishing a database connection", b"select database</h1>")
PAGE_SIGNS = (b"/wp-content/", b"/wp-includes/", b"wp-json", b"rest_route=", b"/wp-login.php")
INSTALL_PATH, SETUP_PATH = "/wp-admin/install.php", "/wp-admin/setup-config.php"

SiteState = Literal["installed", "not-installed", "not-configured", "no-database", "other"]


class Facts(Struct, frozen=True, kw_only=True):
    """What its first page is, and what stands between it and its database."""

    answers: bool
    problem: ServiceProblem | None
    """Why there is no answer; not-running: the container is not up."""
    via: ReachedVia | None
    """Which way it was asked: by a published port, its own address, or a command inside."""
    published: bool | None
    """Whether a port of the machine leads to the port at which it answers; null without an answer."""
    status_code: int | None
    state: SiteState | None
    """not-installed: it reaches its database, and asks for a title and an account; no-database: it does not;
    other: it is not known for a WordPress. Null without an answer."""
    copying: bool
    """Its image is still copying the site into its folder: it answers afterwards."""
    database_host: str
    """The name at which it looks for its database, without the port."""
    looks_in_itself: bool
    """Whether that name means its own container."""
    host_known: bool | None
    """Whether the database's container is called so in a network of both; null: no such container."""
    shares_network: bool | None
    """Whether both are in a network that somebody made; null: no such container."""
    database_runs: bool | None
    same_account: bool | None
    """Whether both containers were given the same user, password and database; null where either was not."""
    denied: bool
    """Whether the database's log says that it has refused an account that came over the network."""


LABELS: Mapping[str, Text] = {
    "answers": Text(fr="réponse du site", en="answer of the site"),
    "problem": Text(fr="raison de l'absence de réponse", en="reason why there is no answer"),
    "via": Text(fr="voie d'accès au site", en="way to the site"),
    "published": Text(
        fr="port du site publié sur la machine", en="port of the site published on the machine"
    ),
    "status_code": Text(fr="code de statut HTTP", en="HTTP status code"),
    "state": Text(fr="état du site", en="site state"),
    "copying": Text(fr="copie du site en cours", en="site being copied"),
    "database_host": Text(fr="nom où la base est cherchée", en="name at which the database is looked for"),
    "looks_in_itself": Text(fr="base cherchée dans son propre conteneur", en="database looked for in itself"),
    "host_known": Text(fr="nom connu de la base", en="name of the database known"),
    "shares_network": Text(fr="réseau commun avec la base", en="network in common with the database"),
    "database_runs": Text(fr="base en marche", en="database running"),
    "same_account": Text(
        fr="même compte donné au site et à la base", en="same account given to site and database"
    ),
    "denied": Text(fr="compte refusé par la base", en="account refused by the database"),
}


WORDS: Mapping[str, ValueWords] = {
    "problem": value_words.NO_ANSWER,
    "via": value_words.REACHED_VIA,
    "answers": {
        False: Text(fr="le site ne répond pas", en="the site does not answer"),
    },
    "published": {
        False: Text(
            fr="aucun port de la machine ne mène au site", en="no port of the machine leads to the site"
        ),
        None: Text(
            fr="on ne sait pas si le site est publié : il ne répond pas",
            en="whether the site is published is not known: it does not answer",
        ),
    },
    "state": {
        "installed": Text(fr="installé", en="installed"),
        "not-installed": Text(fr="pas encore installé", en="not installed yet"),
        "not-configured": Text(fr="pas configuré", en="not configured"),
        "no-database": Text(fr="sans base de données", en="without its database"),
        "other": Text(fr="autre chose que WordPress", en="something other than WordPress"),
        None: Text(fr="inconnu, faute de réponse", en="not known, for lack of an answer"),
    },
}


class Wordpress(Probe, frozen=True, kw_only=True, tag="wordpress"):
    """
    Ask the WordPress in *container* for `/`, and look at the container *database*.

    No other page is asked for: that of the installation asks wordpress.org, and takes 20 s where nobody
    answers. The database is not knocked at: it counts what is begun and not ended.
    """

    container: ContainerName
    port: Port = 80
    """Where it is promised on the machine."""
    database: ContainerName = "db"

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.SERVICE
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur de WordPress n'a été trouvé", en="no WordPress container was found"
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = each_container(repository="wordpress")
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "state": DraftedFact(
            {"installed": Text(fr="sert un WordPress installé", en="serves an installed WordPress")}
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {"container": "wordpress"}

    def observe(self, engine: Engine) -> Observation:
        """Ask, then look at both containers."""
        try:
            subject = find_container(engine, self.container)
            inspected = engine.inspect_container(subject.id)
            service = HttpService(
                image=None, path="/", usual_ports=(self.port, 80), is_own_answer=lambda _answer: True
            )
            reply = reach_service(engine, self.container, service)
            facts = build_facts(engine, inspected, reply, inspect_if_there(engine, self.database))
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("wordpress", trouble)
        return Seen(kind="wordpress", facts=msgspec.to_builtins(facts), age_s=reply.age_s)


def inspect_if_there(engine: Engine, name: str) -> Json | None:
    """Inspect the container called *name*; None where there is none."""
    try:
        return engine.inspect_container(find_container(engine, name).id)
    except NotThere:
        return None


def build_facts(
    engine: Engine, inspected: Json, reply: ServiceReply[ReachedService], database: Json | None
) -> Facts:
    """Put the answer and both containers into facts."""
    host = find_database_host(inspected)
    answer = reply.answer.first_answer if reply.answer else None
    return Facts(
        answers=answer is not None,
        problem=reply.problem,
        via=reply.via,
        published=is_published(inspected, reply.answer) if reply.answer else None,
        status_code=answer.status if answer else None,
        state=recognize_state(answer) if answer else None,
        copying=answer is None and is_copying(engine, inspected),
        database_host=show_name(host),
        looks_in_itself=is_loopback_host(host) and has_own_loopback(inspected),
        host_known=is_reachable_name(host, database, inspected) if database else None,
        shares_network=share_network(database, inspected) if database else None,
        database_runs=is_running(database) if database else None,
        same_account=has_same_account(inspected, database) if database else None,
        denied=has_refused_login(engine, database) if database else False,
    )


def is_published(inspected: Json, reached: ReachedService) -> bool:
    """Return whether a port of the machine leads to where it answers, or its network is the machine's."""
    on_machine = str((inspected.get("HostConfig") or {}).get("NetworkMode") or "") == "host"
    return on_machine or reached.port in {port.inner for port in list_published_ports(inspected)}


def recognize_state(answer: HttpAnswer) -> SiteState:
    """Tell from the answer to `/` how far the site is."""
    location, link = answer.headers.get("location", ""), answer.headers.get("link", "")
    if INSTALL_PATH in location:
        return "not-installed"
    if SETUP_PATH in location:
        return "not-configured"
    if any(words in answer.body for words in NO_DATABASE):
        return "no-database"
    is_own = answer.headers.get("x-redirect-by", "") == "WordPress" or "api.w.org" in link
    is_page = answer.status < HTTPStatus.BAD_REQUEST and any(sign in answer.body for sign in PAGE_SIGNS)
    return "installed" if is_own or is_page else "other"


def find_database_host(inspected: Json) -> str:
    """Return the name at which the image looks for the database, without port or socket."""
    host = read_variables(inspected).get(HOST_VARIABLE) or HOST_WITHOUT_VARIABLE
    return host.partition(":")[0]


def read_variables(inspected: Json) -> dict[str, str]:
    """Return a container's variables."""
    lines = (inspected.get("Config") or {}).get("Env") or []
    return dict(str(line).partition("=")[::2] for line in lines)


def has_same_account(inspected: Json, database: Json) -> bool | None:
    """Return whether WordPress was given the account that the database was told to make, or root's."""
    site, server = read_variables(inspected), read_variables(database)
    account = [site.get(f"WORDPRESS_DB_{part}") for part in ("USER", "PASSWORD", "NAME")]
    user, password, name = (
        server.get(f"MARIADB_{part}") or server.get(f"MYSQL_{part}")
        for part in ("USER", "PASSWORD", "DATABASE")
    )
    if account[0] == "root":
        user, password = "root", server.get("MARIADB_ROOT_PASSWORD") or server.get("MYSQL_ROOT_PASSWORD")
    made = [user, password, name]
    return None if None in account or None in made else account == made


def is_copying(engine: Engine, inspected: Json) -> bool:
    """Return whether the image's entrypoint has begun to copy the site, and has not ended."""
    if not is_running(inspected):
        return False
    log = read_log(engine, inspected)
    return log.rfind(COPYING) > log.rfind(COPIED)


def has_refused_login(engine: Engine, database: Json) -> bool:
    """Return whether the database's log tells of an account that was refused from elsewhere."""
    return any(
        match[1] not in OWN_HOSTS for match in REFUSED_LOGIN_PATTERN.finditer(read_log(engine, database))
    )


def read_log(engine: Engine, inspected: Json) -> str:
    """Return the last lines of a container's log."""
    tty = bool((inspected.get("Config") or {}).get("Tty"))
    return engine.read_log_tail(str(inspected.get("Id") or ""), tty=tty)
