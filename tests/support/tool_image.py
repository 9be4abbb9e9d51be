"""The tool's own image, built where no registry can be reached: of Debian's Python, and of wheels."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from dckgrade.prove.engines.private import PrivateEngine
from images import archive, build, debian, recipes

ROOT = Path(__file__).parents[2]
BASE = "python-of-debian:latest"
PACKAGES = ("python3-venv", "busybox", "libexpat1")
# The libraries of glibc, some of which only the wheels' own code asks for.
KEPT = (
    *("usr/bin/python3*", "usr/lib/python3*/*", "usr/share/python-wheels/*", "usr/bin/busybox"),
    "usr/lib/*-linux-gnu/lib*.so.[0-9]*",
)
APPLETS = ("sh", "cat", "id", "ls", "rm")


def write_base_archive(folder: Path) -> tuple[Path, str]:
    """Write an image with Python alone; return it and the version of its Python, such as `3.11`."""
    tree = archive.selected(debian.tree_of(PACKAGES, ()), KEPT, ())
    tree |= {f"usr/bin/{applet}": debian.File(0o777, target="busybox") for applet in APPLETS}
    layer = archive.layer_of(tree, {})
    written = folder / "base.tar"
    settings = {"Env": [f"PATH={recipes.PATH}"]}
    archive.write(written, BASE, layer, settings, build._architecture())
    (module,) = [path for path in tree if path.endswith("/encodings/idna.py")]
    return written, module.split("/")[2].removeprefix("python")


def copy_sources(context: Path) -> None:
    """Copy what git has of this tree, changes too, as `docker build` would be given it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if not name.startswith(("fixtures/", "tests/")) or name.startswith("fixtures/distribution/"):
            (context / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, context / name)


def download_wheels(folder: Path, python: str, extra: str = "") -> None:
    """Have pip fetch what the tool, and an extra of it, need to be built and to run on that Python."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    hook = project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]["dependencies"]
    needed = {*project["build-system"]["requires"], *hook, *project["project"]["dependencies"]}
    needed |= set(project["project"]["optional-dependencies"].get(extra, ()))
    pip = [sys.executable, "-m", "pip", "download", "-q", "--dest", str(folder)]
    for_base = ["--python-version", python, "--only-binary", ":all:"]
    subprocess.run([*pip, *for_base, *sorted(needed)], check=True)


def build_tool_image(engine: PrivateEngine, folder: Path, name: str, extra: str = "") -> None:
    """Build the Dockerfile on *engine*, with the base and the wheels in the place of registries."""
    base, python = write_base_archive(folder)
    engine.load(base)
    context = folder / "context"
    copy_sources(context)
    download_wheels(context / "wheels", python, extra)
    arguments = {"BASE": BASE, "PIP_ARGUMENTS": "--no-index --find-links=wheels"}
    arguments |= {"EXTRAS": f"[{extra}]"} if extra else {}
    given = [word for key, value in arguments.items() for word in ("--build-arg", f"{key}={value}")]
    # Debian's client has no buildx.
    environ = os.environ | {"DOCKER_BUILDKIT": "0", "DOCKER_HOST": engine.host}
    argv = ["docker", "build", "-q", "--network", "none", "-t", name, *given, str(context)]
    subprocess.run(argv, env=environ, stdout=subprocess.DEVNULL, check=True)
