"""What a machine tells of its dockerd without asking it: the options that systemd gives it, its version."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dckgrade.engine.local_files import MAX_FILE_BYTES, read_if_readable
from dckgrade.lazy_patterns import compile_lazily

UNIT_NAME = "docker.service"
UNIT_FOLDERS = tuple(
    Path(folder)
    for folder in (
        "/etc/systemd/system",
        "/run/systemd/system",
        "/usr/lib/systemd/system",
        "/lib/systemd/system",
    )
)
"""Where systemd looks for units; the first found counts (systemd.unit(5))."""


PACKAGES_PATH, MAX_PACKAGES_BYTES = Path("/var/lib/dpkg/status"), 32 * 1024 * 1024
_PACKAGE_PATTERN = compile_lazily(
    rb"^Package: (?:docker-ce|docker\.io)\nStatus: install ok installed\n(?:[^\n]+\n)*?"
    rb"Version: (?:\d+:)?([\w.+~-]+)",
    re.MULTILINE,
)


def read_installed_version(packages: Path = PACKAGES_PATH) -> str | None:
    """Return the version of the package docker.io or docker-ce; None where neither is installed."""
    match = _PACKAGE_PATTERN.search(read_if_readable(packages, MAX_PACKAGES_BYTES) or b"")
    return match[1].decode() if match else None


def list_dockerd_flags(folders: Sequence[Path] = UNIT_FOLDERS) -> list[str]:
    """Return the names of the options that the unit gives dockerd, without dashes."""
    command, variables = "", dict[str, str]()
    for line in iter_unit_lines(folders):
        name, _, value = line.partition("=")
        if name.strip() == "ExecStart":
            command = value.strip()  # An empty one takes back those before it.
        elif name.strip() == "EnvironmentFile":
            variables |= read_environment_file(Path(value.strip().removeprefix("-")))
    return [match[1] for match in re.finditer(r"(?<!\S)--?([\w-]+)", expand_variables(command, variables))]


def iter_unit_lines(folders: Sequence[Path]) -> Iterator[str]:
    """Yield the lines of the unit, then those of its drop-ins by their names."""
    unit = next(filter(Path.is_file, (folder / UNIT_NAME for folder in folders)), None)
    drop_ins: dict[str, Path] = {}
    for folder in folders:
        for path in (folder / f"{UNIT_NAME}.d").glob("*.conf"):
            drop_ins.setdefault(path.name, path)
    for path in [*filter(None, [unit]), *(drop_ins[name] for name in sorted(drop_ins))]:
        content = read_if_readable(path, MAX_FILE_BYTES) or b""
        yield from content.decode(errors="replace").replace("\\\n", " ").splitlines()


def read_environment_file(path: Path) -> dict[str, str]:
    """Return the variables that a file such as `/etc/default/docker` sets."""
    content = (read_if_readable(path, MAX_FILE_BYTES) or b"").decode(errors="replace")
    found = re.findall(r"^\s*(\w+)=(.*)$", content, re.MULTILINE)
    return {name: value.strip().strip("\"'") for name, value in found}


def expand_variables(command: str, variables: Mapping[str, str]) -> str:
    """Put in the values of `$NAME` and `${NAME}`."""
    return re.sub(r"\$\{?(\w+)\}?", lambda match: variables.get(match[1], ""), command)
