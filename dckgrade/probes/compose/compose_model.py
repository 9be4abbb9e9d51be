"""What a Compose file declares, out of its text: services, what they use, what Compose would refuse."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from dckgrade.probes.compose.compose_yaml import Path, Value, YamlProblem, YamlTree

TOP_LEVEL_KEYS = {
    "version",
    "name",
    "services",
    "networks",
    "volumes",
    "secrets",
    "configs",
    "include",
    "models",
}
FOLLOWED_ELSEWHERE = {"include", "extends"}
"""What takes over parts of other files: those are not followed."""
SECRET_NAME_PATTERN = re.compile(r"pass|pwd|secret|token|mdp|(?:api|private|access)_?key", re.IGNORECASE)
NO_SECRET_NAME_PATTERN = re.compile(r"_FILE$|RANDOM|ALLOW_EMPTY", re.IGNORECASE)
VARIABLE_PATTERN = re.compile(r"\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)([^}]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
MOUNT_PART_PATTERN = re.compile(r"(?:\$\{[^}]*\}+|[^:])+")
"""What stands between the colons of a mount; those of `${DATA:-data}` are no such colons."""

ModelProblem = (
    YamlProblem
    | Literal[
        "empty",
        "not-a-project",
        "services-at-the-root",
        "not-a-mapping",
        "network-not-a-mapping",
        "volume-not-a-mapping",
        "undefined-network",
        "undefined-volume",
        "environment-mixed",
    ]
)
"""Why a file is no YAML that Compose takes, or no project, which it refuses in words of its own."""


class Fault(Struct, frozen=True):
    """What Compose refuses, on which line, and the key or name that it is about."""

    problem: ModelProblem
    line: int
    about: str = ""


class ComposeModel(Struct, frozen=True):
    """The parts of one Compose file, or of one with its override, that are looked at."""

    services: Mapping[str, Mapping[str, Value]]
    networks: Mapping[str, Value]
    volumes: Mapping[str, Value]
    name: str | None
    version_line: bool
    follows: bool
    """Whether parts of other files are taken over (`include`, `extends`)."""


def find_model_fault(tree: YamlTree) -> Fault | None:
    """Find the first thing that Compose would refuse."""
    data, lines = tree.data, tree.lines
    if data is None:
        return Fault("empty", 1)
    if not isinstance(data, dict):
        return Fault("not-a-project", 1)
    unknown = [key for key in data if key not in TOP_LEVEL_KEYS and not key.startswith("x-")]
    if unknown:
        looks_like_service = (
            isinstance(data[unknown[0]], dict) and {"image", "build"} & data[unknown[0]].keys()
        )
        problem: ModelProblem = "services-at-the-root" if looks_like_service else "not-a-project"
        return Fault(problem, lines.get((unknown[0],), 1), unknown[0])
    services = data.get("services")
    if not isinstance(services, dict) and "include" not in data:
        return Fault("not-a-project", lines.get(("services",), 1), "services")
    return next(iter_faults(data, services if isinstance(services, dict) else {}, lines), None)


def iter_faults(
    data: Mapping[str, Value], services: Mapping[str, Value], lines: Mapping[Path, int]
) -> Iterator[Fault]:
    """Yield what is wrong with networks and volumes, then with each service."""
    declared: dict[str, Mapping[str, Value]] = {}
    for part, problem in PROBLEMS_OF_PARTS.items():
        found = data.get(part)
        if found is not None and not isinstance(found, dict):
            yield Fault(problem, lines.get((part,), 1), part)
        declared[part] = found if isinstance(found, dict) else {}
        for name, value in declared[part].items():
            if value is not None and not isinstance(value, dict):
                yield Fault(problem, lines.get((part, name), 1), name)
    for name, service in services.items():
        if not isinstance(service, dict):
            yield Fault("not-a-mapping", lines.get(("services", name), 1), name)
        else:
            # What it uses without declaring it may stand in a file that is included.
            faults = iter_service_faults(("services", name), service, declared, lines)
            yield from (fault for fault in faults if "include" not in data or fault.problem not in UNDECLARED)


UNDECLARED: set[ModelProblem] = {"undefined-network", "undefined-volume"}
PROBLEMS_OF_PARTS: Mapping[str, ModelProblem] = {
    "networks": "network-not-a-mapping",
    "volumes": "volume-not-a-mapping",
}


def iter_service_faults(
    path: Path,
    service: Mapping[str, Value],
    declared: Mapping[str, Mapping[str, Value]],
    lines: Mapping[Path, int],
) -> Iterator[Fault]:
    """Yield what is wrong with one service; a name with a variable in it may be any."""
    line = lines.get(path, 1)
    for network in list_network_keys(service):
        if network not in {"default", *declared["networks"]} and not has_variable(network):
            yield Fault("undefined-network", lines.get((*path, "networks"), line), network)
    for source in (volume.source for volume in list_volumes(service) if volume.kind == "volume"):
        if source and source not in declared["volumes"] and not has_variable(source):
            yield Fault("undefined-volume", lines.get((*path, "volumes"), line), source)
    environment = service.get("environment")
    if isinstance(environment, list) and (index := find_index_of_mapping(environment)) is not None:
        yield Fault("environment-mixed", lines.get((*path, "environment", index), line), "environment")


def find_index_of_mapping(elements: Sequence[Value]) -> int | None:
    """Return where the first element that is no text stands."""
    return next((index for index, element in enumerate(elements) if not isinstance(element, str)), None)


class VolumeUse(Struct, frozen=True):
    """One mount of a service."""

    kind: str
    """volume, bind, tmpfs, or what the long form calls it; untold: a variable decides."""
    source: str
    """A volume's name or a path; '' for an anonymous volume."""
    target: str


def list_volumes(service: Mapping[str, Value]) -> list[VolumeUse]:
    """Return a service's mounts, in the short form and the long one."""
    written = service.get("volumes")
    return [
        use for entry in (written if isinstance(written, list) else ()) if (use := read_volume_use(entry))
    ]


def read_volume_use(entry: Value) -> VolumeUse | None:
    """Read `data:/var/lib`, `./folder:/srv:ro`, `/anonymous`, or the long form; None for anything else."""
    if isinstance(entry, dict):
        kind, source, target = (str(entry.get(key) or "") for key in ("type", "source", "target"))
        return VolumeUse(kind or "volume", source, target) if target else None
    if not isinstance(entry, str) or not entry:
        return None
    parts = MOUNT_PART_PATTERN.findall(entry)
    if len(parts[:2]) > 1 and len(parts[0]) == 1 and parts[0].isalpha():
        # To Compose one letter is a drive of Windows, never a volume.
        parts = [":".join(parts[:2]), *parts[2:]]
    if len(parts) < 2:  # noqa: PLR2004
        return VolumeUse("volume", "", parts[0]) if parts else None
    return VolumeUse(tell_kind_of_source(parts[0]), parts[0], parts[1])


def tell_kind_of_source(source: str) -> str:
    """Return whether the first part of a short mount is a path or a volume's name, as far as can be told."""
    # A path begins so, after a variable too: `${HOME}/data`.
    written = VARIABLE_PATTERN.sub("", source)
    if "/" in written or "\\" in written or written.startswith((".", "~")):
        return "bind"
    return "untold" if has_variable(source) else "volume"


def has_variable(text: str) -> bool:
    """Return whether a variable stands in *text*; two dollars are one that is meant as such."""
    return any(match[0] != "$$" for match in VARIABLE_PATTERN.finditer(text))


def list_network_keys(service: Mapping[str, Value]) -> list[str]:
    """Return the keys of a service's networks; none where it names none."""
    written = service.get("networks")
    if isinstance(written, dict):
        return list(written)
    return [name for name in (written if isinstance(written, list) else ()) if isinstance(name, str)]


def read_environment(service: Mapping[str, Value]) -> dict[str, str | None]:
    """Return a service's variables, each with its value; None: taken from the shell."""
    written = service.get("environment")
    if isinstance(written, dict):
        return {name: value if isinstance(value, str) else None for name, value in written.items()}
    pairs = [
        entry.partition("=")
        for entry in (written if isinstance(written, list) else ())
        if isinstance(entry, str)
    ]
    return {name: value if equals else None for name, equals, value in pairs}


def list_literal_secrets(model: ComposeModel) -> list[str]:
    """Return the names of variables whose value is a secret that is written out."""
    return sorted(
        {
            name
            for service in model.services.values()
            for name, value in read_environment(service).items()
            if value and "$" not in value and is_secret_name(name)
        }
    )


def is_secret_name(name: str) -> bool:
    """Return whether a variable of that name holds a secret, and not its place or a choice."""
    return bool(SECRET_NAME_PATTERN.search(name)) and not NO_SECRET_NAME_PATTERN.search(name)


def list_variables(value: Value) -> Iterator[str]:
    """Yield the variables without a value of their own (`${X:-…}`) that are used in *value* and below."""
    if isinstance(value, str):
        for match in VARIABLE_PATTERN.finditer(value):
            name = match[1] or match[3]
            if name and not (match[2] or "").startswith(("-", ":-", "+", ":+")):
                yield name
    elif isinstance(value, dict):
        for inner in value.values():
            yield from list_variables(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from list_variables(inner)


def list_waits(service: Mapping[str, Value]) -> list[str]:
    """Return what a service waits for, as `db:service_healthy`; the short form waits for the start alone."""
    written = service.get("depends_on")
    if isinstance(written, dict):
        return [
            f"{name}:{(value if isinstance(value, dict) else {}).get('condition') or 'service_started'}"
            for name, value in written.items()
        ]
    return [f"{name}:service_started" for name in (written if isinstance(written, list) else ())]


def build_model(data: Mapping[str, Value]) -> ComposeModel:
    """Build the model of what was read, whatever of it Compose would refuse."""
    parts: dict[str, Any] = {
        part: found if isinstance(found := data.get(part), dict) else {}
        for part in ("services", "networks", "volumes")
    }
    services = {name: service for name, service in parts["services"].items() if isinstance(service, dict)}
    name = data.get("name")
    return ComposeModel(
        services=services,
        networks=parts["networks"],
        volumes=parts["volumes"],
        name=name if isinstance(name, str) else None,
        version_line="version" in data,
        follows="include" in data or any("extends" in service for service in services.values()),
    )


def override_data(base: Mapping[str, Value], override: Mapping[str, Value]) -> dict[str, Value]:
    """
    Return *base* as an override file changes it.

    Mappings are merged, ports and other lists are added to, commands are replaced:
    https://docs.docker.com/reference/compose-file/merge/.
    """
    merged = dict(base)
    for key, value in override.items():
        before = merged.get(key)
        if key == "environment":
            merged[key] = {**read_environment({key: before}), **read_environment({key: value})}
        elif key in {"networks", "depends_on"} and (isinstance(before, list) or isinstance(value, list)):
            merged[key] = {**to_mapping(before), **to_mapping(value)}
        elif isinstance(before, dict) and isinstance(value, dict):
            is_replaced = key == "logging" and have_different_drivers(before, value)
            merged[key] = value if is_replaced else override_data(before, value)
        elif isinstance(before, list) and isinstance(value, list) and key not in REPLACED_LISTS:
            merged[key] = replace_targets(before, value) if key == "volumes" else [*before, *value]
        else:
            merged[key] = value
    return merged


def have_different_drivers(before: Mapping[str, Value], value: Mapping[str, Value]) -> bool:
    """Return whether both name a driver, each another one: its options mean nothing to the other."""
    return "driver" in before and "driver" in value and before["driver"] != value["driver"]


REPLACED_LISTS = {"command", "entrypoint", "test"}


def to_mapping(value: Value) -> Mapping[str, Value]:
    """Return the keys of a list as a mapping to null; a mapping as it is."""
    if isinstance(value, list):
        return {name: None for name in value if isinstance(name, str)}
    return value if isinstance(value, dict) else {}


def replace_targets(before: Sequence[Value], value: Sequence[Value]) -> list[Value]:
    """Return the mounts of both, those of *value* in the place of others with the same target."""
    targets = {use.target for entry in value if (use := read_volume_use(entry))}
    kept = [entry for entry in before if not ((use := read_volume_use(entry)) and use.target in targets)]
    return [*kept, *value]
