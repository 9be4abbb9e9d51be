"""What probes may do to observe more than can be read: all of it harmless, none of it under `--passive`."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Protocol, TypeVar

from dckgrade.engine.answers import CommandResult, Json
from dckgrade.engine.saved_image import SavedArchive

T = TypeVar("T")


class SideEffects(Protocol):
    """Harmless changes on one engine. Only kinds of probes that are not `passive` may make them."""

    def run_command(self, ref: str, argv: Sequence[str]) -> CommandResult:
        """
        Run a short harmless command in a running container, unprivileged.

        Requests: `POST /containers/{ref}/exec`, `POST /exec/{id}/start`, `GET /exec/{id}/json`. A missing
        program is a result: 126 or 127 and the engine's own sentence. Raises `OutOfReach` for a container
        that is stopped, paused, or shares the host's processes.
        """
        ...

    def inspect_started_container(self, image: str) -> Json:
        """
        Create and start a container of the local image with this id, inspect it, and remove it at once.

        It shows what the engine gives every new container, and in `State.Error` why it starts none with that.
        """
        ...

    def start_marker_container(self, image: str, words: str, log: Json | None) -> str:
        """
        Start a container of the local image with this id; return its own id.

        It prints *words* every two seconds; they come from `make_marker`. *log* is the LogConfig to copy, for
        drivers that send lines away (`SENDING_DRIVERS`). The container is removed when the run ends. Raises
        `OutOfReach` with the engine's own sentence where it cannot be started.
        """
        ...

    def run_beside(self, ref: str, image: str, argv: Sequence[str]) -> CommandResult:
        """
        Run one of `build_name_lookup` or `build_connection_trial` in the network of a running container.

        For containers that lack the program: a container of the local *image* with this id is created in the
        network namespace of *ref*, and removed at once. `NotThere`: the image lacks the program, too.
        """
        ...

    def stat_image_paths(self, image: str, paths: Sequence[str]) -> Mapping[str, Json]:
        """
        Describe those of *paths* that the local image with this id holds, once per run.

        By a container of it that is never started, and removed at once.
        """
        ...

    def export_image(self, image: str, words: Sequence[bytes]) -> SavedArchive:
        """
        Read what is in each layer of the local image with this id, once per run; *words* are looked for too.

        Nothing is created, and `--passive` refuses it all the same: the engine writes a copy of the image to
        its disk. The answer is read as it comes. Raises `OutOfReach` above 64 MiB.
        """
        ...

    def call_once_per_run(self, key: Hashable, call: Callable[[], T]) -> T:
        """
        Make *call* the first time in this run; later, return or raise what it did then.

        For what must not be done again.
        """
        ...
