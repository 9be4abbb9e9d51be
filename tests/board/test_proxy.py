"""A proxy in front that does the TLS: Debian's Caddy, with the lines that docs/en/board.md gives for it."""

import contextlib
import http.client
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dckgrade.board.database import get_sqlite_address
from dckgrade.classroom import board_client
from tests.board.test_pages import read_event
from tests.conftest import need
from tests.support.running_board import TIMEOUT_S, RunningBoard, run_board

PAGE = Path(__file__).parents[2] / "docs" / "en" / "board.md"


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def proxied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[RunningBoard, ssl.SSLContext]]:
    """Give a board behind Caddy, and what trusts Caddy's own authority."""
    program = shutil.which("caddy")
    if program is None:
        need("no caddy on PATH", what="proxy")
    url = f"https://localhost:{find_free_port()}"
    with run_board(get_sqlite_address(tmp_path / "b"), tmp_path, url=url) as running:
        told, *_ = re.findall(r"```caddyfile\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
        site = told.replace("board.example", url).replace("127.0.0.1:8000", f"127.0.0.1:{running.port}")
        # An authority of its own stands in for the public one, and nothing is installed.
        options = ("grace_period 1s", "admin off", "skip_install_trust", "auto_https disable_redirects")
        (tmp_path / "Caddyfile").write_text("\n".join(["{", *options, "local_certs", "}", site]))
        environ = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
        command = [str(program), "run", "--config", str(tmp_path / "Caddyfile")]
        with (
            (tmp_path / "log").open("wb") as log,
            subprocess.Popen(command, env=environ, stderr=log) as process,
        ):
            try:
                authority = tmp_path / "caddy" / "pki" / "authorities" / "local" / "root.crt"
                wait_for_proxy(url, tmp_path / "log")
                monkeypatch.setenv("SSL_CERT_FILE", str(authority))
                yield running, ssl.create_default_context()
            finally:
                process.terminate()


def wait_for_proxy(url: str, log: Path) -> None:
    """Wait until it listens, with a certificate."""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        with contextlib.suppress(OSError):
            ssl.get_server_certificate(("localhost", int(url.rpartition(":")[2])))
            return
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def test_behind_a_proxy_trainees_send_and_the_page_is_live(
    proxied: tuple[RunningBoard, ssl.SSLContext],
) -> None:
    running, trust = proxied
    assert running.code.fingerprint == ""
    ada = running.join("Ada")
    assert (ada.url.startswith("https://localhost:"), ada.fingerprint) == (True, "")
    running.send(ada, running.make_report(ada))
    board_client.set_hand(ada, "help")

    port = int(ada.url.rpartition(":")[2])
    connection = http.client.HTTPSConnection("localhost", port, context=trust, timeout=TIMEOUT_S)
    with contextlib.closing(connection):
        connection.request("GET", f"/enter?token={running.board.token}")
        entered = connection.getresponse()
        entered.read()
        cookie = entered.headers["Set-Cookie"]
        assert "Secure" in cookie
        connection.request("GET", "/classes/1/events", headers={"Cookie": cookie.split(";")[0]})
        events = connection.getresponse()
        # Not held back by the proxy.
        assert "event: changed" in read_event(events)
        running.send(ada, running.make_report(ada, "no-password"))
        assert "event: changed" in read_event(events)
