"""A container that runs Grafana → its API with an account: tried once, never again when it is refused."""

from http import HTTPStatus
from typing import Any, Literal

from msgspec import Struct

from dckgrade.engine.answers import Address, HttpAnswer, Json, Login, NoAnswer, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.http_json import (
    HttpRequester,
    ReachedService,
    ServiceTimedOut,
    as_mapping,
    decode_json,
    iter_mappings,
    request_whole_answer,
)
from dckgrade.probes.support.service import ServiceReply, ask_service, find_id_and_state
from dckgrade.report.observation import UnobservableReason

PORT, IMAGE = 3000, "grafana"
HEALTH = "/api/health"
SOURCES_AT_MOST = 5

Access = Literal["granted", "refused", "not-tried"]
"""not-tried: its password is in a file of the container, and any other would be refused for certain."""
AccountOf = Literal["option", "variable", "default"]
"""Whose account it is: the user of dckgrade named it, the container's variables do, or the image's own."""


class Account(Struct, frozen=True):
    """Who is said to be known there. None: a password that cannot be known."""

    login: Login | None
    of: AccountOf


class Opened(Struct, frozen=True, kw_only=True):
    """Grafana with or without the account's leave."""

    service: ReachedService
    access: Access | None
    """Null where it is not well, and nothing was tried."""
    account_of: AccountOf

    @property
    def ask(self) -> HttpRequester | None:
        """Give the way to ask, where the account is known."""
        return self.service.request if self.access == "granted" else None


class Source(Struct, frozen=True):
    """A data source of the type Prometheus."""

    id: str
    uid: str
    name: str
    url: str
    is_default: bool


def opened(engine: Engine, container: str) -> ServiceReply[Opened]:
    """Reach the Grafana in *container*, and try its account once."""
    account = known(engine.inspect_container(find_id_and_state(engine, container, IMAGE)[0]), engine.grafana)

    def from_here(address: Address) -> Opened:
        first = engine.request_http(address, HEALTH)
        if "database" not in as_mapping(told(first)):
            raise NoAnswer("garbled")
        if first.status != HTTPStatus.OK:
            return tried(
                ReachedService(lambda path: engine.request_http(address, path), first), None, account
            )
        if account.login is None:
            return tried(
                ReachedService(lambda path: engine.request_http(address, path), first), "not-tried", account
            )
        service = ReachedService(lambda path: engine.request_http(address, path, account.login), first)
        # The one question that everybody asks first: who is refused here asks nothing else.
        status = request_whole_answer(service.request, "/api/org").status
        return tried(service, "refused" if status == HTTPStatus.UNAUTHORIZED else "granted", account)

    def inside(_ref: str) -> Opened:
        # A command's arguments are seen by everybody on the machine: no password is among them.
        raise OutOfReach(UnobservableReason.NOT_TRIED, "Grafana")

    return ask_service(engine, container, PORT, from_here, inside, image=IMAGE)


def told(answer: HttpAnswer) -> Any:
    """Read what says of itself how it is; another program at that port says something else."""
    try:
        return decode_json(answer)
    except OutOfReach:
        return None


def tried(service: ReachedService, access: Access | None, account: Account) -> Opened:
    """Note how it went."""
    return Opened(service=service, access=access, account_of=account.of)


def known(inspected: Json, given: Login | None) -> Account:
    """Choose the account: the user's, the container's variables, or the one that the image comes with."""
    if given:
        return Account(given, "option")
    listed = (inspected.get("Config") or {}).get("Env") or []
    variables = dict(str(one).partition("=")[::2] for one in listed)
    if variables.get("GF_SECURITY_ADMIN_PASSWORD__FILE"):
        return Account(None, "variable")
    user, password = (variables.get(f"GF_SECURITY_ADMIN_{name}") for name in ("USER", "PASSWORD"))
    login = Login(user or "admin", password or "admin", guessed_for=str(inspected.get("Id") or ""))
    return Account(login, "variable" if user or password else "default")


def sources(ask: HttpRequester) -> list[Source]:
    """List the data sources of the type Prometheus, the default one first."""
    listed = [source(one) for one in iter_mappings(fetched(ask, "/api/datasources")) if is_prometheus(one)]
    return sorted(listed, key=lambda one: not one.is_default)[:SOURCES_AT_MOST]


def is_prometheus(one: Json) -> bool:
    """Say whether it speaks as Prometheus does; clouds' own kinds of it have longer names."""
    kind = str(one.get("type") or "")
    return kind == "prometheus" or kind.endswith("-prometheus-datasource")


def source(one: Json) -> Source:
    """Read one."""
    return Source(
        id=str(one.get("id") or ""),
        uid=str(one.get("uid") or ""),
        name=str(one.get("name") or ""),
        url=str(one.get("url") or ""),
        is_default=bool(one.get("isDefault")),
    )


def fetched(ask: HttpRequester, path: str) -> Any:
    """Give the JSON of an answer that must be good."""
    answer = request_whole_answer(ask, path)
    if answer.status != HTTPStatus.OK:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"HTTP {answer.status} for {path.partition('?')[0]}")
    return decode_json(answer)


def through(ask: HttpRequester, one: Source, path: str) -> Any:
    """Have Grafana ask its data source, before version 9 by its number: the JSON that comes back, or None."""
    ways = [f"uid/{one.uid}", one.id] if one.uid else [one.id]
    for way in ways:
        try:
            answer = request_whole_answer(ask, f"/api/datasources/proxy/{way}/{path}")
        except ServiceTimedOut:
            return None
        if answer.status != HTTPStatus.NOT_FOUND:
            return decode_json(answer) if answer.status == HTTPStatus.OK else None
    return None


def health(ask: HttpRequester, one: Source) -> tuple[bool, str]:
    """Tell whether Grafana itself finds it healthy, and in which words it does not."""
    if one.uid:
        try:
            answer = request_whole_answer(ask, f"/api/datasources/uid/{one.uid}/health")
        except ServiceTimedOut:
            # Grafana, which has just answered, is still waiting for the source.
            return False, "timeout"
        # 404 is what versions before 9 say; 400 is the answer of later ones to a source that is not healthy.
        if answer.status != HTTPStatus.NOT_FOUND:
            message = str(as_mapping(decode_json(answer)).get("message") or "")
            return answer.status == HTTPStatus.OK, message
    answers = through(ask, one, "api/v1/query?query=1%2B1") is not None
    return answers, "" if answers else "Bad Gateway"
