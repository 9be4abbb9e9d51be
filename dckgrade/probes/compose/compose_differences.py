"""Compare what a Compose file says of a service with the container that runs for it; values stay unsaid."""

import re
import shlex
from collections.abc import Callable, Mapping

from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere
from dckgrade.engine.protocol import Engine
from dckgrade.probes.compose.compose_model import (
    ComposeModel,
    has_variable,
    list_network_keys,
    list_volumes,
    read_environment,
)
from dckgrade.probes.compose.compose_settings import fill_in, list_setting_differences
from dckgrade.probes.compose.compose_yaml import Value
from dckgrade.probes.support.reachability import get_networks

PORT_PATTERN = re.compile(r"(?:(?:\d+(?:\.\d+){3}|\[[0-9a-fA-F:]+\]):)?(?:(\d*):)?(\d+)(?:/(tcp|udp|sctp))?")
ANONYMOUS_PATTERN = re.compile("[0-9a-f]{64}")


class Compared(Struct, frozen=True):
    """A service as the file has it beside one of its containers."""

    engine: Engine
    model: ComposeModel
    project: str
    service: Mapping[str, Value]
    inspected: Json

    @property
    def config(self) -> Json:
        """What the container was created with."""
        return self.inspected.get("Config") or {}

    @property
    def host(self) -> Json:
        """Where and how it was to run."""
        return self.inspected.get("HostConfig") or {}


def list_differences(compared: Compared) -> list[str]:
    """Return the keys of the file of which the container is otherwise; what cannot be told is left out."""
    found = [key for key, differs in COMPARISONS.items() if differs(compared)]
    return list(dict.fromkeys([*found, *list_setting_differences(compared.service, compared.inspected)]))


def image_differs(compared: Compared) -> bool:
    """Return whether it was created from an image of another name."""
    wanted = fill_in(compared.service.get("image"))
    return wanted is not None and add_tag(wanted) != add_tag(str(compared.config.get("Image") or ""))


def add_tag(reference: str) -> str:
    """Return an image's name with the tag that it has without one."""
    reference = reference.removeprefix("docker.io/").removeprefix("library/")
    return reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"


def restart_differs(compared: Compared) -> bool:
    """Return whether it has another restart policy."""
    if "deploy" in compared.service:
        return False
    written = compared.service.get("restart")
    wanted = "no" if written is None or written == "false" else fill_in(written)
    policy = compared.host.get("RestartPolicy") or {}
    found = str(policy.get("Name") or "no")
    most = int(policy.get("MaximumRetryCount") or 0)
    return wanted is not None and wanted not in {found, f"{found}:{most}"}


def ports_differ(compared: Compared) -> bool:
    """Return whether it publishes other ports."""
    written = compared.service.get("ports")
    wanted = [read_port(entry) for entry in (written if isinstance(written, list) else ())]
    found = {
        (str(binding.get("HostPort") or ""), inner)
        for inner, bound in (compared.host.get("PortBindings") or {}).items()
        for binding in bound or ()
    }
    # A range is told apart port by port: it is left to Compose.
    return None not in wanted and {*wanted} != found


def read_port(entry: Value) -> tuple[str, str] | None:
    """Return a port of the machine, '' for any, and the container's, as `80/tcp`; None for a range."""
    if isinstance(entry, dict):
        target, published = (fill_in(entry.get(key) or "") for key in ("target", "published"))
        if not target or not target.isdecimal() or published is None or "-" in published:
            return None
        return published, f"{target}/{entry.get('protocol') or 'tcp'}"
    text = fill_in(entry)
    match = PORT_PATTERN.fullmatch(text) if text else None
    return (match[1] or "", f"{match[2]}/{match[3] or 'tcp'}") if match else None


def environment_differs(compared: Compared) -> bool:
    """Return whether a variable is missing, is there too much, or has another value."""
    written = read_environment(compared.service)
    found = dict(str(line).partition("=")[::2] for line in compared.config.get("Env") or ())
    for name, value in written.items():
        wanted = fill_in(value)
        if (value is not None and name not in found) or (wanted is not None and found.get(name) != wanted):
            return True
    if "env_file" in compared.service:
        return False
    return bool(found.keys() - written.keys() - read_own_variables(compared))


def read_own_variables(compared: Compared) -> set[str]:
    """Return the variables of the image; of an image that is gone, all that the container has."""
    try:
        image = compared.engine.inspect_image(str(compared.inspected.get("Image") or ""))
    except NotThere:
        return {str(line).partition("=")[0] for line in compared.config.get("Env") or ()}
    return {str(line).partition("=")[0] for line in (image.get("Config") or {}).get("Env") or ()}


def volumes_differ(compared: Compared) -> bool:
    """Return whether something else is mounted; anonymous volumes and memory are left out."""
    uses = list_volumes(compared.service)
    if any(fill_in(use.target) is None for use in uses):
        return False
    found = {
        str(mount.get("Destination") or ""): mount
        for mount in compared.inspected.get("Mounts") or ()
        if mount.get("Type") in {"volume", "bind"}
        and not ANONYMOUS_PATTERN.fullmatch(str(mount.get("Name") or ""))
    }
    named = [use for use in uses if use.kind in {"volume", "bind"} and use.source]
    for use in named:
        mount = found.get(use.target.rstrip("/") or "/")
        if mount is None or mount.get("Type") != use.kind:
            return True
        wanted = name_object(compared, "volumes", use.source) if use.kind == "volume" else None
        if wanted is not None and mount.get("Name") != wanted:
            return True
    if {"secrets", "configs", "volumes_from"} & compared.service.keys():
        return False
    return bool(found.keys() - {use.target.rstrip("/") or "/" for use in uses})


def name_object(compared: Compared, part: str, key: str) -> str | None:
    """Return what a network or volume of the file is called on the engine; None where that is not told."""
    declared: Mapping[str, Value] = getattr(compared.model, part)
    if has_variable(key) or (compared.model.follows and key not in {"default", *declared}):
        return None
    settings = declared.get(key)
    settings = settings if isinstance(settings, dict) else {}
    external = settings.get("external")
    # The older form is `external: {name: …}`.
    name = settings.get("name") or (external.get("name") if isinstance(external, dict) else None)
    if name is not None:
        return fill_in(name)
    is_own = external is None or external == "false"
    return f"{compared.project}_{key}" if is_own else key


def networks_differ(compared: Compared) -> bool:
    """Return whether it is on other networks."""
    mode = compared.service.get("network_mode")
    if mode is not None:
        wanted_mode, found_mode = fill_in(mode), str(compared.host.get("NetworkMode") or "")
        return wanted_mode in {"host", "none", "bridge"} and wanted_mode != found_mode
    keys = list_network_keys(compared.service) or ["default"]
    wanted = {name_object(compared, "networks", key) for key in keys}
    return None not in wanted and wanted != {*get_networks(compared.inspected)}


def command_differs(compared: Compared) -> bool:
    """Return whether it was created with another command."""
    written = compared.service.get("command")
    if written is None:
        return False
    parts = [fill_in(part) for part in (written if isinstance(written, list) else [written])]
    words = [part for part in parts if part is not None]
    if len(words) < len(parts):
        return False
    try:
        wanted = words if isinstance(written, list) else shlex.split(words[0])
    except ValueError:
        return False
    return wanted != [str(word) for word in compared.config.get("Cmd") or ()]


def health_check_differs(compared: Compared) -> bool:
    """Return whether its health is tried by another command."""
    written = compared.service.get("healthcheck")
    test = written.get("test") if isinstance(written, dict) else None
    if test is None:
        return False
    wanted = ["CMD-SHELL", test] if isinstance(test, str) else list(test)
    filled = [fill_in(word) for word in wanted]
    found = [str(word) for word in (compared.config.get("Healthcheck") or {}).get("Test") or ()]
    return None not in filled and filled != found


COMPARISONS: Mapping[str, Callable[[Compared], bool]] = {
    "image": image_differs,
    "command": command_differs,
    "environment": environment_differs,
    "ports": ports_differ,
    "volumes": volumes_differ,
    "networks": networks_differ,
    "restart": restart_differs,
    "healthcheck": health_check_differs,
}
"""Key of a service → whether its container is otherwise."""
