"""Find the authorities that an engine on this machine trusts for a registry: `certs.d/HOST:PORT/*.crt`."""

from collections.abc import Mapping
from pathlib import Path

from dckgrade.engine import local_files
from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.daemon_files import SNAP_CONFIG, locate_config
from dckgrade.engine.dockerd import OwnDockerd
from dckgrade.engine.endpoint import Endpoint
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.report.observation import UnobservableReason

FOLDER_NAME, SUFFIX = "certs.d", ".crt"
"""https://docs.docker.com/engine/security/certificates/."""
MAX_FILES = 20
_REGISTRY_PATTERN = compile_lazily(r"[a-zA-Z0-9\[][a-zA-Z0-9.:\[\]-]{0,260}")


def read_trusted_authorities(
    endpoint: Endpoint,
    info: Json,
    environment: Mapping[str, str] | None,
    own_dockerd: OwnDockerd | None,
    registry: str,
) -> bytes:
    """
    Read the certificates as one text; `NotThere` where the engine has none for *registry*.

    Raises `OutOfReach` where its folder is not known here, or not to be read.
    """
    config = own_dockerd.daemon_json_path if own_dockerd else locate_config(endpoint, info, environment)
    # Docker of snap keeps this folder elsewhere than its configuration.
    if config is None or config == SNAP_CONFIG:
        raise OutOfReach(UnobservableReason.NOT_TRIED, FOLDER_NAME)
    if not _REGISTRY_PATTERN.fullmatch(registry):
        raise NotThere(registry)
    return read_authorities(config.parent / FOLDER_NAME / registry)


def read_authorities(folder: Path) -> bytes:
    """Read the certificates of authorities in *folder*; `NotThere` without any."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == SUFFIX)
        files = [local_files.read_plain_file(path, path.name) for path in paths[:MAX_FILES]]
    except (FileNotFoundError, NotADirectoryError):
        raise NotThere(folder.name) from None
    except OSError as error:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"{folder.name}: {error.strerror}") from error
    if not files:
        raise NotThere(folder.name)
    return b"\n".join(files)
