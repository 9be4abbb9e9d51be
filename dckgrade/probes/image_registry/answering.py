"""Ask a container for its registry, in clear or over TLS: by its addresses alone, and without any account."""

from http import HTTPStatus
from typing import Literal, NoReturn

from msgspec import Struct

from dckgrade.engine.answers import Address, HttpAnswer, Json, NoAnswer, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.service import (
    ServiceReply,
    ask_ports,
    get_network_mode,
    inspect_network_owner,
)
from dckgrade.probes.support.service_settings import list_configured_ports, order_ports, read_settings
from dckgrade.report.observation import UnobservableReason

API_PATH = "/v2/"
"""https://distribution.github.io/distribution/spec/api/#api-version-check."""
VERSION_HEADER, VERSION = "docker-distribution-api-version", "registry/2.0"
WANTS_TLS = b"HTTP request to an HTTPS server"
"""Go's answer to who asks a server with TLS in clear: https://pkg.go.dev/net/http#Server."""
USUAL_PORT, PORT_SETTING = 5000, "REGISTRY_HTTP_ADDR"

Scheme = Literal["http", "https"]
Auth = Literal["none", "basic", "bearer", "other"]


class RegistryAnswer(Struct, frozen=True, kw_only=True):
    """What answers to `/v2/`, and how."""

    scheme: Scheme
    http: HttpAnswer
    address: Address
    at_published_port: bool
    certificate: bytes = b""
    """As DER, not verified."""

    @property
    def is_registry(self) -> bool:
        """Whether it says that it is one."""
        return self.http.headers.get(VERSION_HEADER, "").strip() == VERSION

    @property
    def auth(self) -> Auth | None:
        """What it asks for; None where it neither lets in nor asks."""
        if self.http.status == HTTPStatus.OK:
            return "none"
        if self.http.status != HTTPStatus.UNAUTHORIZED:
            return None
        scheme = self.http.headers.get("www-authenticate", "").partition(" ")[0].casefold()
        return "basic" if scheme == "basic" else "bearer" if scheme == "bearer" else "other"


def ask_registry(engine: Engine, inspected: Json, host: str | None) -> ServiceReply[RegistryAnswer]:
    """
    Ask each port that may be its own, the published ones first; raises `NotThere`, `OutOfReach`.

    *host* is what images call it by: it is told to who answers, and neither looked up nor asked.
    """
    owner = inspect_network_owner(engine, inspected)
    configured = list_configured_ports(read_settings(inspected), [PORT_SETTING])
    ports = order_ports(owner, configured, [USUAL_PORT], None)
    has_machines_ports = get_network_mode(owner) == "host"

    def ask(_port: int, address: Address) -> RegistryAnswer:
        return ask_address(
            engine, address, host, is_published=address.via == "published" or has_machines_ports
        )

    return ask_ports(engine, inspected, ports, ask, refuse_inside)


def refuse_inside(port: int) -> NoReturn:
    """Ask nothing by commands inside: neither curl nor wget tells of a certificate."""
    raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, str(port))


def ask_address(engine: Engine, address: Address, host: str | None, *, is_published: bool) -> RegistryAnswer:
    """Ask in clear, then over TLS; raises `NoAnswer`."""
    plain: HttpAnswer | None = None
    failure: NoAnswer | None = None
    try:
        plain = engine.request_http(address, API_PATH)
    except NoAnswer as trouble:
        if trouble.reason not in {"garbled", "reset"}:
            raise
        failure = trouble
    clear = plain and RegistryAnswer(
        scheme="http", http=plain, address=address, at_published_port=is_published
    )
    if clear and clear.http.status != HTTPStatus.BAD_REQUEST:
        return clear
    try:
        secured = engine.request_https(address, host, API_PATH)
    except NoAnswer as trouble:
        if clear and WANTS_TLS in clear.http.body:
            # It does speak TLS: not with who shows no certificate, as where it knows its clients by theirs.
            raise OutOfReach(UnobservableReason.UNREADABLE, f"TLS: {trouble.reason}") from None
        if clear:
            return clear
        raise failure or NoAnswer("garbled") from None
    return RegistryAnswer(
        scheme="https",
        http=secured.http,
        address=address,
        at_published_port=is_published,
        certificate=secured.certificate,
    )
