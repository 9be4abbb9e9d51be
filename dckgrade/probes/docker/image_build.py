"""Kind `image-build`: what an image is made of, how it starts, and which secrets its settings tell."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import WORKDIR
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.docker.image_lookup import (
    NO_SUCH_IMAGE,
    FoundImage,
    ImageFoundBy,
    ImageName,
    find_image,
)
from dckgrade.probes.docker.secret_words import WorkFile, read_secret_words
from dckgrade.probes.support import value_words
from dckgrade.probes.support.lookup import (
    ContainerName,
    convert_to_observation,
    find_container,
)
from dckgrade.probes.support.secret_names import names_secret
from dckgrade.probes.support.supply import EACH_IMAGE, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

MadeBy = Literal["dockerfile", "import", "other"]
Form = Literal["exec", "shell", "none"]
ContainerImage = Literal["this", "older", "other"]

MAX_NAMES = 10
BUILDKIT_COMMENT, IMPORT_COMMENT = "buildkit.dockerfile", "Imported from"
LEGACY_STEP_PATTERN = re.compile(r"^(?:/bin/sh -c |\|\d+ |.{0,200}#\(nop\) )", re.DOTALL)
ARGUMENTS_PATTERN = re.compile(r"(?:^|\s)\|(\d{1,3}) ")
"""`|2 TOKEN=… LEVEL=… /bin/sh -c make`: the build arguments that a step was given, and how many."""
ASSIGNED_PATTERN = re.compile(r"(?<![\w.-])([A-Za-z_][A-Za-z0-9_]*)=(?=[^\s=])")
FLAG_PATTERN = re.compile(r"(?<![\w.-])--?([A-Za-z][\w-]{1,60})[= ](?=[^\s-])")
DECLARED_PATTERN = re.compile(r"^(?:/bin/sh -c #\(nop\)\s+)?ARG\s+([A-Za-z_]\w*)=(\S.*)$", re.DOTALL)
SET_PATTERN = re.compile(r"^(?:/bin/sh -c #\(nop\)\s+)?(?:ENV|ARG|LABEL)\s+(.*)$", re.DOTALL)
NAMED_VALUE_PATTERN = re.compile(
    r"(?:(?<=[\w.-])=|(?<![\w.-])--?[A-Za-z][\w-]{1,60}[= ](?=[^\s-]))[\"']?[^\s\"']+"
)
"""A value that has a name before it: `TOKEN=…`, `--token …`."""
INSTRUCTION_PATTERN = re.compile(r"(?:/bin/sh -c #\(nop\)\s+)?([A-Z]{3,12})\s")
REMOVING_PATTERN = re.compile(r"\brm\s+-\w*[rf]|\b(?:apt|apt-get)\s.{0,20}(?:purge|remove)|\bapk\s+del\b")
ROOT_NAMES = {"", "0", "root"}
SHELL_PATTERN = re.compile(r"(?:^|/)(?:ba|da|a|k|z)?sh$")


class Facts(Struct, frozen=True, kw_only=True):
    """What inspect and the history tell of an image."""

    name: str
    found_by: ImageFoundBy
    """name, or near-miss: another tag of the same name, or a name within two edits."""
    other_tags: list[str]
    """Its further names."""
    container_image: ContainerImage | None
    """Of which image the container is: this one; one that had this name when the container was made; another
    one. Null without a container."""
    size_bytes: int
    """As `docker images` shows it: all its layers. Where containerd keeps the images, packed and unpacked."""
    layers: int
    made_by: MadeBy
    """dockerfile, import (`docker import`), or other: `docker commit`, or a tool of its own."""
    user: str
    """Whom its program runs as; empty: root."""
    starts_as_root: bool
    entrypoint_form: Form
    """How its program is started: by itself, by a shell, or not at all."""
    start_file: str
    """The program that is started: the first word of its command, such as `/start.sh`."""
    removes_files: bool
    """Whether a step removes files or packages: what an earlier step wrote is hidden by that, not removed."""
    stop_signal: str | None
    health: bool
    """Whether it brings a health check."""
    secret_names: list[str]
    """The variables, build arguments, flags and labels that hold a secret, by their names, or by their values
    where those of a file are known. Of a value that stands in a step under no name, the step's instruction,
    such as CMD, HEALTHCHECK or RUN."""
    argument_names: list[str]
    """Those of them that were build arguments."""
    words_known: bool
    """Whether the file whose secret values are looked for was read."""


LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom de l'image", en="image name"),
    "found_by": Text(fr="nom de l'image trouvée", en="image name found"),
    "other_tags": Text(fr="autres noms de l'image", en="other names of the image"),
    "container_image": Text(fr="image du conteneur", en="container image"),
    "size_bytes": Text(fr="taille de l'image", en="image size"),
    "layers": Text(fr="nombre de couches", en="number of layers"),
    "made_by": Text(fr="image faite par", en="image made by"),
    "user": Text(fr="utilisateur de l'image", en="user of the image"),
    "starts_as_root": Text(fr="démarrage en root", en="starts as root"),
    "entrypoint_form": Text(fr="forme de la commande de démarrage", en="form of the start command"),
    "start_file": Text(fr="programme de démarrage", en="program that is started"),
    "removes_files": Text(fr="étape qui supprime des fichiers", en="step that removes files"),
    "stop_signal": Text(fr="signal d'arrêt", en="stop signal"),
    "health": Text(fr="contrôle de santé dans l'image", en="health check in the image"),
    "secret_names": Text(fr="secrets dans les réglages de l'image", en="secrets in the image's settings"),
    "argument_names": Text(
        fr="secrets parmi les arguments de construction", en="secrets among build arguments"
    ),
    "words_known": Text(fr="fichier de secrets lu", en="file of secrets read"),
}


WORDS: Mapping[str, ValueWords] = {
    "found_by": value_words.FOUND_BY,
    "container_image": {
        "this": Text(fr="cette image", en="this image"),
        "older": Text(fr="une version plus ancienne", en="an older build"),
        "other": Text(fr="une autre image", en="another image"),
        None: Text(fr="aucun conteneur", en="no container"),
    },
    "made_by": {
        "dockerfile": Text(fr="un Dockerfile", en="a Dockerfile"),
        "import": Text(fr="docker import", en="docker import"),
        "other": Text(fr="autre chose", en="something else"),
    },
    "entrypoint_form": {
        "exec": Text(fr="liste de mots (exec)", en="list of words (exec)"),
        "shell": Text(fr="ligne de shell (shell)", en="line of a shell (shell)"),
        "none": Text(fr="aucune", en="none"),
    },
    "health": {
        False: Text(fr="l'image n'a aucun contrôle de santé", en="the image has no health check"),
    },
}


class ImageBuild(Probe, frozen=True, kw_only=True, tag="image-build"):
    """
    Look at the image called *name*, and at whether the container called *container* was made from it.

    Values of secrets are compared, and never kept.
    """

    name: ImageName
    container: ContainerName | None = None
    """The container that should run it."""
    words_of: WorkFile | None = None
    """A file of the working folder, `NAME=value` on each line: its secret values must not be told."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.LIST
    absent: ClassVar[Text] = NO_SUCH_IMAGE
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR,)
    supply: ClassVar[Supply | NotSupplied] = EACH_IMAGE
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "starts_as_root": DraftedFact(
            {False: Text(fr="ne démarre pas en root", en="does not start as root")}
        ),
        "health": DraftedFact({True: Text(fr="a une vérification de santé", en="has a health check")}),
    }
    example: ClassVar[Mapping[str, Any]] = {"name": "mon-app:1.0", "container": "app"}

    def observe(self, engine: Engine) -> Observation:
        """Inspect it, read its history, inspect the container."""
        try:
            found = find_image(engine, self.name)
            words = read_secret_words(engine, self.words_of)
            history = engine.read_history(found.id or found.name)
            made_from = self.container and compare_container_image(engine, self.container, found)
            facts = read_build_facts(found, history, made_from or None, words)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("image-build", trouble)
        return Seen(kind="image-build", facts=msgspec.to_builtins(facts))


def compare_container_image(engine: Engine, container: str, image: FoundImage) -> ContainerImage | None:
    """Return of which image a container was made; None when there is no such container."""
    try:
        inspected = engine.inspect_container(find_container(engine, container).id)
    except NotThere:
        return None
    if inspected.get("Image") == image.id:
        return "this"
    asked = str((inspected.get("Config") or {}).get("Image") or "")
    return "older" if add_default_tag(asked) == add_default_tag(image.name) else "other"


def add_default_tag(name: str) -> str:
    """Return an image's name with its tag: `mon-app` means `mon-app:latest`."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def read_build_facts(
    found: FoundImage,
    history: Sequence[Json],
    made_from: ContainerImage | None,
    words: Sequence[bytes] | None,
) -> Facts:
    """Read the facts out of the answers to inspect and history."""
    image, config = found.inspected, found.inspected.get("Config") or {}
    user = str(config.get("User") or "")
    variables = list(split_variables(config.get("Env") or []))
    arguments = [
        pair for step in history for pair in (*list_step_arguments(step), *list_declared_arguments(step))
    ]
    written = [pair for step in history for pair in list_written_names(step)]
    known = [word.decode(errors="replace") for word in words or ()]
    return Facts(
        name=found.name,
        found_by=found.found_by,
        other_tags=[str(tag) for tag in image.get("RepoTags") or [] if tag != found.name],
        container_image=made_from,
        size_bytes=image.get("Size") or 0,
        layers=len((image.get("RootFS") or {}).get("Layers") or []),
        made_by=identify_maker(history),
        user=user,
        starts_as_root=user.partition(":")[0] in ROOT_NAMES,
        entrypoint_form=identify_form(config),
        start_file=next(iter([*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]), ""),
        removes_files=any(REMOVING_PATTERN.search(str(step.get("CreatedBy") or "")) for step in history),
        stop_signal=config.get("StopSignal") or None,
        health=has_health_check(config),
        secret_names=sorted(
            {
                *list_secret_names([*variables, *arguments, *written], known),
                *list_telling_instructions(config, history, known),
            }
        )[:MAX_NAMES],
        argument_names=list_secret_names(arguments, known),
        words_known=words is not None,
    )


def split_variables(entries: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield name and value of each variable of an environment."""
    for entry in entries:
        name, _, value = str(entry).partition("=")
        yield name, value


def list_step_arguments(step: Json) -> list[tuple[str, str]]:
    """Return name and value of the build arguments that a step was given: `|1 TOKEN=… /bin/sh -c make`."""
    written = str(step.get("CreatedBy") or "")
    marked = ARGUMENTS_PATTERN.search(written[:200])
    if not marked:
        return []
    found = list(ASSIGNED_PATTERN.finditer(written, marked.end()))[: int(marked[1])]
    return [(match[1], written[match.end() :]) for match in found]


def list_declared_arguments(step: Json) -> list[tuple[str, str]]:
    """Return name and value of the build argument that a step declares: BuildKit writes what it was given."""
    declared = DECLARED_PATTERN.match(str(step.get("CreatedBy") or ""))
    return [(declared[1], declared[2])] if declared else []


def list_written_names(step: Json) -> list[tuple[str, str]]:
    """Return what a step itself writes: variables that it sets, and flags that it gives to a program."""
    written = str(step.get("CreatedBy") or "")
    if step_sets_values(written):
        return [
            (match[1], written[match.end() :])
            for match in re.finditer(r"(?<![\w.-])([A-Za-z_][\w.-]*)=", written)
        ]
    patterns = (ASSIGNED_PATTERN, FLAG_PATTERN)
    return [(match[1], written[match.end() :]) for pattern in patterns for match in pattern.finditer(written)]


def step_sets_values(written: str) -> bool:
    """Return whether a step is ENV, ARG or LABEL."""
    return bool(SET_PATTERN.match(written))


def list_secret_names(pairs: Iterable[tuple[str, str]], words: Sequence[str]) -> list[str]:
    """Return the names that tell a secret, or whose value begins with a word that is one."""
    found = {
        name
        for name, value in pairs
        if (value.strip() and names_secret(name) and not refers_to_variable(value))
        or any(value.lstrip("\"'").startswith(word) for word in words)
    }
    return sorted(found)[:MAX_NAMES]


def list_telling_instructions(config: Json, history: Sequence[Json], words: Sequence[str]) -> Iterator[str]:
    """
    Yield the instructions in which a secret value stands that no name before it tells.

    What starts the program is read from the settings, too: an image that was committed or imported has it
    there alone.
    """
    health = (config.get("Healthcheck") or {}).get("Test") or []
    settings = {"CMD": config.get("Cmd"), "ENTRYPOINT": config.get("Entrypoint"), "HEALTHCHECK": health}
    texts = [(name, " ".join(map(str, value or []))) for name, value in settings.items()]
    steps = [str(step.get("CreatedBy") or "") for step in history]
    for instruction, text in (*texts, *((name_instruction(step), step) for step in steps)):
        bare = NAMED_VALUE_PATTERN.sub("=", text)
        if any(word in bare for word in words):
            yield instruction


def name_instruction(written: str) -> str:
    """Return the instruction that made a step; what Docker's first builder wrote without one is RUN."""
    found = INSTRUCTION_PATTERN.match(written)
    return found[1] if found else "RUN"


def refers_to_variable(value: str) -> bool:
    """Return whether a value is only taken from elsewhere: `$TOKEN`, `$(cat FILE)`, `/run/secrets/token`."""
    return bool(re.match(r"[\"']?(?:\$[A-Za-z_({]|/run/secrets/)", value))


def identify_maker(history: Sequence[Json]) -> MadeBy:
    """Return what made the image, after its last step."""
    last = next(iter(history), {})
    comment, written = str(last.get("Comment") or ""), str(last.get("CreatedBy") or "")
    if any(str(step.get("Comment") or "").startswith(IMPORT_COMMENT) for step in history[:1]):
        return "import"
    by_file = comment.startswith(BUILDKIT_COMMENT) or bool(LEGACY_STEP_PATTERN.match(written))
    return "dockerfile" if by_file else "other"


def identify_form(config: Json) -> Form:
    """Return how the program is started: Docker writes a shell before a command that is a text."""
    command = [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]
    if not command:
        return "none"
    return "shell" if SHELL_PATTERN.search(command[0]) and "-c" in command[1:2] else "exec"


def has_health_check(config: Json) -> bool:
    """Return whether the settings bring a health check; NONE switches that of a base image off."""
    test = (config.get("Healthcheck") or {}).get("Test") or []
    return len(test) > 1 and test[0] != "NONE"
