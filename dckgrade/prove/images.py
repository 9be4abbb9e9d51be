"""The images that a lab's cases need: put on an engine, or built as archives that an `apply.sh` loads."""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.prove.process_group import CaseNotApplied, find_containment_prefix


class LabImages(Struct, frozen=True):
    """What is on an engine before a case of a lab is applied."""

    names: Sequence[str]
    """Images by name, or archives (`.tar`) in the lab's folder."""
    home: Path
    """The lab's folder of cases."""
    archive_paths: Mapping[str, str] = field(default_factory=dict)
    """Environment variable → the archive from which an `apply.sh` loads an image that it would pull."""
    replacements: Mapping[str, str] = field(default_factory=dict)
    """Name → the image that the cases name in its place."""

    @property
    def references(self) -> set[str]:
        """The tags of the images that are given by name."""
        names = [self.replacements.get(name, name) for name in self.names if not name.endswith(".tar")]
        return {name if ":" in name else f"{name}:latest" for name in names}

    def load(self, host: str) -> None:
        """Put them on the engine at *host*."""
        load_images(host, [self.replacements.get(name, name) for name in self.names], self.home)


def load_images(host: str, wanted: Sequence[str], home: Path) -> None:
    """Put *wanted* on the engine at *host*: archives from *home*, the rest as the builder makes them."""
    archives = [name for name in wanted if name.endswith(".tar")]
    for name in archives:
        run_docker(host, "load", "--quiet", "--input", str(home / name))
    if named := [name for name in wanted if name not in archives]:
        run_builder(home.parent / "images" / "build.py", ["--host", host, *named])


def replace_image_names(folder: Path, replacements: Mapping[str, str]) -> None:
    """Put the one image's name in the place of the other's, in all files of a case's copy."""
    for path in (path for path in folder.rglob("*") if replacements and path.is_file()):
        content = path.read_bytes()
        for name, replacement in replacements.items():
            content = content.replace(name.encode(), replacement.encode())
        path.write_bytes(content)


def build_image_archives(names: Sequence[str], fixtures: Path) -> dict[str, str]:
    """Build an archive of each image; return the variable that tells an `apply.sh` its path → the path."""
    if not names:
        return {}
    lines = run_builder(fixtures / "images" / "build.py", names).splitlines()
    paths = [line.rpartition(" ")[2] for line in lines if line.endswith(".tar")]
    variables = ("SHELF_" + re.sub(r"\W", "_", name).upper() for name in names)
    return dict(zip(variables, paths, strict=True))


def run_builder(builder: Path, words: Sequence[str]) -> str:
    """Run a build script and return what it printed; raises `CaseNotApplied` with that when it fails."""
    done = subprocess.run(
        [*find_containment_prefix(), sys.executable, str(builder), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise CaseNotApplied(f"{builder} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout
