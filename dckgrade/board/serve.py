"""Serve the board: the page and everything on loopback, and what trainees send by TLS where they reach it."""

import asyncio
import contextlib
import re
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from dckgrade.board.api import TraineeApi
from dckgrade.board.board import Board
from dckgrade.board.certificate import Certificate, load_certificate
from dckgrade.board.health import HealthRoutes
from dckgrade.board.logs import LOG_SETTINGS
from dckgrade.board.pages import BoardPages, PublicAddress
from dckgrade.classroom.membership import LOOPBACK_HOSTS, parse_board_url, shorten_fingerprint
from dckgrade.classroom.people import Roster
from dckgrade.i18n import N_, UserError

IDLE_TIMEOUT_S = 10.0
"""Seconds after which a connection is cut that has not sent a whole request's head."""
MAX_CONNECTIONS = 4000
SHUTDOWN_TIMEOUT_S = 5
DEFAULT_PORT, DEFAULT_TLS_PORT, MAX_PORT = 8000, 8443, 65535
_ADDRESS_PATTERN = re.compile(
    r"(?P<alone>\d{1,5})|(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::(?P<port>\d{1,5}))?", re.ASCII
)


class PromptProtocol(H11Protocol):
    """Cuts connections that do not ask for anything: a slow client costs nobody else a place."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to count."""
        super().connection_made(transport)
        self.last_cycle: Any = None
        self.idle_timer = self.loop.call_later(IDLE_TIMEOUT_S, self.cut_if_idle)

    def cut_if_idle(self) -> None:
        """Cut a connection that has asked for nothing since the last look."""
        cycle: Any = self.cycle  # None before the first request
        is_answered = cycle is None or cycle.response_complete
        if is_answered and self.cycle is self.last_cycle:
            self.transport.abort()
            return
        self.last_cycle = self.cycle
        self.idle_timer = self.loop.call_later(IDLE_TIMEOUT_S, self.cut_if_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count no more."""
        self.idle_timer.cancel()
        super().connection_lost(exc)


class BoardServer(uvicorn.Server):
    """A server that leaves signals to whoever runs several of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class ListenAddress(NamedTuple):
    """Where to listen."""

    host: str
    port: int


def parse_address(text: str, default_port: int) -> ListenAddress:
    """Read `HOST:PORT`, `HOST` or `PORT`; raises `UserError`."""
    found = _ADDRESS_PATTERN.fullmatch(text)
    port = int(found["port"] or found["alone"] or default_port) if found else -1
    if not found or port > MAX_PORT:
        raise UserError(
            N_("{text} is no address to listen on."), N_("An example: {example}."),
            text=text, example="0.0.0.0:8443",
        )  # fmt: skip
    return ListenAddress((found["host"] or "127.0.0.1").strip("[]"), port)


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches *host*."""
    return host in LOOPBACK_HOSTS


class BoardSockets(NamedTuple):
    """What the board listens on, and how others reach it."""

    page: socket.socket
    trainees: socket.socket | None
    certificate: Certificate | None
    public: PublicAddress

    @classmethod
    def open(cls, page: str, listen: str | None, url: str | None, certificate_path: Path) -> "BoardSockets":
        """Listen; raises `UserError` where that cannot be."""
        page_at = parse_address(page, DEFAULT_PORT)
        if url:
            parse_board_url(url)
        if not is_loopback(page_at.host) and not url:
            raise UserError(
                N_("The page would travel unencrypted to {host}."),
                N_("Leave it on this machine, or name by --url the proxy in front that does the TLS."),
                host=page_at.host,
            )
        trainees_at = parse_address(listen, DEFAULT_TLS_PORT) if listen else None
        if trainees_at is None or is_loopback(trainees_at.host):
            opened = open_socket(trainees_at or page_at)
            return cls(opened, None, None, make_public_address(url, opened, None))
        certificate = load_certificate(certificate_path)
        opened, trainees = open_socket(page_at), open_socket(trainees_at)
        join_url = f"https://{socket.gethostname()}:{trainees.getsockname()[1]}"
        public = make_public_address(url, opened, (join_url, certificate))
        return cls(opened, trainees, certificate, public)


def make_public_address(
    url: str | None, page: socket.socket, by_tls: tuple[str, Certificate] | None
) -> PublicAddress:
    """Say how the board is reached: by a proxy at *url*, by its own TLS, or on this machine alone."""
    host, port = page.getsockname()[:2]
    own = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if url:
        address = parse_board_url(url)
        proxy = url.rstrip("/")
        return PublicAddress(
            join_url=proxy, page_url=proxy, page_host=address.host, is_behind_tls=address.is_tls
        )
    if by_tls:
        join_url, certificate = by_tls
        return PublicAddress(
            join_url=join_url, page_url=own, fingerprint=shorten_fingerprint(certificate.digest)
        )
    return PublicAddress(join_url=own, page_url=own)


def open_socket(address: ListenAddress) -> socket.socket:
    """Listen; raises `UserError` where that cannot be."""
    try:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        opened = socket.create_server(address, family=family, backlog=1024)
    except OSError as error:
        raise UserError(
            N_("Nothing can listen on {host}:{port}: {why}."),
            N_("Another program may listen there; name another port by --listen."),
            host=address.host, port=address.port, why=error.strerror or error,
        ) from None  # fmt: skip
    opened.setblocking(False)  # noqa: FBT003 - its only parameter
    return opened


def make_server(
    app: ASGIApp, certificate: Certificate | None = None, *, is_proxied: bool = False
) -> BoardServer:
    """Prepare a server; with *certificate* it speaks TLS; *is_proxied*: a proxy here says who asks."""
    return BoardServer(
        uvicorn.Config(
            app,
            http=PromptProtocol,
            ws="none",
            lifespan="off",
            log_config=LOG_SETTINGS,
            access_log=False,
            server_header=False,
            proxy_headers=is_proxied,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
            ssl_certfile=str(certificate.path) if certificate else None,
        )
    )


def make_trainer_app(board: Board, public: PublicAddress, roster: Roster) -> Starlette:
    """Put together what is served on loopback: all."""
    pages = BoardPages(board, public, roster)
    routes = [*HealthRoutes(board).routes, *TraineeApi(board).routes, *pages.routes]
    return Starlette(routes=routes, exception_handlers=pages.exception_handlers)


def make_trainee_app(board: Board) -> Starlette:
    """Put together what is served beyond loopback: what trainees' commands ask for, and no page."""
    return Starlette(routes=TraineeApi(board).routes)


async def serve_board(
    board: Board, roster: Roster, sockets: BoardSockets, when_ready: Callable[[], None]
) -> None:
    """Serve until SIGINT or SIGTERM; what was acknowledged is written."""
    servers = [
        (
            make_server(
                make_trainer_app(board, sockets.public, roster), is_proxied=bool(sockets.public.page_host)
            ),
            sockets.page,
        )
    ]
    if sockets.trainees:
        servers.append((make_server(make_trainee_app(board), sockets.certificate), sockets.trainees))
    loop = asyncio.get_running_loop()

    def end() -> None:
        board.live.end()
        for server, _ in servers:
            server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(RuntimeError, ValueError):  # tests serve in another thread
            loop.add_signal_handler(number, end)
    board.end = end
    with board.run_threads():
        live = asyncio.create_task(board.live.run())
        try:
            # The sockets listen already: whoever comes before the servers run has to wait, no more.
            when_ready()
            await asyncio.gather(*(server.serve(sockets=[opened]) for server, opened in servers))
        finally:
            live.cancel()
