"""The images that a lab's cases need → on the engine, or on a shelf from which a case takes them."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.prove.process_group import CaseNotApplied, find_containment_prefix


def load_images(host: str, wanted: Sequence[str], home: Path) -> None:
    """Put *wanted* on the engine at *host*: archives beside the cases, the rest by the builder."""
    archives = [name for name in wanted if name.endswith(".tar")]
    for name in archives:
        run_docker(host, "load", "--quiet", "--input", str(home / name))
    if named := [name for name in wanted if name not in archives]:
        run_builder(home.parent / "images" / "build.py", ["--host", host, *named])


def build_image_archives(names: Sequence[str], fixtures: Path) -> dict[str, str]:
    """Have the builder make archives; give for each image the variable that tells an `apply.sh` its path."""
    if not names:
        return {}
    lines = run_builder(fixtures / "images" / "build.py", names).splitlines()
    paths = [line.rpartition(" ")[2] for line in lines if line.endswith(".tar")]
    variables = ("SHELF_" + re.sub(r"\W", "_", name).upper() for name in names)
    return dict(zip(variables, paths, strict=True))


def run_builder(builder: Path, words: Sequence[str]) -> str:
    """Run the builder, and give what it printed; `NotApplied` with that when it fails."""
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
