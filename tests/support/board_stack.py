"""The stack of `dckgrade board --stack` on three engines of our own, behind Debian's Caddy."""

import contextlib
import http.client
import json
import os
import re
import secrets
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from dckgrade.board.sessions import COOKIE, Sessions
from dckgrade.classroom import board_client
from dckgrade.classroom.membership import JoinCode, Membership
from dckgrade.prove.case import CaseKind, read_case
from dckgrade.prove.engines.cluster import PrivateCluster, get_machine_address
from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.prove.live import run_case_script
from images import build
from tests.support.cli_runner import dckgrade
from tests.support.tool_image import build_tool_image

ROOT = Path(__file__).parents[2]
IMAGE = "dckgrade-board"
STACK = "class"
PROXY_URL = "http://127.0.0.1:8080"
TIMEOUT_S = 150.0


class BoardStack:
    """A stack that was deployed, its machines, and what tests ask of both."""

    def __init__(self, cluster: PrivateCluster, folder: Path) -> None:
        self.cluster, self.folder = cluster, folder
        self.manager = cluster.engines[0]
        self.machines = list(range(len(cluster.engines)))
        """Those that are there, by their place."""
        self.tag = 0

    def prepare(self) -> None:
        """Make the swarm, and put on it what the stack file asks for."""
        for place, engine in enumerate(self.cluster.engines):
            # What a stack file cannot say; an engine that restarts has lost its cable.
            assert engine.restart(b'{"no-new-privileges": true}')
            self.cluster._switch.plug(engine, place)
        run_case_script(
            read_case("tp1", ROOT / "fixtures" / "tp1" / "solution", CaseKind.SOLUTION), self.cluster
        )
        run_docker(self.manager.host, "node", "update", "--label-add", "dckgrade-database=yes", "manager")
        secret = self.folder / "secret"
        secret.write_text(secrets.token_hex(32) + "\n")
        run_docker(self.manager.host, "secret", "create", "dckgrade-database-password", str(secret))
        build.load(self.manager.host, ["postgres:18"])
        build_tool_image(self.manager, self.folder, IMAGE, "board")
        archive = self.folder / "board.tar"
        run_docker(self.manager.host, "save", "--output", str(archive), IMAGE)
        for engine in self.cluster.engines[1:]:
            engine.load(archive)

    def tag_image(self, image: str) -> str:
        """Give an image another name on each machine, as if it had been pushed; returns it."""
        self.tag += 1
        name = f"{IMAGE}:{self.tag}"
        for place in self.machines:
            run_docker(self.cluster.engines[place].host, "tag", image, name)
        return name

    def deploy(self, image: str) -> None:
        """Deploy the stack file as it is printed, with that image for the board."""
        file = self.folder / "stack.yaml"
        file.write_bytes(dckgrade("board", "--stack").stdout)
        environ = os.environ | {
            "DCKGRADE_IMAGE": image,
            "DCKGRADE_URL": PROXY_URL,
            "DCKGRADE_PROXY": get_machine_address(0),
            "DCKGRADE_LANG": "en",
        }
        # There is no registry to ask which image a name means.
        words = ["stack", "deploy", "--resolve-image", "never", "--compose-file", str(file), STACK]
        argv = ["docker", "--host", self.manager.host, *words]
        subprocess.run(argv, env=environ, check=True, stdout=subprocess.DEVNULL)

    @contextlib.contextmanager
    def run_proxy(self) -> Iterator[None]:
        """Run Caddy on the manager's machine, with the lines that the documentation gives for it."""
        page = (ROOT / "docs" / "en" / "board.md").read_text()
        told = re.findall(r"```caddyfile\n(.*?)```", page, re.DOTALL)[-1]
        for place in self.machines:
            told = told.replace(f"192.0.2.{11 + place}", get_machine_address(place))
        file = self.folder / "Caddyfile"
        file.write_text("{\n admin off\n}\n" + told.replace("board.example", PROXY_URL))
        environ = {"HOME": str(self.folder), "PATH": "/usr/bin:/bin"}
        command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(file)]
        with self.manager.enter_network(), (self.folder / "proxy.log").open("wb") as log:
            process = subprocess.Popen(command, env=environ, stderr=log)
        with process:
            try:
                yield
            finally:
                process.terminate()

    def inspect_service(self, name: str) -> dict[str, Any]:
        """Return what the manager knows of a service."""
        told = run_docker(self.manager.host, "service", "inspect", f"{STACK}_{name}")
        return dict(json.loads(told)[0])

    def count_running(self, name: str) -> int:
        """Return how many tasks of a service run that should; those of a machine that is gone should not."""
        words = ("service", "ps", "--filter", "desired-state=running", "--format", "{{.CurrentState}}")
        states = run_docker(self.manager.host, *words, f"{STACK}_{name}").splitlines()
        return sum(state.startswith("Running") for state in states)

    def find_database(self) -> str:
        """Return the container of the database that runs."""
        words = ("ps", "--quiet", "--filter", f"label=com.docker.swarm.service.name={STACK}_database")
        return run_docker(self.manager.host, *words).strip()

    def query(self, statement: str) -> list[str]:
        """Ask the database; returns the first column."""
        words = ("psql", "-U", "dckgrade", "-tAc", statement)
        return run_docker(self.manager.host, "exec", self.find_database(), *words).split()

    def join(self, name: str) -> Membership:
        """Join through the proxy."""
        (code, *_) = self.query("SELECT code FROM classes ORDER BY id")
        with self.manager.enter_network():
            return board_client.join_board(PROXY_URL, JoinCode(code, ""), name)

    @cached_property
    def cookie(self) -> str:
        """Return what the trainer's browser has."""
        (token,) = self.query("SELECT value FROM settings WHERE name = 'token'")
        return Sessions(token, is_behind_tls=False).cookie

    def ask(self, place: int, path: str) -> tuple[int, str]:
        """Ask the board of one machine, as the proxy does for the trainer; 0: nothing answers."""
        headers = {"Host": "127.0.0.1", "Cookie": f"{COOKIE}={self.cookie}"}
        with self.manager.enter_network():
            connection = http.client.HTTPConnection(get_machine_address(place), 8000, timeout=5)
            try:
                connection.request("GET", path, headers=headers)
                response = connection.getresponse()
                return response.status, response.read().decode()
            except (OSError, http.client.HTTPException):
                return 0, ""
            finally:
                connection.close()

    def describe(self) -> str:
        """Return what the tasks and the boards say, for who has to find out."""
        told = []
        for words in (
            ("stack", "ps", "--no-trunc", STACK),
            *(("service", "logs", "--tail", "30", f"{STACK}_{name}") for name in ("board", "database")),
        ):
            argv = ["docker", "--host", self.manager.host, *words]
            # Of a machine that is gone the logs never come.
            with contextlib.suppress(subprocess.TimeoutExpired):
                done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
                told.append(done.stdout + done.stderr)
        return "\n".join(told)

    def wait_until(self, holds: Callable[[], Any], what: str) -> None:
        """Wait until something holds; fails when that takes far too long."""
        deadline = time.monotonic() + TIMEOUT_S
        while not holds():
            assert time.monotonic() < deadline, f"{what}\n{self.describe()}"
            time.sleep(0.3)

    def wait_until_it_serves(self) -> None:
        """Wait until the database and a board on each machine that is there answer."""
        wanted = len(self.machines)
        self.wait_until(lambda: self.count_running("database") == 1, "no database")
        self.wait_until(lambda: self.count_running("board") == wanted, f"not {wanted} boards")
        for place in self.machines:
            self.wait_until(lambda place=place: self.ask(place, "/readyz")[0] == 200, f"board {place}")  # type: ignore[misc]


@contextlib.contextmanager
def run_board_stack() -> Iterator[BoardStack]:
    """Deploy the stack on a swarm of three engines, until this ends."""
    with tempfile.TemporaryDirectory() as folder, PrivateCluster(3) as cluster:
        stack = BoardStack(cluster, Path(folder))
        stack.prepare()
        with stack.run_proxy():
            stack.deploy(stack.tag_image(IMAGE))
            stack.wait_until_it_serves()
            yield stack
