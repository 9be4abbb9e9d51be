"""Kind `compose-file`: what the Compose file of the working folder says, and whether that is what runs."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import WORKDIR
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.compose.compose_differences import Compared, list_differences
from dckgrade.probes.compose.compose_model import (
    UNDECLARED,
    ComposeModel,
    Fault,
    ModelProblem,
    build_model,
    find_model_fault,
    list_literal_secrets,
    list_variables,
    list_waits,
    override_data,
)
from dckgrade.probes.compose.compose_yaml import YamlRefused, YamlTree, read_compose_yaml
from dckgrade.probes.compose.projects import Project, ServiceName, get_label, list_projects, show_name
from dckgrade.probes.support import value_words
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.probes.support.supply import EACH_PROJECT, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

FILE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""The names that Compose looks for, the first that is there counts."""
MAX_LISTED = 50
ENV_FILE = ".env"
ENV_NAME_PATTERN = re.compile(rb"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*[=:]", re.MULTILINE)
PLAIN_NAME_PATTERN = re.compile(r"[\w][\w.-]{0,99}")


class Facts(Struct, frozen=True, kw_only=True):
    """What the file says, without a single value, and how the containers differ from it."""

    file: str
    several: list[str]
    """All files of a name that Compose looks for: it reads the first."""
    problem: ModelProblem | None
    """Why Compose refuses it; null where it does not, as far as is known."""
    line: int | None
    """Where, from 1; null without a problem."""
    about: str
    """The key or name that the problem is about; empty where it is about none."""
    services: list[str]
    version_line: bool
    """Whether it begins with a version, which Compose no longer reads."""
    literal_secrets: list[str]
    """Variables whose value is a password, key or token that is written out."""
    unset_variables: list[str]
    """Variables that it uses without a value of their own, and that `.env` beside it does not set."""
    waits: list[str]
    """What its services wait for, as `wordpress:db:service_healthy`."""
    parts_elsewhere: bool
    """Whether it takes over parts of other files (`include`, `extends`), which are not followed."""
    differs: list[str]
    """Keys of which the containers are otherwise, as `wordpress: restart`."""
    not_made: list[str]
    """Services without a container, other than those of a profile."""
    in_force: bool | None
    """Whether the containers are as it says; null where parts of it are elsewhere."""


LABELS: Mapping[str, Text] = {
    "file": Text(fr="fichier Compose", en="Compose file"),
    "several": Text(fr="fichiers Compose du dossier", en="Compose files of the folder"),
    "problem": Text(fr="raison du refus", en="reason for the refusal"),
    "line": Text(fr="ligne", en="line"),
    "about": Text(fr="mot en cause", en="word in question"),
    "services": Text(fr="services du fichier", en="services of the file"),
    "version_line": Text(fr="ligne de version", en="line of the version"),
    "literal_secrets": Text(fr="secrets écrits en clair", en="secrets written out"),
    "unset_variables": Text(fr="variables sans valeur", en="variables without a value"),
    "waits": Text(fr="attentes entre services", en="waiting between services"),
    "parts_elsewhere": Text(fr="parties prises à d'autres fichiers", en="parts of other files"),
    "differs": Text(fr="écarts entre fichier et conteneurs", en="differences of file and containers"),
    "not_made": Text(fr="services du fichier sans conteneur", en="services of the file without a container"),
    "in_force": Text(fr="fichier en vigueur", en="file in force"),
}


WORDS: Mapping[str, ValueWords] = {
    "problem": {
        "tab": Text(fr="tabulation dans l'indentation", en="tab in the indentation"),
        "syntax": Text(fr="erreur de syntaxe YAML", en="YAML syntax error"),
        "duplicate-key": Text(fr="clé écrite deux fois", en="key written twice"),
        "too-large": Text(fr="fichier trop grand", en="file too large"),
        "not-text": Text(fr="le fichier n'est pas du texte", en="the file is not text"),
        "empty": Text(fr="fichier vide", en="empty file"),
        "not-a-project": Text(fr="aucun projet Compose dans le fichier", en="no Compose project in the file"),
        "services-at-the-root": Text(
            fr="services écrits hors de « services »", en="services written outside “services”"
        ),
        "not-a-mapping": Text(fr="élément mal formé", en="malformed element"),
        "network-not-a-mapping": Text(fr="réseau mal déclaré", en="badly declared network"),
        "volume-not-a-mapping": Text(fr="volume mal déclaré", en="badly declared volume"),
        "undefined-network": Text(fr="réseau non déclaré", en="undeclared network"),
        "undefined-volume": Text(fr="volume non déclaré", en="undeclared volume"),
        "environment-mixed": Text(
            fr="variables écrites de deux façons à la fois", en="variables written in two ways at once"
        ),
        None: Text(fr="aucune", en="none"),
    },
    "in_force": {
        False: Text(
            fr="les conteneurs ne correspondent pas à ce fichier", en="the containers do not match this file"
        ),
        None: Text(
            fr="on ne peut pas dire si ce fichier est en vigueur",
            en="whether this file is in force cannot be told",
        ),
    },
    "unset_variables": value_words.NO_ELEMENT_FEMININE,
    "waits": value_words.NO_ELEMENT_FEMININE,
}


class ComposeFile(Probe, frozen=True, kw_only=True, tag="compose-file"):
    """
    Read the Compose file of the working folder, and compare it with the project that has *services*.

    Compose itself is not called: it would read whatever the file names, from the machine that grades.
    """

    services: Annotated[list[ServiceName], Meta(min_length=1, max_length=10)]

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="aucun fichier Compose n'est dans le dossier de travail",
        en="no Compose file is in the working folder",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR,)
    supply: ClassVar[Supply | NotSupplied] = EACH_PROJECT
    example: ClassVar[Mapping[str, Any]] = {"services": ["db", "wordpress"]}

    def observe(self, engine: Engine) -> Observation:
        """Choose the files, read them, compare them with each container."""
        try:
            projects = list_projects(engine, self.services)
            files = read_files(engine, projects[0] if projects else None)
            facts = build_file_facts(engine, files, projects[0] if projects else None)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("compose-file", trouble)
        return Seen(kind="compose-file", facts=msgspec.to_builtins(facts))

    def foresee(self, engine: Engine) -> Observation | None:
        """From elsewhere the trainee's folder is not seen."""
        try:
            read_files(engine, None)
        except NotThere:
            return None
        except OutOfReach as trouble:
            away = trouble.why is UnobservableReason.ELSEWHERE
            return convert_to_observation("compose-file", trouble) if away else None
        return None


class ReadFile(Struct, frozen=True):
    """One file of the working folder."""

    name: str
    content: bytes


def read_files(engine: Engine, project: Project | None) -> Sequence[ReadFile]:
    """
    Read the files that the project was made of, where they are here; else those that Compose would take.

    Raises `NotThere` where none is here.
    """
    used = list_used_names(project) if project else []
    found = [file for name in used if (file := read_if_there(engine, name))]
    if found and len(found) == len(used):
        return found
    several = [file for name in FILE_NAMES if (file := read_if_there(engine, name))]
    if not several:
        raise NotThere(FILE_NAMES[0])
    stem, _, suffix = several[0].name.rpartition(".")
    overrides = (f"{stem}.override.{ending}" for ending in dict.fromkeys([suffix, "yaml", "yml"]))
    return [several[0], *[file for name in overrides if (file := read_if_there(engine, name))][:1]]


def list_used_names(project: Project) -> list[str]:
    """Return the names of the files that a project was made of, without their folders."""
    written = next(filter(None, (get_label(entry, "project.config_files") for entry in project.entries)), "")
    names = [path.replace("\\", "/").rpartition("/")[2] for path in written.split(",") if path]
    return names if all(PLAIN_NAME_PATTERN.fullmatch(name) for name in names) else []


def read_if_there(engine: Engine, name: str) -> ReadFile | None:
    """Read a file of the working folder; None where there is none."""
    try:
        return ReadFile(name, engine.read_file(name))
    except NotThere:
        return None


def build_file_facts(engine: Engine, files: Sequence[ReadFile], project: Project | None) -> Facts:
    """Put what *files* say together, and beside the containers of *project*."""
    fault, data = read_layers(files)
    model = build_model(data)
    differs = compare_services(engine, model, project) if project else []
    not_made = list_not_made(model, project)
    # What a file that Compose refuses says is not what runs, whatever runs.
    broken = fault is not None or project is None
    return Facts(
        file=files[0].name,
        several=[name for name in FILE_NAMES if read_if_there(engine, name)],
        problem=fault.problem if fault else None,
        line=fault.line if fault else None,
        about=show_name(fault.about) if fault else "",
        services=[show_name(name) for name in model.services][:MAX_LISTED],
        version_line=model.version_line,
        literal_secrets=list_literal_secrets(model)[:MAX_LISTED],
        unset_variables=list_unset_variables(engine, data),
        waits=[
            show_name(f"{name}:{wait}")
            for name, service in model.services.items()
            for wait in list_waits(service)
        ][:MAX_LISTED],
        parts_elsewhere=model.follows,
        differs=differs[:MAX_LISTED],
        not_made=not_made[:MAX_LISTED],
        in_force=False if broken or differs or not_made else None if model.follows else True,
    )


def read_layers(files: Sequence[ReadFile]) -> tuple[Fault | None, Mapping[str, Any]]:
    """Return what is wrong with the first file that is broken, and what all of them say together."""
    data: Mapping[str, Any] = {}
    undeclared: Fault | None = None
    for position, file in enumerate(files):
        try:
            tree = read_compose_yaml(file.content)
        except YamlRefused as refused:
            return Fault(refused.problem, refused.line, refused.about), data
        content = tree.data if isinstance(tree.data, dict) else {}
        # An override may use what the first file declares, and needs no services.
        whole = override_data(data, content) if position else content
        fault = find_model_fault(YamlTree(whole if position else tree.data, tree.lines))
        # What the first file uses, the next one may declare; its line is told by the first.
        if fault and undeclared and (fault.problem, fault.about) == (undeclared.problem, undeclared.about):
            fault = undeclared
        if fault and fault.problem in UNDECLARED and position + 1 < len(files):
            undeclared = fault
        elif fault:
            return fault, whole
        data = whole
    return None, data


def compare_services(engine: Engine, model: ComposeModel, project: Project) -> list[str]:
    """Return the differences of each service with its containers, as `wordpress: restart`."""
    found: dict[str, None] = {}
    for name, service in model.services.items():
        for entry in project.list_of(name):
            inspected = engine.inspect_container(str(entry["Id"]))
            compared = Compared(engine, model, project.name, service, inspected)
            found.update(dict.fromkeys(f"{show_name(name)}: {key}" for key in list_differences(compared)))
    return list(found)


def list_not_made(model: ComposeModel, project: Project | None) -> list[str]:
    """Return the services that Compose would make a container for, and that have none."""
    return [
        show_name(name)
        for name, service in model.services.items()
        if "profiles" not in service
        and not has_no_replicas(service)
        and not (project and project.list_of(name))
    ]


def has_no_replicas(service: Mapping[str, Any]) -> bool:
    """Return whether no container is wanted of it: `scale: 0`, in the newer form or the older one."""
    deploy = service.get("deploy")
    replicas = deploy.get("replicas") if isinstance(deploy, dict) else None
    return "0" in (service.get("scale"), replicas)


def list_unset_variables(engine: Engine, data: Mapping[str, Any]) -> list[str]:
    """Return the variables that are used and that `.env` does not set; of it, names alone are read."""
    file = read_if_there(engine, ENV_FILE)
    known = {name.decode() for name in ENV_NAME_PATTERN.findall(file.content)} if file else set()
    return sorted({show_name(name) for name in list_variables(data)} - known)[:MAX_LISTED]
