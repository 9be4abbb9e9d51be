"""Find the containers in which Trivy runs or has run, and where each keeps its cache."""

import math
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from msgspec import Struct

from dckgrade.engine.answers import Json
from dckgrade.engine.protocol import Engine
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.support.lookup import (
    get_program_name,
    get_repository_name,
    list_container_names,
    parse_timestamp,
)

TRIVY_NAME = "trivy"
TITLE_LABEL = "org.opencontainers.image.title"
MAX_CONTAINERS, MAX_FOLDERS = 40, 6
SIGNAL_EXIT_CODE = 128
"""An exit code above it tells the signal that ended the process."""
SCAN_COMMANDS = {"image", "i", "filesystem", "fs", "repository", "repo", "rootfs"}
SHELLS = {"sh", "ash", "dash", "bash"}
_COMMAND_END_PATTERN = compile_lazily(r"[;\n]|&&|\|\||(?<![>&])&(?![&\d])")
"""What stands between two commands of a shell, pipes apart: all of a pipe runs at once."""
_COMMAND_PATTERN = compile_lazily(rf"""(?:^|[\s/'"&;]){TRIVY_NAME}\s""")
_CACHE_OPTION_PATTERN = compile_lazily(r"""--cache-dir(?:=|\s+)["']?([^\s"']+)""")
_CACHE_VARIABLES = (("TRIVY_CACHE_DIR", ""), ("XDG_CACHE_HOME", TRIVY_NAME), ("HOME", f".cache/{TRIVY_NAME}"))
_ROOT_HOME = PurePosixPath("/root")


class TrivyContainer(Struct, frozen=True, kw_only=True):
    """A container of Trivy, as the engine inspects it."""

    ref: str
    name: str
    inspected: Json

    @property
    def config(self) -> Json:
        """Its configuration."""
        return self.inspected.get("Config") or {}

    @property
    def state(self) -> Json:
        """Its state."""
        return self.inspected.get("State") or {}

    @property
    def tty(self) -> bool:
        """Whether it writes to a terminal."""
        return bool(self.config.get("Tty"))

    @property
    def ended_at(self) -> float:
        """When it ended last, in seconds since 1970; for ever where it has not."""
        ended = str(self.state.get("FinishedAt") or "")
        return math.inf if self.state.get("Running") or not ended else parse_timestamp(ended).timestamp()

    @property
    def arguments(self) -> list[str]:
        """What was run, and with which arguments."""
        return [str(self.inspected.get("Path") or ""), *(self.inspected.get("Args") or [])]

    @property
    def killing_signal(self) -> int:
        """The number of the signal that ended its scan; 0: none did."""
        is_ended_scan = not self.state.get("Running") and self.ends_with_scan
        return max(0, (self.state.get("ExitCode") or 0) - SIGNAL_EXIT_CODE) if is_ended_scan else 0

    @property
    def is_scanning(self) -> bool:
        """Whether a scan is still under way in it: a server or a shell goes on for ever."""
        return bool(self.state.get("Running")) and self.ends_with_scan

    @property
    def ends_with_scan(self) -> bool:
        """Whether its program is a scan, or a shell whose last command is one: it ends with it."""
        program, *arguments = self.arguments
        if get_program_name(program) not in SHELLS or arguments[:1] != ["-c"]:
            return bool(SCAN_COMMANDS & set(arguments))
        commands = [
            part for part in _COMMAND_END_PATTERN.split(arguments[1] if arguments[1:] else "") if part.strip()
        ]
        words = commands[-1].split() if commands else []
        return TRIVY_NAME in map(get_program_name, words) and bool(SCAN_COMMANDS & set(words))

    def list_cache_folders(self) -> list[PurePosixPath]:
        """List where its cache may be, the likeliest first."""
        base = PurePosixPath(self.config.get("WorkingDir") or "/")
        return list(dict.fromkeys(base / folder for folder in self.iter_cache_folders()))[:MAX_FOLDERS]

    def iter_cache_folders(self) -> Iterator[PurePosixPath]:
        """Yield what option, variables, the user's home and what is mounted say."""
        if option := _CACHE_OPTION_PATTERN.search(" ".join(self.arguments)):
            yield PurePosixPath(option[1])
        pairs = (str(entry).partition("=") for entry in self.config.get("Env") or [])
        variables: Mapping[str, str] = {name: value for name, _, value in pairs if value}
        for name, below in _CACHE_VARIABLES:
            if name in variables:
                yield PurePosixPath(variables[name]) / below
        yield _ROOT_HOME / ".cache" / TRIVY_NAME
        if str(self.config.get("User") or "0").partition(":")[0] not in {"0", "root"}:
            yield PurePosixPath("/.cache") / TRIVY_NAME
        for mount in self.inspected.get("Mounts") or []:
            destination = PurePosixPath(str(mount.get("Destination") or "/"))
            if not destination.name.endswith(".sock"):
                yield from (destination, destination / TRIVY_NAME)


def list_trivy_containers(engine: Engine) -> list[Json]:
    """List the containers of Trivy, the newest first: all of them, since an old one may have the scan."""
    ours = [entry for entry in engine.list_containers() if is_trivy_container(entry)]
    return sorted(ours, key=lambda entry: entry.get("Created") or 0, reverse=True)


def inspect_trivy_container(engine: Engine, listed: Json) -> TrivyContainer:
    """Inspect a container of the list."""
    ref = str(listed.get("Id") or "")
    name = next(iter(list_container_names(listed)), ref[:12])
    return TrivyContainer(ref=ref, name=name, inspected=engine.inspect_container(ref))


def is_trivy_container(entry: Json) -> bool:
    """Return whether its image is Trivy's, or one made of it, or its command is `trivy`."""
    return is_trivy_image([str(entry.get("Image") or "")], entry) or bool(
        _COMMAND_PATTERN.search(str(entry.get("Command") or ""))
    )


def list_trivy_images(engine: Engine) -> list[Json]:
    """List the images of Trivy that the engine has, known by tag, digest or label."""
    return [
        image
        for image in engine.list_images()
        if is_trivy_image([*(image.get("RepoTags") or []), *(image.get("RepoDigests") or [])], image)
    ]


def is_trivy_image(references: list[str], labelled: Json) -> bool:
    """Return whether one of *references*, or a label, says so."""
    title = str((labelled.get("Labels") or {}).get(TITLE_LABEL) or "")
    return title.casefold() == TRIVY_NAME or any(
        get_repository_name(reference) == TRIVY_NAME for reference in references
    )
