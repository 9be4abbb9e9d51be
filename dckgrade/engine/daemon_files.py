"""Find and read the `daemon.json` of an engine on this machine, and why dockerd ended because of it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from dckgrade.engine import local_files
from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.dockerd import DaemonFiles, OwnDockerd
from dckgrade.engine.endpoint import Endpoint
from dckgrade.engine.installed_dockerd import list_dockerd_flags, read_installed_version
from dckgrade.engine.redaction import mask_secrets
from dckgrade.engine.tool_cache import get_environment
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.report.observation import UnobservableReason

CONFIG_NAME = "daemon.json"
SYSTEM_CONFIG = Path("/etc/docker", CONFIG_NAME)
SNAP_CONFIG = Path("/var/snap/docker/current/config", CONFIG_NAME)
SYSTEM_SOCKETS = ("/var/run/docker.sock", "/run/docker.sock")
_JOURNAL_TIMEOUT_S, _MAX_JOURNAL_LINES, _MAX_LOG_BYTES = 3.0, 50, 4 * 1024 * 1024
_FATAL_PATTERN = compile_lazily(
    r"unable to configure the Docker daemon with file [^:]+: (.+)"
    r"|failed to start daemon: (failed to set log opts: .+)"
    r"|((?:failed to (?:start daemon|load listeners)|unable to parse logging level).+)"
    r"|(Error (?:during|starting) .+)"
)
"""The errors with which dockerd rejects its file, and then others with which it ends (20.10, measured)."""
_MAX_LAST_WORDS_CHARS = 300


def find_daemon_files(
    endpoint: Endpoint,
    info: Json | None,
    environment: Mapping[str, str] | None,
    own_dockerd: OwnDockerd | None,
) -> DaemonFiles:
    """
    Read the file that the engine reads, and those that it does not; *info* is None when it does not answer.

    Raises `NotThere` where the engine reads none on this machine, or which one is unknown; `OutOfReach` where
    that file exists and may not be read.
    """
    path = own_dockerd.daemon_json_path if own_dockerd else locate_config(endpoint, info, environment)
    if path is None:
        raise NotThere(CONFIG_NAME)
    homes = list_home_configs(environment)
    others = [
        other for other in ([] if own_dockerd else [SYSTEM_CONFIG, SNAP_CONFIG]) + homes if other != path
    ]
    try:
        content, changed_at = local_files.read_plain_file(path, CONFIG_NAME), path.stat().st_mtime
    except (FileNotFoundError, NotADirectoryError):
        content, changed_at = None, 0.0
    except OSError as error:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"{path}: {error.strerror}") from error
    return DaemonFiles(
        path=CONFIG_NAME if own_dockerd else hide_home(path, environment),
        content=content,
        changed_at=changed_at,
        version=read_installed_version() if path == SYSTEM_CONFIG else None,
        flags=list_dockerd_flags() if path == SYSTEM_CONFIG else (),
        others={
            hide_home(other, environment): text
            for other in others
            if (text := local_files.read_if_readable(other, local_files.MAX_FILE_BYTES)) is not None
        },
    )


def locate_config(
    endpoint: Endpoint, info: Json | None, environment: Mapping[str, str] | None
) -> Path | None:
    """Return the path of the engine's file, by what it says of itself, else by its socket; None: unknown."""
    if not endpoint.socket or endpoint.is_forwarded:
        return None
    if info is None:
        return locate_config_by_socket(endpoint.socket, environment)
    rootless, desktop = list_home_configs(environment)
    if info.get("OperatingSystem") == "Docker Desktop":
        # Under WSL 2 its settings are Windows'.
        return None if "microsoft" in str(info.get("KernelVersion")) else desktop
    if str(info.get("DockerRootDir")).startswith("/var/snap/"):
        return SNAP_CONFIG
    if "name=rootless" in (info.get("SecurityOptions") or []):
        return rootless
    is_system_engine = (
        endpoint.socket in SYSTEM_SOCKETS and sys.platform == "linux" and "BuildahVersion" not in info
    )
    return SYSTEM_CONFIG if is_system_engine else None


def locate_config_by_socket(socket: str, environment: Mapping[str, str] | None) -> Path | None:
    """Return the path of the file of an engine that does not answer; None: unknown."""
    rootless, desktop = list_home_configs(environment)
    is_system_socket = socket in SYSTEM_SOCKETS
    if "/.docker/" in socket or (is_system_socket and sys.platform == "darwin"):
        return desktop
    if is_rootless_socket(socket, environment):
        return rootless
    # Where both are installed, it is unknown which of them does not answer.
    installed = [path for path in (SYSTEM_CONFIG, SNAP_CONFIG) if path.parent.exists()]
    return installed[0] if is_system_socket and len(installed) == 1 else None


def list_home_configs(environment: Mapping[str, str] | None) -> list[Path]:
    """Return the paths for a rootless engine and for Docker Desktop, in this order."""
    variables = get_environment(environment)
    home = Path(variables.get("HOME") or Path.home())
    return [
        Path(variables.get("XDG_CONFIG_HOME") or home / ".config", "docker", CONFIG_NAME),
        home / ".docker" / CONFIG_NAME,
    ]


def is_rootless_socket(socket: str, environment: Mapping[str, str] | None) -> bool:
    """Whether a socket is where rootless engines have theirs."""
    runtime_folder = get_environment(environment).get("XDG_RUNTIME_DIR")
    return socket.startswith("/run/user/") or (
        runtime_folder is not None and socket == f"{runtime_folder}/docker.sock"
    )


def hide_home(path: Path, environment: Mapping[str, str] | None) -> str:
    """Return a path with `~` for the home folder, so that it does not tell who the trainee is."""
    home = get_environment(environment).get("HOME") or str(Path.home())
    return str(path).replace(home, "~", 1) if home != "/" else str(path)


def find_last_words(
    endpoint: Endpoint, since: float, environment: Mapping[str, str] | None, own_dockerd: OwnDockerd | None
) -> str:
    """
    Return the error with which dockerd ended, in its own words; '' where there is none.

    One about its file comes without more, any other from its beginning: `failed to start daemon: …`.

    Ones older than *since* (seconds since 1970) do not count: the file may have been mended meanwhile.
    """
    lines = list(
        iter_own_log_lines(own_dockerd.log_path, since)
        if own_dockerd
        else read_journal_lines(endpoint, since, environment)
    )
    errors = [next(filter(None, match.groups())) for line in lines if (match := _FATAL_PATTERN.search(line))]
    # Given twice, an option shows both values: omit them, since they tell where the sockets of dockerd are.
    return (
        mask_secrets(errors[-1].partition(": (from flag")[0].rstrip('"'))[:_MAX_LAST_WORDS_CHARS]
        if errors
        else ""
    )


def iter_own_log_lines(log: Path, since: float) -> Iterator[str]:
    """
    Yield the lines of the log of a dockerd that this program started, if it was written to after *since*.
    """
    if log.exists() and log.stat().st_mtime >= since:
        yield from (
            (local_files.read_if_readable(log, _MAX_LOG_BYTES) or b"").decode(errors="replace").splitlines()
        )


def read_journal_lines(endpoint: Endpoint, since: float, environment: Mapping[str, str] | None) -> list[str]:
    """
    Return the last lines of dockerd's unit in systemd's journal.

    Members of the group `adm` may read it, and many machines have none: [] in every such case.
    """
    scope = "--user-unit" if is_rootless_socket(endpoint.socket or "", environment) else "--unit"
    arguments = [scope, "docker.service", "--since", f"@{since:.0f}", "--lines", str(_MAX_JOURNAL_LINES)]
    try:
        ended = subprocess.run(
            ["journalctl", *arguments, "--output", "cat", "--no-pager", "--quiet"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_JOURNAL_TIMEOUT_S,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return ended.stdout[-_MAX_LOG_BYTES:].decode(errors="replace").splitlines()
