"""What a probe may do to see more than can be read: each act harmless, and none of it under `--passive`."""

from collections.abc import Callable, Hashable, Sequence
from typing import Protocol, TypeVar

from dckgrade.engine.answers import CommandResult, Json

T = TypeVar("T")


class SideEffects(Protocol):
    """Acts on one engine. Only kinds of probes that are not `passive` may ask for them."""

    def run_command(self, ref: str, argv: Sequence[str]) -> CommandResult:
        """
        Run a short harmless command in a running container, unprivileged (`POST /containers/{ref}/exec`,
        `POST /exec/{id}/start`, `GET /exec/{id}/json`).

        A missing program is an answer: 126 or 127 and the engine's own sentence. Stopped or paused, or with
        the host's processes in sight: `OutOfReach`.
        """
        ...

    def inspect_new_container(self, image: str) -> Json:
        """
        Create a container of the local image with this id, never start it, give what inspect says of it, and
        remove it: it has what the engine gives every new container.
        """
        ...

    def start_marker_container(self, image: str, words: str, log: Json | None) -> str:
        """
        Start a container of the local image with this id that says *words*, made by `make_marker`, on its
        standard output every two seconds; return its id. It is removed when the run ends.

        *log* is the LogConfig to be copied, for drivers that send lines away (`SENDING_DRIVERS`).
        `OutOfReach` with the engine's own sentence where it cannot be started.
        """
        ...

    def call_once_per_run(self, key: Hashable, call: Callable[[], T]) -> T:
        """
        Make *call* at its first time in this run, and give what it gave in every later look too: for what
        must not be done again. What it raised is raised again.
        """
        ...
