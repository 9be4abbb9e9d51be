"""A manager of a swarm with a service, fed with recorded answers; see `tests/answers/swarm-services`."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from dckgrade.engine.answers import Address, CommandResult, HttpAnswer, Json, Login, NoAnswer
from dckgrade.engine.resources import Resource
from tests.support.fake_engine import FakeEngine

ANSWERS = Path(__file__).parents[1] / "answers" / "swarm-services"
ENGINES = sorted(folder.name for folder in ANSWERS.iterdir() if folder.is_dir())
STATES = ("rolled-back", "gone-back", "paused", "pending")
PAGE = HttpAnswer(status=200, headers={}, body=b"<h1>Welcome to nginx!</h1>")


class RecordedSwarm(FakeEngine):
    """One look at such a manager, at the moment when it was recorded."""

    def __init__(self, engine: str = ENGINES[0], state: str = STATES[0]) -> None:
        super().__init__()
        self.folder = ANSWERS / engine
        self.services, self.tasks = self.load(f"services-{state}"), self.load(f"tasks-{state}")
        self.info, self.nodes = self.load("info"), self.load("nodes")
        self.networks = {
            path.stem.removeprefix("network-"): json.loads(path.read_bytes())
            for path in self.folder.glob("network-*.json")
        }
        self.task, self.stats = self.load("inspect-task"), self.load("stats-task")
        self.mounts: CommandResult | Exception = CommandResult(
            0, (self.folder / "mounts-task.txt").read_text(encoding="utf-8")
        )
        self.answer_inside: Callable[[int], HttpAnswer] = lambda _port: PAGE
        self.outside: HttpAnswer | Exception = NoAnswer("refused")
        self.clock = datetime.fromisoformat((self.folder / f"now-{state}.txt").read_text().strip())
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        self.ran: list[Sequence[str]] = []

    @property
    def spec(self) -> Any:
        """The service's specification, to be changed by a test."""
        return self.services[0]["Spec"]

    def load(self, name: str) -> Any:
        """Read one body."""
        return json.loads((self.folder / f"{name}.json").read_bytes())

    def read(self, resource: Resource[Any], *refs: str, **query: str) -> Any:
        self.asked.append((resource.name, {**resource.query, **query}))
        if resource.name in self.trouble:
            raise self.trouble[resource.name]
        whole = {"services": self.services, "tasks": self.tasks, "nodes": self.nodes, "info": self.info}
        if resource.name in whole:
            return whole[resource.name]
        own = str(self.task.get("Id"))
        single = {"network": self.networks, "container": {own: self.task}, "stats": {own: self.stats}}
        return self._answered(resource.name, single[resource.name], refs[0])

    def run_command(self, ref: str, argv: Sequence[str]) -> CommandResult:
        assert ref == self.task.get("Id")
        self.ran.append(argv)
        if isinstance(self.mounts, Exception):
            raise self.mounts
        return self.mounts

    def request_http_inside(self, ref: str, port: int, path: str) -> HttpAnswer:
        assert (ref, path) == (self.task.get("Id"), "/")
        return self.answer_inside(port)

    def find_addresses(self, inspected: Json, port: int) -> Sequence[Address]:
        bindings = inspected["NetworkSettings"]["Ports"][f"{port}/tcp"]
        return [Address("127.0.0.1", int(bindings[0]["HostPort"]), "published")]

    def request_http(self, address: Address, path: str, login: Login | None = None) -> HttpAnswer:  # noqa: ARG002
        if isinstance(self.outside, Exception):
            raise self.outside
        return self.outside
