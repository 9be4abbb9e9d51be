"""Which namespaces of a container are the machine's own: asked for, or borrowed from a container that has."""

from collections.abc import Mapping
from typing import Literal

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.report.observation import UnobservableReason

Shared = Literal["net", "pid", "ipc", "uts", "user"]
SHARING_MODES: Mapping[Shared, str] = {
    "net": "NetworkMode",
    "pid": "PidMode",
    "ipc": "IpcMode",
    "uts": "UTSMode",
    "user": "UsernsMode",
}
LENDER_PREFIX = "container:"
MAX_LENDERS = 8
"""One that lends what it has borrowed itself: nobody goes on like that for long."""


def list_shared_namespaces(engine: Engine, inspected: Json) -> list[Shared]:
    """
    List the namespaces of an inspected container that are the machine's.

    Raises `OutOfReach` where one is borrowed from a container that is gone: nobody tells what that one had.
    """
    return [
        shared for shared, mode in SHARING_MODES.items() if find_owner_mode(engine, inspected, mode) == "host"
    ]


def find_owner_mode(engine: Engine, inspected: Json, mode: str) -> str:
    """Return how the container whose namespace it is has that: `host`, `private`; raises `OutOfReach`."""
    found = get_mode(inspected, mode)
    for _ in range(MAX_LENDERS):
        if not found.startswith(LENDER_PREFIX):
            return found
        try:
            found = get_mode(engine.inspect_container(found.removeprefix(LENDER_PREFIX)), mode)
        except NotThere:
            break
    raise OutOfReach(UnobservableReason.UNREADABLE, f"HostConfig.{mode}: {found[:80]}")


def get_mode(inspected: Json, mode: str) -> str:
    """Return what inspect's `HostConfig` says of one namespace; '' where it says nothing."""
    return str((inspected.get("HostConfig") or {}).get(mode) or "")


def shares_processes(inspected: Json) -> bool:
    """Return whether process 1 in there may be another's: the machine's, or another container's."""
    # Docker says nothing of a namespace of its own, and Podman `private`.
    return get_mode(inspected, "PidMode") not in {"", "private"}
