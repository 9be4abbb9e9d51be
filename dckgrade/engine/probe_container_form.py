"""The one form of the containers that this program creates: harmless, capped, labelled."""

from typing import Any

from dckgrade.engine.answers import Json
from dckgrade.lazy_patterns import compile_lazily

PROBE_LABEL, PROBE_NAME_PREFIX = "dckgrade.probe", "dckgrade-probe-"
"""The label and the start of the name of every probe container; only what has both is ever removed."""
SENDING_DRIVERS = frozenset({"gelf", "syslog", "fluentd"})
"""Log drivers that send lines away; often set for one container only, so probe containers copy them."""
_MARKER_SCRIPT = 'n=0; while [ "$n" -lt 60 ]; do echo " $0 "; n=$((n+1)); sleep 2; done'
_NAME_QUERY = compile_lazily(rf"name={PROBE_NAME_PREFIX}[0-9a-f]{{12}}")
_IMAGE_PATTERN, _WORDS_PATTERN, _OWNER_PATTERN = (
    compile_lazily(pattern)
    for pattern in (r"sha256:[0-9a-f]{64}", "dckgrade[0-9a-f]{12}", r"\d{1,10}@[\w.-]{0,64}")
)


def build_probe_container(image: str, words: str, owner: str, log: Json | None = None) -> dict[str, Any]:
    """
    Return the only body of `POST /containers/create` that may leave.

    The container is a shell that prints *words* for two minutes. It reaches no network, writes no file, has
    no capability, 32 MiB and 32 processes. Without *log* it gets the log driver and options that the engine
    gives every new container.
    """
    capped: dict[str, Any] = {
        "NetworkMode": "none",
        "Memory": 32 * 1024 * 1024,
        "PidsLimit": 32,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "ReadonlyRootfs": True,
    }
    return {
        "Image": image,
        "Entrypoint": ["/bin/sh", "-c", _MARKER_SCRIPT, words],
        "Cmd": [],
        "Labels": {PROBE_LABEL: owner},
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": capped | ({"LogConfig": log} if log else {}),
    }


def is_probe_container_request(query: str, body: Any) -> bool:
    """Whether a container to be created is named as a probe container, and has exactly that form."""
    try:
        image, words, owner = body["Image"], body["Entrypoint"][-1], body["Labels"][PROBE_LABEL]
        log = body["HostConfig"].get("LogConfig")
        checked = zip((_IMAGE_PATTERN, _WORDS_PATTERN, _OWNER_PATTERN), (image, words, owner), strict=True)
        has_form = all(pattern.fullmatch(part) for pattern, part in checked) and (
            log is None or _is_sending_config(log)
        )
    except (LookupError, TypeError, AttributeError):
        return False
    return (
        bool(_NAME_QUERY.fullmatch(query))
        and has_form
        and bool(body == build_probe_container(image, words, owner, log))
    )


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
