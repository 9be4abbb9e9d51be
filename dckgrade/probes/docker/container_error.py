"""Kind `container-error`: what the engine or a container's program says is wrong, in its own words."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.docker.error_lines import find_error_line, find_program, shorten_error
from dckgrade.probes.docker.image_names import list_image_names
from dckgrade.probes.support.lookup import (
    NO_SUCH_CONTAINER,
    ContainerSelector,
    FoundContainer,
    convert_to_observation,
    find_container,
    get_repository_name,
)
from dckgrade.probes.support.service import find_id_and_state
from dckgrade.probes.support.supply import NotSupplied, Supply, each_container
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text


class Facts(Struct, frozen=True, kw_only=True):
    """What is said to be wrong, by whom, and where that can be read."""

    program: str
    """Docker for the engine's own error at the start; else the program that the image is made for."""
    text: str | None
    """One line of at most 300 characters, secrets masked; null where nothing is said."""
    place: str
    """The command that shows it."""


class ContainerError(Probe, frozen=True, kw_only=True, tag="container-error"):
    """Quote what went wrong with the container *name*; *image* finds it under another name."""

    name: ContainerSelector
    image: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9._-]*$")] | None = None

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = {
        "program": Text(fr="programme", en="program"),
        "text": Text(fr="erreur du programme", en="error of the program"),
        "place": Text(fr="où elle se lit", en="where it can be read"),
    }
    supply: ClassVar[Supply | NotSupplied] = each_container("name")
    example: ClassVar[Mapping[str, Any]] = {"name": "webservers", "image": "nginx"}

    def observe(self, engine: Engine) -> Observation:
        """Find, inspect, read the log."""
        subject: FoundContainer | None = None
        try:
            subject = find_subject(engine, self.name, self.image)
            facts = read_error_facts(engine, subject, engine.inspect_container(subject.id), self.image)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("container-error", trouble, subject)
        return Seen(kind="container-error", facts=msgspec.to_builtins(facts))


def find_subject(engine: Engine, name: str, image: str | None) -> FoundContainer:
    """Find the container called *name*, or the one that the topic behind `@apparmor`, `@seccomp` chooses."""
    if not name.startswith("@"):
        return find_container(engine, name, image)
    container, state = find_id_and_state(engine, name)
    found_name = str(engine.inspect_container(container).get("Name") or "").lstrip("/") or container[:12]
    return FoundContainer(id=container, name=found_name, state=state, found_by="image", others=0)


def read_error_facts(
    engine: Engine, subject: FoundContainer, inspected: Json, wanted_image: str | None
) -> Facts:
    """Read the engine's error of a container that does not run, else the last error in its log."""
    state, config = (inspected.get(part) or {} for part in ("State", "Config"))
    ended = not state.get("Running") or bool(state.get("Restarting"))
    if ended and (refusal := str(state.get("Error") or "")):
        place = f"docker inspect {subject.name}: State.Error"
        return Facts(program="Docker", text=shorten_error(refusal), place=place)
    names = map(get_repository_name, reversed(list_image_names(inspected, wanted_image, engine)))
    program = find_program(next(names))
    log = engine.read_log_tail(subject.id, tty=bool(config.get("Tty")))
    return Facts(
        program=program.name,
        text=find_error_line(program, log, ended=ended and bool(state.get("ExitCode"))),
        place=f"docker logs {subject.name}",
    )
