"""Scenes of topic docker: recorded containers, images, volumes and swarms; a daemon.json; new containers."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from dckgrade.engine.answers import CommandResult, Json, OutOfReach
from dckgrade.engine.dockerd import DaemonFiles
from dckgrade.probes.base import Probe
from dckgrade.probes.docker.container import Container
from dckgrade.probes.docker.container_exit import ContainerExit
from dckgrade.probes.docker.container_health import ContainerHealth
from dckgrade.probes.docker.container_host_access import ContainerHostAccess
from dckgrade.probes.docker.container_limits import ContainerLimits
from dckgrade.probes.docker.container_log import ContainerLog
from dckgrade.probes.docker.container_logging import ContainerLogging
from dckgrade.probes.docker.container_privileges import ContainerPrivileges
from dckgrade.probes.docker.container_processes import ContainerProcesses
from dckgrade.probes.docker.container_restarts import ContainerRestarts
from dckgrade.probes.docker.container_stats import ContainerStats
from dckgrade.probes.docker.daemon_file import DaemonFile
from dckgrade.probes.docker.engine_hardening import EngineHardening
from dckgrade.probes.docker.image import Image
from dckgrade.probes.docker.image_archive import ImageArchive
from dckgrade.probes.docker.image_build import ImageBuild
from dckgrade.probes.docker.image_files import ImageFiles
from dckgrade.probes.docker.image_layers import ImageLayers
from dckgrade.probes.docker.images_dangling import ImagesDangling
from dckgrade.probes.docker.log_rotation import LogRotation
from dckgrade.probes.docker.network import Network
from dckgrade.probes.docker.swarm import Swarm
from dckgrade.probes.docker.volume import Volume
from dckgrade.report.observation import UnobservableReason
from tests.support.fake_engine import ENGINES, NEWEST, RECORDED, FakeEngine
from tests.support.hardened_engine import HARDENING_VERSIONS, EngineWithHardenedContainers
from tests.support.recorded_images import ENGINES as IMAGE_ENGINES
from tests.support.recorded_images import RecordedImages, pack_image
from tests.support.recorded_networks import ENGINES as NETWORK_ENGINES
from tests.support.recorded_networks import RecordedNetworks
from tests.support.scenes import Scene, SceneBuilder
from tests.support.scenes.trivy import IMAGE, IMAGE_NAME

SWARM_ANSWERS = Path(__file__).parents[2] / "answers" / "swarm"
CONTAINER_ANSWERS = Path(__file__).parents[2] / "answers" / "containers"
KEPT_VERSIONS = sorted(folder.name for folder in CONTAINER_ANSWERS.iterdir() if folder.is_dir())
SWARM_VERSIONS = ["20.10.24", "26.1.5", "28.5.2"]
RECORDED_CONTAINERS = [
    *((NEWEST, name) for name in RECORDED),
    *(
        (engine, name)
        for engine in ENGINES
        if engine != NEWEST
        for name in ("webservers", "looping", "killed")
    ),
]
"""Engine and container: all of the newest engine, and of each other one those that differ most."""
ROTATING_DAEMON_JSON = b'{"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}}'


class EngineWithLogOptions(FakeEngine):
    """A recorded engine whose new containers get *options*; *error* is why none starts."""

    def __init__(
        self,
        options: Mapping[str, str] | None = None,
        driver: str | None = None,
        engine: str = NEWEST,
        error: str = "",
    ) -> None:
        super().__init__(engine)
        self.options, self.error = dict(options or {}), error
        if driver is not None:
            self.info = {**self.info, "LoggingDriver": driver}
        self.made: list[str] = []
        self.answers["images"] = {"": [{"Id": "sha256:" + "a" * 64}]}

    def inspect_started_container(self, image: str) -> Json:
        self.made.append(image)
        log = {"Type": self.info["LoggingDriver"], "Config": self.options}
        return {"Id": "c" * 64, "HostConfig": {"LogConfig": log}, "State": {"Error": self.error}}


class MachineWithDaemonJson(FakeEngine):
    """A recorded engine; *content* is its file, or what reading it comes to; None: there is none."""

    def __init__(
        self,
        content: bytes | Exception | None,
        last_words: str = "",
        others: Any = (),
        flags: Sequence[str] = (),
        engine: str = NEWEST,
    ) -> None:
        super().__init__(engine)
        self.engine = replace(self.engine, version=engine.partition("-")[0])
        self.flags = flags
        self.content, self.last_words, self.others = content, last_words, dict(others)
        self.since: list[float] = []

    def silent(
        self, why: UnobservableReason = UnobservableReason.ENGINE_OUT_OF_REACH
    ) -> "MachineWithDaemonJson":
        """Let no question be answered."""
        self.trouble["containers"] = OutOfReach(why, "connection refused")
        return self

    def read_daemon_files(self) -> DaemonFiles:
        if isinstance(self.content, Exception):
            raise self.content
        path = "/etc/docker/daemon.json"
        return DaemonFiles(
            path=path, content=self.content, changed_at=7.0, flags=self.flags, others=self.others
        )

    def read_last_words(self, since: float) -> str:
        self.since.append(since)
        return self.last_words


class EngineWithKeptContainers(FakeEngine):
    """An engine whose containers are limited, restarted and checked, ten seconds after it was recorded."""

    def __init__(self, version: str) -> None:
        super().__init__()
        self.folder = CONTAINER_ANSWERS / version
        self.info, self.listed = self.read_json("info"), self.read_json("containers")
        self.inspected = {entry["Id"]: self.read_json("inspect", entry) for entry in self.listed}
        self.measured = {
            entry["Id"]: self.read_json("stats", entry)
            for entry in self.listed
            if entry["State"] == "running"
        }
        self.answers["top"] = {
            entry["Id"]: self.read_json("top", entry) for entry in self.listed if self.has("top", entry)
        }
        if not self.answers["top"]:
            self.trouble["top"] = OutOfReach(UnobservableReason.ENGINE_ERROR, 'exec: "ps": not found')
        latest = max(sample["read"] for sample in self.measured.values())
        self.clock = datetime.fromisoformat(latest) + timedelta(seconds=10)

    def has(self, kind: str, entry: Json) -> bool:
        """Say whether there is such an answer about a container."""
        return (self.folder / f"{kind}-{entry['Names'][0][1:]}.json").exists()

    def read_json(self, kind: str, entry: Json | None = None) -> Any:
        """Read one body, about a container or about the engine."""
        name = f"{kind}-{entry['Names'][0][1:]}" if entry else kind
        return json.loads((self.folder / f"{name}.json").read_bytes())

    def run_command(self, ref: str, argv: Sequence[str]) -> CommandResult:
        """Print what the command printed then, of the only two that there are."""
        self.questions.append(f"run {' '.join(argv)}")
        if "run" in self.trouble:
            raise self.trouble["run"]
        kind = "cpu" if argv[0] == "cat" else "status"
        name = next(entry["Names"][0][1:] for entry in self.listed if entry["Id"] == ref)
        return CommandResult(0, (self.folder / f"{kind}-{name}.txt").read_text(encoding="utf-8"))


@cache
def read_swarm_answer(name: str) -> bytes:
    """Read what an engine answered about its swarm."""
    return (SWARM_ANSWERS / f"{name}.json").read_bytes()


def show_container(name: str, engine: str) -> Scene:
    """Show a recorded container."""
    return Scene(Container(name=name, image="nginx"), FakeEngine(engine).only(name))


def show_log(name: str) -> Scene:
    """Show a recorded container with the log that another one wrote."""
    engine = FakeEngine()
    engine.logs[engine.id_of(name)] = engine.logs[engine.id_of("dbserver")]
    return Scene(ContainerLog(container=name), engine.only(name))


def show_swarm(version: str) -> Scene:
    """Show a recorded manager, a worker and one that is gone."""
    engine = FakeEngine()
    engine.info = json.loads(read_swarm_answer(f"{version}-info"))
    engine.answers["nodes"] = {"": json.loads(read_swarm_answer(f"{version}-nodes"))}
    engine.clock = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
    return Scene(Swarm(), engine)


def show_image() -> Scene:
    """Show a recorded image."""
    engine = FakeEngine()
    engine.images = {IMAGE_NAME: IMAGE}
    return Scene(Image(name=IMAGE_NAME, version_in="NGINX_VERSION"), engine)


def show_volume() -> Scene:
    """Show a volume."""
    engine = FakeEngine()
    engine.volumes = {"data": {"Name": "data", "Driver": "local", "Labels": None, "Options": None}}
    return Scene(Volume(name="data"), engine)


def show_rotation() -> Scene:
    """Show an engine that rotates logs, with a few of its containers."""
    engine = EngineWithLogOptions({"max-size": "10m", "max-file": "3"})
    return Scene(LogRotation(), engine.only("webservers", "killed", "dbserver"))


def show_refused_options() -> Scene:
    """Show an engine with whose log options no container starts."""
    error = "failed to initialize logging driver: template: log-tag:1: unclosed action"
    return Scene(LogRotation(), EngineWithLogOptions({"max-size": "10m", "tag": "{{.Name"}, error=error))


def show_daemon_files() -> Sequence[Scene]:
    """Show an engine that answers, and one that its file keeps from starting."""
    whole = MachineWithDaemonJson(ROTATING_DAEMON_JSON, others={"~/daemon.json": ROTATING_DAEMON_JSON})
    broken = MachineWithDaemonJson(ROTATING_DAEMON_JSON[:-1], last_words="unexpected EOF").silent()
    return [Scene(DaemonFile(), whole.only("webservers")), Scene(DaemonFile(), broken)]


def show_kept_containers(probe: Callable[[str], Probe], *names: str) -> Sequence[Scene]:
    """Show some of the kept containers on each engine."""
    return [
        Scene(probe(name), EngineWithKeptContainers(version).only(name))
        for version in KEPT_VERSIONS
        for name in names
    ]


def show_hardened_containers(probe: Callable[[str], Probe], *names: str) -> Sequence[Scene]:
    """Show some containers on each engine, to the kernel's own files and to a command inside."""
    return [
        Scene(probe(name), EngineWithHardenedContainers(version, local=local).only(name))
        for version in HARDENING_VERSIONS
        for name in names
        for local in (True, False)
    ]


def show_saved_image(version: str) -> Scene:
    engine = RecordedImages(version)
    engine.files["mon-app.tar"] = pack_image({"bin/sh": b"x"})
    return Scene(ImageArchive(file="mon-app.tar", image="mon-app:1.0"), engine)


SCENES: Mapping[str, SceneBuilder] = {
    "container": lambda: [show_container(name, engine) for engine, name in RECORDED_CONTAINERS],
    "container-health": lambda: show_kept_containers(
        lambda name: ContainerHealth(container=name), "limited", "checked", "unlimited"
    ),
    "container-exit": lambda: show_kept_containers(
        lambda name: ContainerExit(container=name), "killed", "given-up"
    ),
    "container-host-access": lambda: show_hardened_containers(
        lambda name: ContainerHostAccess(container=name), "kept", "open", "sharing"
    ),
    "container-limits": lambda: show_kept_containers(
        lambda name: ContainerLimits(container=name), "limited", "quota"
    ),
    "container-logging": lambda: show_kept_containers(
        lambda name: ContainerLogging(container=name), "limited", "checked"
    ),
    "container-privileges": lambda: show_hardened_containers(
        lambda name: ContainerPrivileges(container=name), "hardened", "kept"
    ),
    "container-processes": lambda: show_kept_containers(
        lambda name: ContainerProcesses(container=name), "limited", "quota"
    ),
    "container-restarts": lambda: show_kept_containers(
        lambda name: ContainerRestarts(container=name), "limited", "given-up"
    ),
    "container-log": lambda: [show_log(name) for name in ("envs", "published", "dbserver")],
    "container-stats": lambda: [
        Scene(ContainerStats(container=name), FakeEngine(engine).only(name))
        for engine, name in RECORDED_CONTAINERS
    ],
    "daemon-file": show_daemon_files,
    "engine-hardening": lambda: [
        Scene(EngineHardening(), EngineWithHardenedContainers(version)) for version in HARDENING_VERSIONS
    ],
    "image": lambda: [show_image()],
    "image-archive": lambda: [show_saved_image(version) for version in IMAGE_ENGINES],
    "image-build": lambda: [
        Scene(ImageBuild(name=name, container="app", words_of=".env"), RecordedImages(version))
        for version in IMAGE_ENGINES
        for name in ("mon-app:1.0", "leaky:1", "mon-app:2.0")
    ],
    "image-files": lambda: [
        Scene(
            ImageFiles(name="mon-app:1.0", container=container, any_of=["/bin/sh", "/src"]),
            RecordedImages(version),
        )
        for version in IMAGE_ENGINES
        for container in ("app", "old")
    ],
    "image-layers": lambda: [
        Scene(
            ImageLayers(name="mon-app:1.0", patterns=["sh", ".env"], words_of=".env"), RecordedImages(version)
        )
        for version in IMAGE_ENGINES
    ],
    "images-dangling": lambda: [
        Scene(ImagesDangling(), RecordedImages(version)) for version in IMAGE_ENGINES
    ],
    "log-rotation": lambda: [show_rotation(), show_refused_options()],
    "network": lambda: [
        Scene(Network(name=name), RecordedNetworks(engine))
        for engine in NETWORK_ENGINES
        for name in ("front", "caches", "bac")
    ],
    "swarm": lambda: [show_swarm(version) for version in SWARM_VERSIONS],
    "volume": lambda: [show_volume()],
}
