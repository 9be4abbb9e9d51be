"""The keys of a `daemon.json`: which dockerd has, of what form, and which are misspelt."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dckgrade.probes.support.lookup import count_edits

KEYS_BY_TYPE: Mapping[str, str] = {
    "bool": """
        allow-direct-routing cri-containerd debug experimental icc init ip-forward
        ip-forward-no-drop ip-masq ip6tables iptables ipv6 live-restore no-new-privileges raw-logs
        rootless selinux-enabled tls tlsverify userland-proxy
    """,
    "int": """
        max-concurrent-downloads max-concurrent-uploads max-download-attempts mtu
        network-control-plane-mtu network-diagnostic-port oom-score-adjust shutdown-timeout
    """,
    "string": """
        api-cors-header bip bip6 bridge bridge-accept-fwmark cgroup-parent containerd
        containerd-namespace containerd-plugin-namespace data-root default-cgroupns-mode
        default-ipc-mode default-runtime exec-root firewall-backend fixed-cidr fixed-cidr-v6 graph
        group http-proxy https-proxy init-path log-driver log-format log-level metrics-addr no-proxy
        pidfile seccomp-profile storage-driver swarm-default-advertise-addr tlscacert tlscert tlskey
        userland-proxy-path userns-remap
    """,
    "[]string": """
        allow-nondistributable-artifacts authorization-plugins cdi-spec-dirs dns dns-opts dns-search
        exec-opts hosts insecure-registries labels node-generic-resources registry-mirrors
        storage-opts
    """,
    "map[string]string": """
        log-opts
    """,
    "": """
        add-runtime builder cluster-advertise cluster-store cluster-store-opts containerd-plugins-namespace
        config-file cpu-rt-period cpu-rt-runtime default-address-pools default-gateway default-gateway-v6
        default-network-opts default-shm-size default-ulimits deprecated-key-path features
        host-gateway-ip host-gateway-ips ip nri-opts proxies runtimes
        help restart swarm-raft-election-tick swarm-raft-heartbeat-tick validate version
    """,
}
"""The keys of 20.10 to 29 (moby, `config.Config`) by Go's name of their type; '': another, or several."""
KEY_TYPES: Mapping[str, str] = {key: form for form, keys in KEYS_BY_TYPE.items() for key in keys.split()}
FLAG_KEYS: Mapping[str, str] = {
    **{
        key.removesuffix("s"): key for key, form in KEY_TYPES.items() if form not in {"bool", "int", "string"}
    },
    "insecure-registry": "insecure-registries",
    "H": "hosts",
    "D": "debug",
    "l": "log-level",
    "s": "storage-driver",
    "b": "bridge",
    "G": "group",
    "p": "pidfile",
}
"""
What options of the command line are called in the file, where their own names are taken too, to no effect.
"""
REMOVED_KEYS: Mapping[str, int] = dict.fromkeys(
    ["graph", "cluster-advertise", "cluster-store", "cluster-store-opts"], 23
)
"""Keys that dockerd refuses since that version (26.1, measured)."""
NEVER_VALID_KEYS = frozenset(
    ["max-size", "max-file", "max-files", "logging", "driver", "options", "log-options", "logs"]
)
"""Keys that dockerd has in no version: options one level too high, and Compose's own words."""
OPAQUE_KEYS = frozenset(
    [
        "log-opts",
        "runtimes",
        "default-ulimits",
        "features",
        "builder",
        "default-network-opts",
        "cluster-store-opts",
    ]
)
"""Mappings that dockerd takes as they are; of any other it looks at the keys inside (`configValuesSet`)."""
NEWEST_KNOWN_VERSION = 29
MAX_MISSPELT_EDITS, MIN_COMPARED_CHARS = 2, 6
"""Two edits turn any shorter key into another."""


def list_directives(value: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys that dockerd compares with its options: of a mapping those inside it."""
    for key, inner in value.items():
        yield from inner if isinstance(inner, dict) and key not in OPAQUE_KEYS else [key]


def find_unknown_key(value: Mapping[str, Any], version: int | None) -> str | None:
    """
    Return a key with which dockerd of that *version* (its first number) does not start.

    New versions have new keys: of one newer than those known here, or unknown, only misspelt keys are told.
    """
    removed = {key for key, since in REMOVED_KEYS.items() if version is not None and version >= since}
    known = (KEY_TYPES.keys() | FLAG_KEYS.keys()) - removed
    unknown = [key for key in list_directives(value) if key not in known]
    if version is not None and version <= NEWEST_KNOWN_VERSION:
        return next(iter(unknown), None)
    return next((key for key in unknown if key in NEVER_VALID_KEYS or is_near_miss_of_any(key, known)), None)


def is_near_miss_of_any(word: str, known: Iterable[str]) -> bool:
    """Return whether *word* is one of those misspelt: but for case and separators, or within two edits."""
    folded = re.sub("[-_ .]", "", word.casefold())
    names = [name.replace("-", "") for name in known]
    return folded in names or any(
        count_edits(folded, name, most=MAX_MISSPELT_EDITS) <= MAX_MISSPELT_EDITS
        for name in names
        if len(name) >= MIN_COMPARED_CHARS
    )


def find_key_given_twice(value: Mapping[str, Any], flags: Iterable[str]) -> str | None:
    """Return a key that dockerd's command line, with these *flags*, has too; dockerd does not start then."""
    given = {FLAG_KEYS.get(flag, flag) for flag in flags}
    return next((key for key in list_directives(value) if key in given and key != "runtimes"), None)


def find_wrong_type(value: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return a key whose value has another form than dockerd wants, and Go's error."""
    for key, held in value.items():
        wanted = KEY_TYPES.get(key, "")
        held_and_wanted = [(held, wanted)]
        if wanted == "[]string" and isinstance(held, list):
            held_and_wanted += [(item, "string") for item in held]
        for part, form in held_and_wanted:
            if form and part is not None and not fits_go_type(part, form):
                found = name_go_type(part)
                return key, f"json: cannot unmarshal {found} into Go struct field Config.{key} of type {form}"
    return None


def fits_go_type(value: Any, wanted: str) -> bool:
    """Return whether Go decodes a JSON value to that type."""
    kinds = {"bool": "bool", "int": "number", "string": "string", "[]string": "array"}
    return name_go_type(value) == kinds.get(wanted, "object")


def name_go_type(value: Any) -> str:
    """Name the kind of a JSON value as Go does."""
    names: Mapping[type, str] = {bool: "bool", str: "string", dict: "object", list: "array"}
    return names.get(type(value), "number")
