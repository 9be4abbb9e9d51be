"""The address of an engine that its owner gives up → an engine to use up, left as empty as it was."""

import contextlib
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Self

from dckgrade.engine.endpoint import EngineTrouble
from dckgrade.i18n import N_, UserError
from dckgrade.prove.engines.docker_command import docker, images, listed, remove_images

EVERYTHING = {"container": ["--all", "--no-trunc"], "volume": [], "network": []}
REMOVED_WITH = {"container": ["--force", "--volumes"], "volume": ["--force"], "network": []}
NAMED_AT_MOST = 8


class NotEmpty(EngineTrouble):
    """An engine that holds objects which are not ours: proving would remove them."""


class GivenEngine:
    """An engine named with `--host --disposable`, driven through the Docker command as a trainee does."""

    neighbours: Mapping[str, str] = {}

    def __init__(self, host: str) -> None:
        self.host = host
        self.images: set[str] = set()

    def __enter__(self) -> Self:
        if held := self.held():
            more = ["…"] if len(held) > NAMED_AT_MOST else []
            raise NotEmpty(
                N_("The engine at {host} holds objects that are not ours: {held}."),
                N_("Remove them, or leave --host out: dckgrade then starts an engine of its own."),
                host=self.host,
                held=", ".join([*held[:NAMED_AT_MOST], *more]),
            )
        # Images are only read by cases: those of its owner stay, and ours go when we go.
        self.images = images(self.host)
        return self

    def __exit__(self, *_: object) -> None:
        self.empty()
        remove_images(self.host, self.images)

    def held(self) -> list[str]:
        """Name what proving would remove; a member of a swarm is not ours to use up either."""
        names = [
            f"{what} {name[:12] if what == 'container' else name}"
            for what, options in EVERYTHING.items()
            for name in listed(self.host, what, *options)
        ]
        swarm = docker(self.host, "info", "--format", "{{.Swarm.LocalNodeState}}").strip()
        return [*names, *([f"swarm {swarm}"] if swarm not in {"inactive", ""} else [])]

    def empty(self) -> None:
        """Leave the swarm, remove every container, volume and network; images stay."""
        with contextlib.suppress(UserError):  # most are in none
            docker(self.host, "swarm", "leave", "--force")
        for what, options in REMOVED_WITH.items():
            if names := listed(self.host, what, *EVERYTHING[what]):
                docker(self.host, what, "rm", *options, *names)

    def network(self) -> AbstractContextManager[None]:
        """Stay where we are: its owner has seen to it that its containers can be reached from here."""
        return nullcontext()
