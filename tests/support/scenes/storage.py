"""Scenes of topic storage: recorded containers with volumes, a bind, memory, and an archive of a volume."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from dckgrade.engine.answers import CommandResult, Json, OutOfReach
from dckgrade.engine.resources import Resource
from dckgrade.probes.storage.kept_data import KeptData
from dckgrade.probes.storage.mount import Mount
from dckgrade.probes.storage.mount_in_force import MountInForce
from dckgrade.probes.storage.same_tree import SameTree
from dckgrade.probes.storage.volume_archive import VolumeArchive
from dckgrade.report.observation import UnobservableReason
from tests.support.fake_engine import FakeEngine
from tests.support.scenes import Scene, SceneBuilder

STORAGE_ANSWERS = Path(__file__).parents[2] / "answers" / "storage"
STORAGE_VERSIONS = sorted(folder.name for folder in STORAGE_ANSWERS.iterdir() if folder.is_dir())
BACKUP = (STORAGE_ANSWERS / "20.10.24" / "sauvegarde.tar").read_bytes()
TREES = {
    "archive:/data": "tree-archive.tar",
    "lecteur:/srv/journal.txt": "tree-journal.tar",
    "base:/var/lib/postgresql/data/PG_VERSION": "tree-version.tar",
}
CONFIG_PATH = "/etc/nginx/conf.d/default.conf"


class EngineWithVolumes(FakeEngine):
    """An engine that has recorded containers of ch4: base, redacteur, lecteur, archive."""

    def __init__(self, version: str = STORAGE_VERSIONS[0]) -> None:
        super().__init__()
        self.folder = STORAGE_ANSWERS / version
        self.listed = self.read_json("containers")
        self.names = {str(entry["Id"]): str(entry["Names"][0][1:]) for entry in self.listed}
        self.inspected = {ref: self.read_json(f"inspect-{name}") for ref, name in self.names.items()}
        self.volumes, self.images = self.read_json("volumes"), self.read_json("images")
        self.stats: dict[str, Any] = self.read_json("stats")
        self.trees = {place: (self.folder / file).read_bytes() for place, file in TREES.items()}
        self.image_stats: dict[str, Json] | None = {}
        """What images have, by path; None: nothing may be created."""
        self.work_files: dict[str, bytes] = {"sauvegarde.tar": (self.folder / "sauvegarde.tar").read_bytes()}
        self.written: CommandResult = CommandResult(1, "can't create: Read-only file system")
        told = self.read_json("engine")
        self.engine, self.clock = (
            replace(self.engine, version=told["version"]),
            datetime.fromisoformat(told["now"]),
        )

    def read_json(self, name: str) -> Any:
        """Read one answer."""
        return json.loads((self.folder / f"{name}.json").read_bytes())

    def read(self, resource: Resource[Any], *refs: str, **query: str) -> Any:
        tables = {"path-stat": self.stats, "tree": self.trees}
        if resource.name not in tables:
            return super().read(resource, *refs, **query)
        name = self.names.get(refs[0])
        return self._answered(resource.name, tables[resource.name], f"{name}:{query['path']}")

    def read_large_file(self, name: str) -> bytes:
        found: bytes = self._answered("large file", self.work_files, name)
        return found

    def stat_image_paths(self, image: str, paths: Sequence[str]) -> Mapping[str, Json]:  # noqa: ARG002
        self.questions += [f"image {path}" for path in paths]
        if self.image_stats is None:
            raise OutOfReach(UnobservableReason.NOT_TRIED, "--passive")
        return {path: self.image_stats[path] for path in paths if path in self.image_stats}

    def run_command(self, ref: str, argv: Sequence[str]) -> CommandResult:
        self.questions.append(f"run {' '.join(argv)}")
        if "run" in self.trouble:
            raise self.trouble["run"]
        if argv[0] == "sh":
            return self.written
        return CommandResult(
            0, (self.folder / f"mounts-{self.names.get(ref)}.txt").read_text(encoding="utf-8")
        )


def show_kept(version: str) -> Sequence[Scene]:
    """Show a file that has survived, and one that grows."""
    return [
        Scene(KeptData(container=name, path=path), EngineWithVolumes(version))
        for name, path in (("base", "$PGDATA/PG_VERSION"), ("lecteur", "/srv/journal.txt"))
    ]


SCENES: Mapping[str, SceneBuilder] = {
    "kept-data": lambda: [scene for version in STORAGE_VERSIONS for scene in show_kept(version)],
    "mount": lambda: [
        Scene(Mount(container=name, destination=path), EngineWithVolumes(version))
        for version in STORAGE_VERSIONS
        for name, path in (("base", "$PGDATA"), ("lecteur", "/cache"), ("lecteur", CONFIG_PATH))
    ],
    "mount-in-force": lambda: [
        Scene(MountInForce(container="lecteur", destination=path), EngineWithVolumes(version))
        for version in STORAGE_VERSIONS
        for path in ("/cache", CONFIG_PATH)
    ],
    "same-tree": lambda: [
        Scene(SameTree(container="archive", path="/data", with_=other), EngineWithVolumes(version))
        for version in STORAGE_VERSIONS
        for other in ("sauvegarde.tar", "archive:/data")
    ],
    "volume-archive": lambda: [Scene(VolumeArchive(file="sauvegarde.tar"), EngineWithVolumes())],
}
