"""Scenes of topic compose: the recorded solution of ch5, its file in the working folder, and its site."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from dckgrade.engine import log_frames
from dckgrade.engine.answers import HttpAnswer, NotThere
from dckgrade.engine.resources import Resource
from dckgrade.probes.compose.compose_file import ComposeFile
from dckgrade.probes.compose.compose_project import ComposeProject
from dckgrade.probes.compose.compose_service import ComposeService
from dckgrade.probes.compose.wordpress import Wordpress
from tests.support.fake_engine import FakeEngine, serving
from tests.support.scenes import Scene, SceneBuilder

COMPOSE_ANSWERS = Path(__file__).parents[2] / "answers" / "compose"
COMPOSE_VERSIONS = sorted(folder.name for folder in COMPOSE_ANSWERS.iterdir() if folder.is_dir())
SERVICES = ["db", "wordpress"]
HOME_PAGE = HttpAnswer(
    status=200,
    headers={"link": '<http://127.0.0.1/index.php?rest_route=/>; rel="https://api.w.org/"'},
    body=b"<!DOCTYPE html><title>TP</title>",
)


class EngineWithProject(FakeEngine):
    """An engine with the recorded containers of a Compose project called site."""

    def __init__(self, version: str = COMPOSE_VERSIONS[0]) -> None:
        super().__init__()
        self.folder = COMPOSE_ANSWERS / version
        self.listed = self.read_json("containers")
        names = {str(entry["Id"]): str(entry["Names"][0][1:]) for entry in self.listed}
        self.names = names
        self.inspected = {ref: self.read_json(f"inspect-{name}") for ref, name in names.items()}
        self.logs = {
            ref: log_frames.decode_log((self.folder / f"log-{name}.bin").read_bytes(), tty=False)
            for ref, name in names.items()
        }
        self.networks: list[Any] = self.read_json("networks")
        self.volumes, self.images = self.read_json("volumes"), self.read_json("images")
        self.stats: dict[str, Any] = self.read_json("stats")
        self.work_files = {
            name: (self.folder / name.lstrip(".")).read_bytes() for name in ("compose.yaml", ".env")
        }
        self.serves = serving(HOME_PAGE)
        told = self.read_json("engine")
        self.engine = replace(self.engine, version=told["version"])
        self.clock = datetime.fromisoformat(told["now"])

    def read_json(self, name: str) -> Any:
        """Read one answer."""
        return json.loads((self.folder / f"{name}.json").read_bytes())

    def read(self, resource: Resource[Any], *refs: str, **query: str) -> Any:
        if resource.name == "networks":
            return self._answered("networks", {"": self.networks}, "")
        if resource.name == "path-stat":
            return self._answered("path-stat", self.stats, f"{self.names.get(refs[0])}:{query['path']}")
        return super().read(resource, *refs, **query)

    def read_file(self, name: str) -> bytes:
        self.questions.append(f"file {name}")
        if name not in self.work_files:
            raise NotThere(name)
        return self.work_files[name]

    def edit(self, old: str, new: str) -> None:
        """Change the Compose file."""
        text = self.work_files["compose.yaml"].decode()
        assert old in text
        self.work_files["compose.yaml"] = text.replace(old, new).encode()

    def of(self, service: str) -> tuple[Any, Any]:
        """Give the list's entry of a service's container and its inspect answer, to be changed."""
        entry = self.entry(f"site-{service}-1")
        return entry, self.inspected[entry["Id"]]


def show(build: Callable[[], Sequence[Any]]) -> SceneBuilder:
    """Show each probe that *build* gives an engine of its own."""
    return lambda: [Scene(probe, EngineWithProject()) for probe in build()]


SCENES: Mapping[str, SceneBuilder] = {
    "compose-project": show(lambda: [ComposeProject(services=SERVICES)]),
    "compose-service": show(
        lambda: [ComposeService(service="db", other="wordpress"), ComposeService(service="wordpress")]
    ),
    "compose-file": show(lambda: [ComposeFile(services=SERVICES)]),
    "wordpress": show(lambda: [Wordpress(container="wordpress")]),
}
