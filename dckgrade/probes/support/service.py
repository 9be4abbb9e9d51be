"""Find where the program of a container answers, and ask it: by its addresses, else by a command inside."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from importlib import import_module
from typing import Annotated, Generic, Literal, TypeVar

from msgspec import Meta, Struct

from dckgrade.engine.answers import (
    Address,
    HttpAnswer,
    Json,
    Login,
    NoAnswer,
    NoAnswerReason,
    NotThere,
    OutOfReach,
    ReachedVia,
)
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support import service_settings
from dckgrade.probes.support.account import ServiceAccess, find_account, is_locked
from dckgrade.probes.support.http_json import HttpRequester, ReachedService
from dckgrade.probes.support.lookup import find_container, get_repository_name, uptime_s
from dckgrade.report.observation import UnobservableReason

Port = Annotated[int, Meta(ge=1, le=65535)]
MachinePort = Annotated[int, Meta(ge=1, le=65535), "of the machine"]
"""One of the machine itself, which one container only can publish."""

ServiceProblem = Literal["not-running", "no-address"] | NoAnswerReason
"""Why there is no answer; see `engine.protocol` for those that an address gives."""

MAX_PORTS, MAX_PORTS_INSIDE, MAX_LEARNT_ROOTS = 8, 4, 4
"""A port that is silent costs three seconds; a command inside, a fraction of one."""
OTHER_ROOT_STATUSES = {
    HTTPStatus.NOT_FOUND,
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
}
TLS_ONLY_WORDS = b"HTTP request to an HTTPS server"
"""Go's net/http says so with status 400."""

T = TypeVar("T")


class ServiceReply(Struct, Generic[T], frozen=True, kw_only=True):
    """The answer and how it was reached, or the problem."""

    answer: T | None = None
    problem: ServiceProblem | None = None
    via: ReachedVia | None = None
    age_s: float | None = None


class HttpService(Struct, frozen=True, kw_only=True):
    """A program that answers over HTTP: where it may be, and how it is known."""

    image: str | None
    """The repository of its image, by which its container is found failing the name."""
    path: str
    """What is asked first, below its root."""
    usual_ports: tuple[int, ...]
    """The one that the sheet promises on the machine, then others that the program may take by itself."""
    is_own_answer: Callable[[HttpAnswer], bool]
    """
    Whether an answer to *path* is this program's, by headers and body.

    Its own 401, 403 and 503 are; a 404 is not, since that is another root's.
    """
    belongs_to: Callable[[ReachedService, Json], bool] = lambda _service, _inspected: True
    """Whether what answers is of this inspected container, where the program tells of itself."""
    port_settings: tuple[str, ...] = ()
    """The variables and options (without dashes) that set its port."""
    root_settings: tuple[str, ...] = ()
    """Those that set the prefix of its paths; () where it has none, and none is looked for."""
    allowed_ports: range | None = None
    """Where its other ports take HTTP for something else, and a question would leave traces: these alone."""
    account: str = ""
    """The service whose inputs (`…-user`, `…-password`) give an account; '' where none is ever sent."""
    may_be_inside: bool = False
    """Whether it is no mistake that it answers within its own container alone."""


class DoubtfulAnswer(NoAnswer):
    """Something answered HTTP, and was neither proven to be the program nor to be another one."""

    def __init__(self, detail: str) -> None:
        super().__init__("garbled")
        self.detail = detail


def reach_service(engine: Engine, container: str, service: HttpService) -> ServiceReply[ReachedService]:
    """
    Reach *service* in *container*, failing that in one that runs its image; raises `NotThere`, `OutOfReach`.

    Published ports come first, that of the sheet before all; then ports that the container's settings,
    its image or the program's habits tell. A prefix of paths is learnt from settings, redirects and bodies.
    Another program is a garbled answer; one that wants an account is reached: see `ReachedService.access`.
    """
    ref, state = find_id_and_state(engine, container, service.image)
    if state != "running":
        return ServiceReply(problem="not-running")
    inspected = engine.inspect_container(ref)
    settings = service_settings.read_settings(inspected)
    roots = list(
        dict.fromkeys([*service_settings.list_configured_roots(settings, service.root_settings), ""])
    )
    owner = inspect_network_owner(engine, inspected)
    ports = service_settings.order_ports(
        owner,
        service_settings.list_configured_ports(settings, service.port_settings),
        # On the machine's network, others' programs answer at the ports that this one only might have.
        service.usual_ports[:1] if get_network_mode(owner) == "host" else service.usual_ports,
        service.allowed_ports,
    )

    def from_here(port: int, address: Address) -> ReachedService:
        return require_own(service, inspected, lambda: open_at(engine, service, roots, port, address))

    def inside(port: int) -> ReachedService:
        return require_own(service, inspected, lambda: open_inside(engine, service, roots, port, ref))

    return ask_ports(engine, inspected, ports, from_here, inside, may_be_inside=service.may_be_inside)


def open_at(
    engine: Engine, service: HttpService, roots: Sequence[str], port: int, address: Address
) -> ReachedService:
    """Find the service's root at *address*, and try the user's account once where one is asked for."""
    login: Login | None = None

    def ask(path: str) -> HttpAnswer:
        return engine.request_http(address, path, login)

    root, first = find_root(service, ask, roots)
    access: ServiceAccess = "open"
    if service.account and is_locked(first):
        login = find_account(engine, service.account)
        access = "wanted"
        if login:
            # What is locked at every path tells where its root is only now.
            root, first = find_root(service, ask, roots)
            access = "refused" if is_locked(first) else "granted"
    return ReachedService(ask_below(ask, root), first, access=access, port=port, root=root, address=address)


def open_inside(
    engine: Engine, service: HttpService, roots: Sequence[str], port: int, ref: str
) -> ReachedService:
    """Find its root by commands inside the container; others see their arguments: no account is sent."""

    def ask(path: str) -> HttpAnswer:
        return engine.request_http_inside(ref, port, path)

    root, first = find_root(service, ask, roots)
    access: ServiceAccess = "wanted" if service.account and is_locked(first) else "open"
    return ReachedService(ask_below(ask, root), first, access=access, port=port, root=root)


def find_root(service: HttpService, ask: HttpRequester, roots: Sequence[str]) -> tuple[str, HttpAnswer]:
    """
    Return the prefix below which *service* answers, and its answer.

    Tries *roots*, then what other answers and the start page speak of; raises `NoAnswer`.
    """
    others: list[HttpAnswer] = []
    for root in roots:
        answer = ask(root + service.path)
        if service.is_own_answer(answer):
            return root, answer
        others.append(answer)
    if any(TLS_ONLY_WORDS in answer.body for answer in others):
        raise DoubtfulAnswer("it answers to HTTPS only")
    if not service.root_settings or not any(answer.status in OTHER_ROOT_STATUSES for answer in others):
        raise NoAnswer("garbled")
    if service.path != "/":
        others.append(ask("/"))
    learnt = [root for answer in others for root in service_settings.learn_roots(answer, service.path)]
    for root in [root for root in dict.fromkeys(learnt) if root not in roots][:MAX_LEARNT_ROOTS]:
        answer = ask(root + service.path)
        if service.is_own_answer(answer):
            return root, answer
    raise DoubtfulAnswer(f"HTTP {others[0].status} for {service.path}")


def ask_below(ask: HttpRequester, root: str) -> HttpRequester:
    """Return what asks for paths below *root*."""
    return lambda path: ask(root + path)


def require_own(service: HttpService, inspected: Json, reach: Callable[[], ReachedService]) -> ReachedService:
    """Return what *reach* reaches if it is of this container; doubt is only about containers of its image."""
    try:
        reached = reach()
    except DoubtfulAnswer:
        image = str((inspected.get("Config") or {}).get("Image") or "")
        if service.image and service.image in get_repository_name(image):
            raise
        raise NoAnswer("garbled") from None
    if not service.belongs_to(reached, inspected):
        raise NoAnswer("garbled")
    return reached


def ask_ports(
    engine: Engine,
    inspected: Json,
    ports: Sequence[int],
    question: Callable[[int, Address], T],
    inside: Callable[[int], T],
    *,
    may_be_inside: bool = False,
) -> ServiceReply[T]:
    """
    Put *question* to each port in turn, at each of its addresses, until one serves.

    Where none does, the problem is that of the first port. *inside* is asked when no address is reached
    from here (a VM's or a user's own network: Docker Desktop, rootless, ssh), or *may_be_inside* alone.
    """
    age_s = uptime_s(inspected, engine.now())
    failures: dict[int, NoAnswer] = {}
    doors, unreachable = list_doors(engine, inspected, ports[:MAX_PORTS])
    for port, address in doors:
        try:
            return ServiceReply(answer=question(port, address), via=address.via, age_s=age_s)
        except NoAnswer as failure:
            failures[port] = failure
        except OutOfReach as trouble:
            if trouble.why is not UnobservableReason.ADDRESS_OUT_OF_REACH:
                raise
            unreachable = trouble
    if may_be_inside or (unreachable and not failures):
        try:
            return ask_inside(ports, inside, age_s)
        except NoAnswer as failure:
            if not failures:
                return ServiceReply(problem=failure.reason, via="inside", age_s=age_s)
        except (NotThere, OutOfReach):
            if not failures and unreachable:
                raise unreachable from None
    return describe_failure(failures, age_s)


def list_doors(
    engine: Engine, inspected: Json, ports: Sequence[int]
) -> tuple[list[tuple[int, Address]], OutOfReach | None]:
    """Return the addresses of each port that are reached from here, and why one's are not."""
    doors: list[tuple[int, Address]] = []
    unreachable: OutOfReach | None = None
    for port in ports:
        try:
            doors += [(port, address) for address in engine.find_addresses(inspected, port)]
        except OutOfReach as trouble:
            if trouble.why is not UnobservableReason.ADDRESS_OUT_OF_REACH:
                raise
            unreachable = unreachable or trouble
    return doors, unreachable


def ask_inside(ports: Sequence[int], inside: Callable[[int], T], age_s: float | None) -> ServiceReply[T]:
    """Ask at each port inside the container; raises the failure of the first, `NotThere`, `OutOfReach`."""
    failures: list[NoAnswer] = []
    for port in ports[:MAX_PORTS_INSIDE]:
        try:
            return ServiceReply(answer=inside(port), via="inside", age_s=age_s)
        except NoAnswer as failure:
            failures.append(failure)
    raise next(iter(failures), NoAnswer("refused"))


def describe_failure(failures: Mapping[int, NoAnswer], age_s: float | None) -> ServiceReply[T]:
    """Return the problem of the first port; `OutOfReach` where it may be the program all the same."""
    if not failures:
        # A container without any address will not get one by itself: waiting cannot help.
        return ServiceReply(problem="no-address")
    failure = next(iter(failures.values()))
    if isinstance(failure, DoubtfulAnswer):
        raise OutOfReach(UnobservableReason.UNREADABLE, failure.detail)
    return ServiceReply(problem=failure.reason, age_s=age_s)


def ask_addresses(
    addresses: Sequence[Address], question: Callable[[Address], T], age_s: float | None
) -> ServiceReply[T]:
    """Try each address in turn; `OutOfReach` when none is reached at all."""
    problem: ServiceProblem | None = None
    unreachable: OutOfReach | None = None
    for address in addresses:
        try:
            return ServiceReply(answer=question(address), via=address.via, age_s=age_s)
        except NoAnswer as none:
            problem = none.reason
        except OutOfReach as trouble:
            if trouble.why is not UnobservableReason.ADDRESS_OUT_OF_REACH:
                raise
            unreachable = trouble
    if problem:
        return ServiceReply(problem=problem, age_s=age_s)
    if unreachable:
        raise unreachable
    return ServiceReply(problem="no-address")


def inspect_network_owner(engine: Engine, inspected: Json) -> Json:
    """
    Return the container whose ports and addresses it has: another's under `--network container:…`.

    Raises `OutOfReach` where that one is gone: the container itself is there, and nobody tells its ports.
    """
    mode = get_network_mode(inspected)
    lender = mode.removeprefix("container:")
    try:
        return engine.inspect_container(lender) if lender != mode else inspected
    except NotThere:
        raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, mode[:80]) from None


def get_network_mode(inspected: Json) -> str:
    """Return the network that it was started with: `bridge`, `host`, `container:…`, a network's name."""
    return str((inspected.get("HostConfig") or {}).get("NetworkMode") or "")


def find_id_and_state(engine: Engine, container: str, image: str | None = None) -> tuple[str, str]:
    """Return id and state of the container that is meant."""
    if container.startswith("@"):
        # `@seccomp`: the course leaves this container unnamed; the topic of that name chooses it by facts.
        topic = import_module(f"dckgrade.probes.{container[1:]}.candidate")
        listed = topic.choose_container(engine).candidate.listed
        return str(listed.get("Id") or ""), str(listed.get("State") or "")
    subject = find_container(engine, container, image)
    return subject.id, subject.state
