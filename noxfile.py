"""Everything that is done with this project, one session each; `nox` alone runs what CI runs."""

import os
import shutil
import subprocess
from pathlib import Path

import nox

nox.needs_version = ">=2024.10"
nox.options.sessions = ["lint", "tests"]
nox.options.error_on_missing_interpreters = True

DEV = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "dev")
ENGINE = ["docker.io", "iptables", "iproute2", "util-linux", "qemu-system-x86", "e2fsprogs", "apparmor"]

# It fetches Elasticsearch's jars, and brings the Java that it runs on.
IMAGES = ["maven"]

GUEST = ["qemu-system-x86_64", "mke2fs", "apparmor_parser"]


def engine_parts(session: nox.Session) -> None:
    """Install what a private engine and a guest machine are made of, as root on a Debian that lacks it."""
    missing = [
        name for name in ("dockerd", "docker", "iptables", "ip", "mvn", *GUEST) if not shutil.which(name)
    ]
    if not missing or not shutil.which("apt-get") or os.geteuid() != 0:
        return
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    # A package may start its service; the engine that we start ourselves is a private one.
    session.run("apt-get", "update", "-qq", external=True, env=quiet)
    session.run(
        "apt-get",
        "install",
        "-y",
        "-qq",
        "--no-install-recommends",
        *ENGINE,
        *IMAGES,
        external=True,
        env=quiet,
    )
    if not shutil.which("docker"):  # since Debian 13 the command is a package of its own
        session.run("apt-get", "install", "-y", "-qq", "docker-cli", external=True, env=quiet)


@nox.session(name="try")
def try_(session: nox.Session) -> None:
    """See it work: TP5's own line on a real engine, graded, explained, mended, graded again."""
    session.install("-q", ".")
    engine_parts(session)
    session.run("python", "fixtures/demonstration.py", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Hold the house rules: ruff, mypy, layers, labs."""
    session.install("-q", "-e", ".", *DEV)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")
    session.run("dckgrade", "lint")


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test, those on a real engine too."""
    session.install("-q", "-e", ".", *DEV)
    engine_parts(session)
    session.run("pytest", *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Time dckgrade beside what people would use instead; ratios, no gates."""
    session.install("-q", ".", "pytest-testinfra")
    engine_parts(session)
    session.run("python", "fixtures/bench/bench.py", *session.posargs)


@nox.session(default=False)
def record(session: nox.Session) -> None:
    """Apply every case on private engines and keep what was seen: nox -s record -- [LAB…]."""
    session.install("-q", "-e", ".")
    engine_parts(session)
    session.run("dckgrade", "prove", "--record", *session.posargs)
    shutil.copy("fixtures/tp5/mistakes/two-mistakes/recording.json", "dckgrade/demo.json")


@nox.session(default=False)
def schema(session: nox.Session) -> None:
    """Write the committed JSON Schemas again."""
    session.install("-q", "-e", ".")
    for path, options in (("checks/lab.schema.json", []), ("dckgrade/report.schema.json", ["--report"])):
        made = subprocess.run(
            [f"{session.bin}/dckgrade", "schema", *options], stdout=subprocess.PIPE, check=True
        )
        Path(path).write_bytes(made.stdout)


@nox.session(default=False)
def words(session: nox.Session) -> None:
    """Collect the words to translate, and compile the catalogues."""
    session.install("-q", "babel")
    folder = "dckgrade/locale/fr/LC_MESSAGES"
    template = f"{session.create_tmp()}/dckgrade.pot"
    session.run(
        "pybabel", "-q", "extract", "--no-location", "-k", "N_", "-k", "_", "-o", template, "dckgrade"
    )
    session.run(
        "pybabel",
        "-q",
        "update",
        "--no-fuzzy-matching",
        "-l",
        "fr",
        "-i",
        template,
        "-o",
        f"{folder}/dckgrade.po",
    )
    for domain in ("dckgrade", "messages"):
        session.run(
            "pybabel",
            "-q",
            "compile",
            "-l",
            "fr",
            "-i",
            f"{folder}/{domain}.po",
            "-o",
            f"{folder}/{domain}.mo",
        )
