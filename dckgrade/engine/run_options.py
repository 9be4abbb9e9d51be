"""What the user chose for one run, and the inputs that labs ask of the user."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from dckgrade.engine.dockerd import OwnDockerd
from dckgrade.i18n import Lang

CONTAINER = "container"
"""The input that names the container to grade where a lab leaves it unnamed; without it, facts choose."""
WORKDIR = "workdir"
"""The input that names the folder of the trainee's own files; without it, there are none."""


class RunOptions(Struct, frozen=True, kw_only=True):
    """What the user chose for one run, and what its labs are about."""

    lang: Lang = "fr"
    only: list[str] = field(default_factory=list)
    passive: bool = False
    """Run nothing in a container, and create none."""
    at_once: bool = False
    """Judge now: what is still inside its budget is reported as starting."""
    timeout_s: float = 90.0
    trainee: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    """What labs ask of the user, by the names under `inputs:`; passwords too: never shown, never kept."""
    lab_containers: Mapping[str, str | None] = field(default_factory=dict)
    """The containers that the labs of the run name, each with its image, where a lab gives one."""
    elsewhere: bool = False
    """The trainee's files are on another machine: none of ours is theirs, and none is reported as missing."""
    environment: Mapping[str, str] | None = None
    """Where the trainee's programs and caches are (PATH, HOME…); None: our own environment."""
    dockerd: OwnDockerd | None = None
    """The engine is one that we have started; None: its files are where facts say."""

    @property
    def workdir(self) -> Path | None:
        """The folder of the trainee's own files; None: there are none."""
        return Path(self.inputs[WORKDIR]) if self.inputs.get(WORKDIR) else None

    def __repr__(self) -> str:
        return f"RunOptions(inputs={sorted(self.inputs)}, ***)"


def name_account_inputs(service: str) -> tuple[str, str]:
    """Return the names of the inputs that hold the user and the password of *service*."""
    return f"{service}-user", f"{service}-password"
