"""An engine with hardened containers and others, fed with recorded answers; see `tests/answers/hardening`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from dckgrade.engine.answers import CommandResult, NotThere, OutOfReach, ProcessFile
from dckgrade.report.observation import UnobservableReason
from tests.support.fake_engine import FakeEngine

HARDENING_ANSWERS = Path(__file__).parents[1] / "answers" / "hardening"
HARDENING_VERSIONS = sorted(folder.name for folder in HARDENING_ANSWERS.iterdir() if folder.is_dir())


class EngineWithHardenedContainers(FakeEngine):
    """Such an engine; *local*: its processes are this machine's, so that `/proc` tells of them."""

    def __init__(self, version: str = HARDENING_VERSIONS[0], state: str = "", *, local: bool = True) -> None:
        super().__init__()
        self.folder, self.local = HARDENING_ANSWERS / version, local
        self.engine = replace(self.engine, version=version)
        self.listed, self.volumes = self.read_json("containers"), self.read_json("volumes")
        self.names = {str(entry["Id"]): str(entry["Names"][0][1:]) for entry in self.listed}
        self.inspected = {ref: self.read_json(f"inspect-{name}") for ref, name in self.names.items()}
        self.info = self.read_json(f"info-{state}" if state else "info")
        networks = "networks-hardened" if state == "hardened" else "networks"
        self.answers["networks"] = {"": self.read_json(networks)}

    def read_json(self, name: str) -> Any:
        """Read one answer."""
        return json.loads((self.folder / f"{name}.json").read_bytes())

    def find(self, name: str) -> Any:
        """Return the inspect answer about the container called *name*."""
        return self.inspected[next(ref for ref, known in self.names.items() if known == name)]

    def read_text(self, kind: str, ref: str) -> str:
        """Read what `cat` printed in a container; `NotThere` where it was not recorded."""
        try:
            return (self.folder / f"{kind}-{self.names.get(ref)}.txt").read_text(encoding="utf-8")
        except FileNotFoundError:
            raise NotThere(ref) from None

    def read_process_file(self, ref: str, name: ProcessFile) -> str:
        if not self.local:
            raise NotThere(ref)
        self.questions.append(f"proc {name}")
        return self.read_text(name, ref)

    def run_command(self, ref: str, argv: Sequence[str]) -> CommandResult:
        self.questions.append(f"run {' '.join(argv)}")
        if self.inspected[ref]["HostConfig"]["PidMode"] == "host" or "run" in self.trouble:
            raise OutOfReach(UnobservableReason.NOT_TRIED, "the container shares the host's processes")
        if argv[0] == "sh":
            return CommandResult(1, "touch: /: Read-only file system")
        return CommandResult(0, self.read_text(argv[1].rpartition("/")[2], ref))
