"""Read from a container, and from the file that it was given, how its registry is set up."""

import posixpath
from collections.abc import Sequence

from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere
from dckgrade.engine.protocol import Engine
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.support.mount_points import NOT_PLAIN_BITS, is_at_or_below, list_mount_points
from dckgrade.probes.support.service_settings import read_settings

CONFIG_FILES = ("/etc/docker/registry/config.yml", "/etc/distribution/config.yml")
"""Of versions 2 and 3; the image's command says which one it reads."""
DEFAULT_FOLDER = "/var/lib/registry"
MAX_SMALL_FILE_BYTES = 64 * 1024
_KEY_PATTERN = compile_lazily(r"( *)([\w-]+):(?:[ \t]+[\"']?([^\"'\r\n#]*[^\"'\r\n# ])[\"']?)?[ \t]*(?:#.*)?")
_VARIABLE_PREFIX = "REGISTRY"
_BCRYPT_PATTERN = compile_lazily(r"\$2[abxy]?\$")


class RegistrySettings(Struct, frozen=True, kw_only=True):
    """What matters of the registry's configuration; variables win over the file."""

    folder: str
    """Where it keeps its images."""
    accounts: str | None
    """The path of its account file; None without one."""
    unread_config: str | None
    """A mount where another version would read its configuration, and this one does not."""


def read_registry_settings(engine: Engine, inspected: Json) -> RegistrySettings:
    """Read variables, command and configuration file; raises `OutOfReach`."""
    config_file = find_config_file(inspected)
    text = read_small_file(engine, str(inspected.get("Id") or ""), config_file) or b""
    variables = read_settings(inspected)
    keys = read_keys(text.decode("utf-8", "replace"))

    def find(*path: str) -> str | None:
        variable = "_".join([_VARIABLE_PREFIX, *path]).upper()
        return variables.get(variable) or keys.get(path)

    folder = find("storage", "filesystem", "rootdirectory") or DEFAULT_FOLDER
    return RegistrySettings(
        folder=posixpath.normpath(folder),
        accounts=find("auth", "htpasswd", "path"),
        unread_config=find_unread_config(inspected, config_file),
    )


def find_config_file(inspected: Json) -> str:
    """Return the path of the configuration that its command names; that of version 2 where it names none."""
    config = inspected.get("Config") or {}
    words = [str(word) for part in ("Entrypoint", "Cmd") for word in config.get(part) or []]
    named = [word for word in words if word.startswith("/") and word.endswith((".yml", ".yaml"))]
    return posixpath.normpath(named[-1]) if named else CONFIG_FILES[0]


def find_unread_config(inspected: Json, config_file: str) -> str | None:
    """Return where a configuration was mounted that is not the one that is read; None without one."""
    folders = [posixpath.dirname(path) for path in CONFIG_FILES]
    for mount in list_mount_points(inspected):
        is_config = any(is_at_or_below(mount.destination, folder) for folder in folders)
        if is_config and not is_at_or_below(config_file, mount.destination):
            return mount.destination
    return None


def read_keys(text: str) -> dict[tuple[str, ...], str]:
    """
    Return the plain values of a YAML file by their path of keys.

    For the few keys that are looked for: mappings in block style, as registries are configured by.
    """
    found: dict[tuple[str, ...], str] = {}
    open_keys: list[tuple[int, str]] = []
    for line in text.splitlines():
        match = _KEY_PATTERN.fullmatch(line)
        if not match:
            continue
        indent = len(match[1])
        while open_keys and open_keys[-1][0] >= indent:
            open_keys.pop()
        open_keys.append((indent, match[2]))
        if match[3]:
            found[tuple(key for _, key in open_keys)] = match[3]
    return found


def read_small_file(engine: Engine, container: str, path: str) -> bytes | None:
    """Read a file in the container; None where there is none, and for one that is large or no plain file."""
    try:
        stat = engine.read_path_stat(container, path)
        if stat["size"] > MAX_SMALL_FILE_BYTES or stat["mode"] & NOT_PLAIN_BITS:
            return None
        return engine.read_archive(container, path)
    except NotThere:
        return None


def describe_hashes(content: bytes) -> Sequence[str]:
    """
    Return the kind of hash of each line of a account file, nothing of the hash itself.

    The registry knows bcrypt alone: https://distribution.github.io/distribution/about/configuration/#htpasswd.
    """
    lines = content.decode("latin-1").splitlines()
    hashes = [line.partition(":")[2].strip() for line in lines if not line.startswith("#")]
    return ["bcrypt" if _BCRYPT_PATTERN.match(found) else "other-hash" for found in hashes if found]
