"""The forms of the containers that this program creates: harmless, capped, labelled."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

from dckgrade.engine.answers import Json
from dckgrade.lazy_patterns import compile_lazily

PROBE_LABEL, PROBE_NAME_PREFIX = "dckgrade.probe", "dckgrade-probe-"
"""The label and the start of the name of every probe container; only what has both is ever removed."""
SENDING_DRIVERS = frozenset({"gelf", "syslog", "fluentd"})
"""Log drivers that send lines away; often set for one container only, so probe containers copy them."""
EMBEDDED_DNS = "127.0.0.11"
"""Where Docker answers the names of a network that somebody made; Podman does at the network's gateway."""
MAX_PORT = 65535
_MARKER_SCRIPT = 'n=0; while [ "$n" -lt 60 ]; do echo " $0 "; n=$((n+1)); sleep 2; done'
_NAME_QUERY = compile_lazily(rf"name={PROBE_NAME_PREFIX}[0-9a-f]{{12}}")
_IMAGE_PATTERN, _WORDS_PATTERN, _OWNER_PATTERN = (
    compile_lazily(pattern)
    for pattern in (r"sha256:[0-9a-f]{64}", "dckgrade[0-9a-f]{12}", r"\d{1,10}@[\w.-]{0,64}")
)
_TARGET_PATTERN = compile_lazily(r"container:[0-9a-f]{64}")
_HOST_NAME_PATTERN = compile_lazily(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}")


def build_probe_container(image: str, words: str, owner: str, log: Json | None = None) -> dict[str, Any]:
    """
    Return the body of `POST /containers/create` for a container that speaks.

    The container is a shell that prints *words* for two minutes. It reaches no network, writes no file, has
    no capability, 32 MiB and 32 processes. Without *log* it gets the log driver and options that the engine
    gives every new container.
    """
    return _build_body(image, ["/bin/sh", "-c", _MARKER_SCRIPT, words], owner, "none", log)


def build_neighbour_container(image: str, target_id: str, argv: Sequence[str], owner: str) -> dict[str, Any]:
    """
    Return the body for a container that runs *argv* in the network of the container with *target_id*.

    *argv* is a look-up of a name or a try of one address; otherwise it is as confined as one that speaks.
    """
    log = {"Type": "json-file", "Config": {}}
    return _build_body(image, list(argv), owner, f"container:{target_id}", log)


def build_still_container(image: str, owner: str) -> dict[str, Any]:
    """Return the body for a container that is never started: what its image holds can be looked at."""
    log = {"Type": "json-file", "Config": {}}
    return _build_body(image, ["/never-started"], owner, "none", log)


def build_name_lookup(name: str, server: str = EMBEDDED_DNS) -> tuple[str, ...]:
    """Return the command that asks the name server at the private address *server* for *name*."""
    return ("nslookup", name, server)


def build_connection_trial(host: str, port: int) -> tuple[str, ...]:
    """Return the command that connects to an address, within 2 s, and sends nothing."""
    return ("nc", "-w", "2", host, str(port))


def _build_body(
    image: str, entrypoint: list[str], owner: str, network_mode: str, log: Json | None
) -> dict[str, Any]:
    capped: dict[str, Any] = {
        "NetworkMode": network_mode,
        "Memory": 32 * 1024 * 1024,
        "PidsLimit": 32,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "ReadonlyRootfs": True,
    }
    return {
        "Image": image,
        "Entrypoint": entrypoint,
        "Cmd": [],
        "Labels": {PROBE_LABEL: owner},
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": capped | ({"LogConfig": log} if log else {}),
    }


def is_probe_container_request(query: str, body: Any) -> bool:
    """Whether a container to be created is named as a probe container, and has exactly one of the forms."""
    try:
        return bool(_NAME_QUERY.fullmatch(query)) and (
            _is_still(body) or _is_speaking(body) or _is_neighbour(body)
        )
    except (LookupError, TypeError, AttributeError):
        return False


def _is_speaking(body: Any) -> bool:
    image, words, owner = body["Image"], body["Entrypoint"][-1], body["Labels"][PROBE_LABEL]
    log = body["HostConfig"].get("LogConfig")
    checked = zip((_IMAGE_PATTERN, _WORDS_PATTERN, _OWNER_PATTERN), (image, words, owner), strict=True)
    has_form = all(pattern.fullmatch(part) for pattern, part in checked) and (
        log is None or _is_sending_config(log)
    )
    return has_form and bool(body == build_probe_container(image, words, owner, log))


def _is_still(body: Any) -> bool:
    image, owner = body["Image"], body["Labels"][PROBE_LABEL]
    has_form = _IMAGE_PATTERN.fullmatch(image) and _OWNER_PATTERN.fullmatch(owner)
    return bool(has_form and body == build_still_container(image, owner))


def _is_neighbour(body: Any) -> bool:
    image, argv, owner = body["Image"], body["Entrypoint"], body["Labels"][PROBE_LABEL]
    mode = body["HostConfig"]["NetworkMode"]
    checked = zip((_IMAGE_PATTERN, _TARGET_PATTERN, _OWNER_PATTERN), (image, mode, owner), strict=True)
    has_form = all(pattern.fullmatch(part) for pattern, part in checked) and is_network_question(argv)
    target_id = mode.partition(":")[2]
    return has_form and bool(body == build_neighbour_container(image, target_id, argv, owner))


def is_network_question(argv: Sequence[Any]) -> bool:
    """Whether it is exactly a look-up of a name, or a try of one address."""
    match argv:
        case ["nslookup", str() as name, str() as server]:
            is_name = bool(_HOST_NAME_PATTERN.fullmatch(name))
            return is_name and _is_address(server) and ip_address(server).is_private
        case ["nc", _, _, str() as host, str() as port]:
            is_port = port.isdecimal() and 0 < int(port) <= MAX_PORT
            return is_port and _is_address(host) and tuple(argv) == build_connection_trial(host, int(port))
        case _:
            return False


def _is_address(host: str) -> bool:
    try:
        return "%" not in host and ip_address(host).compressed == host
    except ValueError:
        return False


def _is_sending_config(log: Json) -> bool:
    options = log["Config"]
    has_only_text = all(isinstance(part, str) for option in options.items() for part in option)
    return log.keys() == {"Type", "Config"} and log["Type"] in SENDING_DRIVERS and has_only_text


def is_probe_container_entry(entry: Json) -> bool:
    """Whether an entry of the engine's list is a probe container: by name and label."""
    names = [str(name).lstrip("/") for name in entry.get("Names") or []]
    return PROBE_LABEL in (entry.get("Labels") or {}) and any(
        name.startswith(PROBE_NAME_PREFIX) for name in names
    )
