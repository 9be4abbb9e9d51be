"""Grafana's HTTP API with an account, which is tried once and never again after a refusal."""

from http import HTTPStatus
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from dckgrade.engine.answers import HttpAnswer, Json, Login, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.account import find_account
from dckgrade.probes.support.http_json import (
    HttpRequester,
    ReachedService,
    ServiceTimedOut,
    as_mapping,
    decode_json,
    iter_mappings,
    request_whole_answer,
)
from dckgrade.probes.support.service import (
    HttpService,
    ServiceReply,
    ask_below,
    find_id_and_state,
    reach_service,
)
from dckgrade.probes.support.service_settings import learn_roots
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import UnobservableReason
from dckgrade.report.text import Text

GRAFANA_IMAGE, ACCOUNT_PATH = "grafana", "/api/org"
MAX_DATA_SOURCES = 5

GrafanaAccess = Literal["granted", "refused", "not-tried"]
"""not-tried: its password is in a file of the container, and any other would be refused for certain."""
AccountOrigin = Literal["option", "variable", "default"]
"""Whose account it is: the user of dckgrade named it, the container's variables do, or the image's own."""
ACCOUNT_ORIGIN_WORDS: ValueWords = {
    "option": Text(fr="votre option", en="your option"),
    "variable": Text(fr="les variables du conteneur", en="the container's variables"),
    "default": Text(fr="compte par défaut", en="default account"),
    None: Text(fr="aucun", en="none"),
}


class GrafanaAccount(Struct, frozen=True):
    """Who is said to be known there. None: a password that cannot be known."""

    login: Login | None
    of: AccountOrigin


class OpenedGrafana(Struct, frozen=True, kw_only=True):
    """Grafana with or without the account's leave."""

    service: ReachedService
    access: GrafanaAccess | None
    """Null where it is not well, and nothing was tried."""
    account_of: AccountOrigin

    @property
    def ask(self) -> HttpRequester | None:
        """Return the way to ask, where the account is known."""
        return self.service.request if self.access == "granted" else None


class PrometheusSource(Struct, frozen=True):
    """A data source of the type Prometheus."""

    id: str
    uid: str
    name: str
    url: str
    is_default: bool


def is_grafana_answer(answer: HttpAnswer) -> bool:
    """Return whether Grafana says how it is; it does so without an account."""
    try:
        return "database" in as_mapping(decode_json(answer))
    except OutOfReach:
        return False


GRAFANA = HttpService(
    image=GRAFANA_IMAGE,
    path="/api/health",
    usual_ports=(3000,),
    is_own_answer=is_grafana_answer,
    port_settings=("GF_SERVER_HTTP_PORT", "cfg:server.http_port", "cfg:default.server.http_port"),
    root_settings=("GF_SERVER_ROOT_URL", "cfg:server.root_url", "cfg:default.server.root_url"),
)


def open_grafana(engine: Engine, container: str) -> ServiceReply[OpenedGrafana]:
    """Reach the Grafana in *container*, and try its account once."""
    answered = reach_service(engine, container, GRAFANA)
    inspected = engine.inspect_container(find_id_and_state(engine, container, GRAFANA_IMAGE)[0])
    account = choose_account(inspected, find_account(engine, GRAFANA_IMAGE))
    opened = log_in(engine, answered.answer, account) if answered.answer else None
    return ServiceReply(answer=opened, problem=answered.problem, via=answered.via, age_s=answered.age_s)


def log_in(engine: Engine, service: ReachedService, account: GrafanaAccount) -> OpenedGrafana:
    """Ask the question that everybody asks first: who is refused here asks nothing else."""
    address, login = service.address, account.login
    if service.first_answer.status != HTTPStatus.OK:
        return note_access(service, None, account)
    if login is None:
        return note_access(service, "not-tried", account)
    if address is None:
        # A command's arguments are seen by everybody on the machine: no password is among them.
        raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, "Grafana")

    def ask(path: str) -> HttpAnswer:
        return engine.request_http(address, path, login)

    # Older versions tell how they are at the machine's root too, and send on whatever else is asked there.
    first = request_whole_answer(ask, service.root + ACCOUNT_PATH)
    redirects = "location" in first.headers
    root = next(iter(learn_roots(first, ACCOUNT_PATH)), service.root) if redirects else service.root
    if root != service.root:
        first = request_whole_answer(ask, root + ACCOUNT_PATH)
    opened = replace(service, request=ask_below(ask, root), root=root)
    return note_access(opened, "refused" if first.status == HTTPStatus.UNAUTHORIZED else "granted", account)


def note_access(
    service: ReachedService, access: GrafanaAccess | None, account: GrafanaAccount
) -> OpenedGrafana:
    """Note how it went."""
    return OpenedGrafana(service=service, access=access, account_of=account.of)


def choose_account(inspected: Json, given: Login | None) -> GrafanaAccount:
    """Choose the account: the user's, the container's variables, or the one that the image comes with."""
    if given:
        return GrafanaAccount(given, "option")
    listed = (inspected.get("Config") or {}).get("Env") or []
    variables = dict(str(variable).partition("=")[::2] for variable in listed)
    if variables.get("GF_SECURITY_ADMIN_PASSWORD__FILE"):
        return GrafanaAccount(None, "variable")
    user, password = (variables.get(f"GF_SECURITY_ADMIN_{name}") for name in ("USER", "PASSWORD"))
    login = Login(user or "admin", password or "admin", guessed_for=str(inspected.get("Id") or ""))
    return GrafanaAccount(login, "variable" if user or password else "default")


def list_prometheus_sources(ask: HttpRequester) -> list[PrometheusSource]:
    """List the data sources of the type Prometheus, the default one first."""
    listed = [
        parse_data_source(entry)
        for entry in iter_mappings(fetch_json(ask, "/api/datasources"))
        if is_prometheus_source(entry)
    ]
    return sorted(listed, key=lambda source: not source.is_default)[:MAX_DATA_SOURCES]


def is_prometheus_source(entry: Json) -> bool:
    """Return whether it speaks as Prometheus does; clouds' own kinds of it have longer names."""
    kind = str(entry.get("type") or "")
    return kind == "prometheus" or kind.endswith("-prometheus-datasource")


def parse_data_source(entry: Json) -> PrometheusSource:
    """Read one."""
    return PrometheusSource(
        id=str(entry.get("id") or ""),
        uid=str(entry.get("uid") or ""),
        name=str(entry.get("name") or ""),
        url=str(entry.get("url") or ""),
        is_default=bool(entry.get("isDefault")),
    )


def fetch_json(ask: HttpRequester, path: str) -> Any:
    """Return the JSON of an answer that must be good."""
    answer = request_whole_answer(ask, path)
    if answer.status != HTTPStatus.OK:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"HTTP {answer.status} for {path.partition('?')[0]}")
    return decode_json(answer)


def query_data_source(ask: HttpRequester, source: PrometheusSource, path: str) -> Any:
    """Have Grafana ask its data source, before version 9 by its number: the JSON that comes back, or None."""
    references = [f"uid/{source.uid}", source.id] if source.uid else [source.id]
    for reference in references:
        try:
            answer = request_whole_answer(ask, f"/api/datasources/proxy/{reference}/{path}")
        except ServiceTimedOut:
            return None
        if answer.status != HTTPStatus.NOT_FOUND:
            return decode_json(answer) if answer.status == HTTPStatus.OK else None
    return None


def check_data_source_health(ask: HttpRequester, source: PrometheusSource) -> tuple[bool, str]:
    """Return whether Grafana itself finds it healthy, and in which words it does not."""
    if source.uid:
        try:
            answer = request_whole_answer(ask, f"/api/datasources/uid/{source.uid}/health")
        except ServiceTimedOut:
            # Grafana, which has just answered, is still waiting for the source.
            return False, "timeout"
        # 404 is what versions before 9 say; 400 is the answer of later ones to a source that is not healthy.
        if answer.status != HTTPStatus.NOT_FOUND:
            message = str(as_mapping(decode_json(answer)).get("message") or "")
            return answer.status == HTTPStatus.OK, message
    answers = query_data_source(ask, source, "api/v1/query?query=1%2B1") is not None
    return answers, "" if answers else "Bad Gateway"
