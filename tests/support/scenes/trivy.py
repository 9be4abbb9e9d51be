"""Scenes of topic trivy: a machine with Trivy's cache, reports, image and containers."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dckgrade.engine.answers import NotThere
from dckgrade.probes.base import Probe
from dckgrade.probes.trivy.trivy_database import TrivyDatabase
from dckgrade.probes.trivy.trivy_scan import TrivyScan
from dckgrade.probes.trivy.trivy_tool import TrivyTool
from tests.support.fake_engine import FakeEngine
from tests.support.scenes import Scene, SceneBuilder

ANSWERS = Path(__file__).parents[2] / "answers" / "trivy"
REPORT: Any = json.loads((ANSWERS / "0.68.2-report.json").read_bytes())
IMAGE: Any = json.loads((ANSWERS / "20.10.24-image.json").read_bytes())
SCANS = (ANSWERS / "0.68.2-fanal.db").read_bytes()
IMAGE_NAME = "nginx:1.17"
NOW = datetime.fromisoformat(REPORT["CreatedAt"]) + timedelta(hours=1)
DATABASE = b'{"Version":2,"DownloadedAt":"2026-01-01T00:00:00Z"}'
COMPLAINT = "2026-01-01T00:00:00Z\tFATAL\tFatal error\tfailed to download vulnerability DB\n"


class TrivyMachine(FakeEngine):
    """An engine with the image, and a machine with what a test puts into the cache and the folder."""

    def __init__(self, **cache: bytes | Exception) -> None:
        super().__init__()
        self.listed, self.images, self.clock = [], {IMAGE_NAME: IMAGE}, NOW
        self.cache = {"fanal/fanal.db": cache.get("scans"), "db/metadata.json": cache.get("database")}
        self.written: list[tuple[str, bytes | None]] = []

    def read_tool_cache(self, tool: str, folder: str, name: str) -> bytes:
        found = self.cache[name]
        if isinstance(found, Exception):
            raise found
        if found is None:
            raise NotThere(f"{tool} {folder} {name}")
        return found

    def read_work_files(self, is_wanted: Callable[[bytes], bool]) -> list[tuple[str, bytes | None]]:
        return [(name, content) for name, content in self.written if content is None or is_wanted(content)]


def show_cache(probe: Probe) -> Scene:
    """Have a whole cache on this machine."""
    return Scene(probe, TrivyMachine(scans=SCANS, database=DATABASE))


def show_report(probe: Probe) -> Scene:
    """Have a report, cut down to few findings, and a container of Trivy that failed."""
    engine = TrivyMachine()
    engine.written = [("report.json", json.dumps(shorten_report(), indent=1).encode())]
    return Scene(probe, add_container(engine))


def show_container(probe: Probe) -> Scene:
    """Have nothing but a container of Trivy that failed."""
    return Scene(probe, add_container(TrivyMachine()))


def shorten_report() -> Any:
    """Leave three findings of each result, which its sums do not depend on."""
    results = [
        {**result, "Vulnerabilities": (result.get("Vulnerabilities") or [])[:3]}
        for result in REPORT["Results"]
    ]
    return {**REPORT, "Results": results}


def add_container(engine: TrivyMachine) -> TrivyMachine:
    """Add a container of Trivy that ended with a complaint."""
    ref = "c" * 64
    engine.listed = [
        {
            "Id": ref,
            "Names": ["/scan"],
            "Image": "aquasec/trivy:0.68.2",
            "State": "exited",
            "Status": "Exited (1) 2 minutes ago",
            "Created": 1767225600,
            "Labels": {},
        }
    ]
    engine.inspected[ref] = {
        "Id": ref,
        "Name": "/scan",
        "Path": "trivy",
        "Args": ["image", IMAGE_NAME],
        "Config": {"Tty": False, "Env": ["PATH=/bin"], "Image": "aquasec/trivy:0.68.2"},
        "State": {"Status": "exited", "Running": False, "FinishedAt": "2026-01-01T00:00:00Z"},
    }
    engine.logs = {ref: COMPLAINT}
    volume = {"Name": "trivy-cache", "Driver": "local", "Mountpoint": "/volumes/trivy-cache/_data"}
    engine.answers["volumes"] = {"": {"Volumes": [volume]}}
    image = {"image": "aquasec/trivy:0.68.2", "name": "gone"}
    event = {
        "Type": "container",
        "Action": "die",
        "Actor": {"ID": "d" * 64, "Attributes": image},
        "timeNano": 1,
    }
    engine.answers["events"] = {"": b"".join(json.dumps(event).encode() + b"\n" for _ in range(2))}
    engine.answers["images"] = {"": [{"Id": "sha256:1", "RepoTags": ["aquasec/trivy:0.68.2"]}]}
    return engine


SCENES: Mapping[str, SceneBuilder] = {
    "trivy-database": lambda: [
        show(TrivyDatabase(image=IMAGE_NAME)) for show in (show_cache, show_report, show_container)
    ],
    "trivy-scan": lambda: [
        show(TrivyScan(image=IMAGE_NAME)) for show in (show_cache, show_report, show_container)
    ],
    "trivy-tool": lambda: [show(TrivyTool(image=IMAGE_NAME)) for show in (show_cache, show_container)],
}
