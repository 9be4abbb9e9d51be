"""The address of an engine that its owner gives up → an engine to use up, left as empty as it was."""

import contextlib
import json
import subprocess
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Self

from dckgrade.words import N_, Trouble

WITHIN_S = 120
BUILT_IN = {"bridge", "host", "none", "ingress", "docker_gwbridge"}
"""Networks that come with an engine, or with its first swarm, whose remains a later swarm takes over."""


class NotEmpty(Trouble):
    """An engine that holds objects which are not ours: proving would remove them."""


class GivenEngine:
    """An engine named with `--host --disposable`, driven through the Docker command as a trainee does."""

    neighbours: Mapping[str, str] = {}

    def __init__(self, host: str) -> None:
        self.host = host
        self.images: set[str] = set()

    def __enter__(self) -> Self:
        found = {what: self.listed(what) for what in ("container", "volume", "network")}
        found["network"] = [name for name in found["network"] if name not in BUILT_IN]
        if held := [f"{what} {name}" for what, names in found.items() for name in names]:
            raise NotEmpty(
                N_("The engine at {host} holds objects that are not ours: {held}."),
                N_("Remove them, or leave --host out: dckgrade then starts an engine of its own."),
                host=self.host,
                held=", ".join(held[:8]),
            )
        self.images = set(self.listed("image"))
        return self

    def __exit__(self, *_: object) -> None:
        self.empty()
        if ours := set(self.listed("image")) - self.images:
            self.docker("image", "rm", "--force", *ours)

    def empty(self) -> None:
        """Leave the swarm, remove every container, volume and network; images stay."""
        with contextlib.suppress(Trouble):  # most are in none
            self.docker("swarm", "leave", "--force")
        for what, options in (
            ("container", ["--force", "--volumes"]),
            ("volume", ["--force"]),
            ("network", []),
        ):
            if names := [name for name in self.listed(what) if name not in BUILT_IN]:
                self.docker(what, "rm", *options, *names)

    def network(self) -> AbstractContextManager[None]:
        """Stay where we are: its owner has seen to it that its containers can be reached from here."""
        return nullcontext()

    def listed(self, what: str) -> list[str]:
        """Name all objects of one kind; containers and images by id, since they can be without a name."""
        options = {"container": ["--all", "--no-trunc"], "image": ["--no-trunc"]}.get(what, [])
        rows = self.docker(what, "ls", *options, "--format", "{{json .}}").splitlines()
        field = "Name" if what in {"volume", "network"} else "ID"
        return list(dict.fromkeys(str(json.loads(row)[field]) for row in rows))

    def docker(self, *words: str) -> str:
        """Run one Docker command; `Trouble` with its own words when it fails."""
        done = subprocess.run(
            ["docker", "--host", self.host, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=WITHIN_S,
            check=False,
        )
        if done.returncode:
            raise Trouble(
                N_("`docker {words}` failed: {detail}."),
                words=" ".join(words[:2]),
                detail=done.stderr.strip(),
            )
        return done.stdout
