"""An engine that its owner gives up: used up, and left as empty as it was."""

import contextlib
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Self

from dckgrade.engine.endpoint import EngineError
from dckgrade.i18n import N_, UserError
from dckgrade.prove.engines.docker_command import (
    list_image_references,
    list_object_names,
    remove_images,
    run_docker,
)

LIST_OPTIONS = {"container": ["--all", "--no-trunc"], "volume": [], "network": []}
REMOVE_OPTIONS = {"container": ["--force", "--volumes"], "volume": ["--force"], "network": []}
MAX_NAMED_OBJECTS = 8


class EngineNotEmpty(EngineError):
    """An engine that holds objects which are not ours: proving would remove them."""


class GivenEngine:
    """An engine named with `--host --disposable`, driven through the Docker command as a trainee does."""

    script_environment: Mapping[str, str] = {}

    def __init__(self, host: str) -> None:
        self.host = host
        self.owner_images: set[str] = set()

    def __enter__(self) -> Self:
        if held := self.list_foreign_objects():
            more = ["…"] if len(held) > MAX_NAMED_OBJECTS else []
            raise EngineNotEmpty(
                N_("The engine at {host} holds objects that are not ours: {held}."),
                N_("Remove them, or leave --host out: dckgrade then starts an engine of its own."),
                host=self.host,
                held=", ".join([*held[:MAX_NAMED_OBJECTS], *more]),
            )
        # Images are only read by cases: those of its owner stay, and ours go when we go.
        self.owner_images = list_image_references(self.host)
        return self

    def __exit__(self, *_: object) -> None:
        self.empty()
        remove_images(self.host, self.owner_images)

    def list_foreign_objects(self) -> list[str]:
        """Name what proving would remove; a member of a swarm is not ours to use up either."""
        names = [
            f"{what} {name[:12] if what == 'container' else name}"
            for what, options in LIST_OPTIONS.items()
            for name in list_object_names(self.host, what, *options)
        ]
        swarm = run_docker(self.host, "info", "--format", "{{.Swarm.LocalNodeState}}").strip()
        return [*names, *([f"swarm {swarm}"] if swarm not in {"inactive", ""} else [])]

    def empty(self) -> None:
        """Leave the swarm, remove every container, volume and network; images stay."""
        with contextlib.suppress(UserError):  # most are in none
            run_docker(self.host, "swarm", "leave", "--force")
        for what, options in REMOVE_OPTIONS.items():
            if names := list_object_names(self.host, what, *LIST_OPTIONS[what]):
                run_docker(self.host, what, "rm", *options, *names)

    def enter_network(self) -> AbstractContextManager[None]:
        """Do nothing: its owner has seen to it that its containers can be reached from here."""
        return nullcontext()
