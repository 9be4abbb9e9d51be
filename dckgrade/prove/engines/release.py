"""The engines that labs are proven on, by name: this machine's own, and those of other Debian suites."""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

EngineBuilder = Callable[[str], Path]
"""Takes a Debian suite; returns a folder with that suite's engine, to stand in the place of /usr."""


class EngineRelease(Struct, frozen=True, kw_only=True):
    """An engine by its name, and where its programs are from."""

    name: str
    suite: str = ""
    """The Debian suite whose packages it is made of; '' for what is installed on this machine."""
    containerd_store: bool = False
    """Whether containerd keeps its images, as from 29 on by default, and not Docker's own graph driver."""


INSTALLED = EngineRelease(name="installed")
RELEASES = {
    release.name: release
    for release in (
        INSTALLED,
        EngineRelease(name="trixie", suite="trixie"),
        EngineRelease(name="trixie-containerd", suite="trixie", containerd_store=True),
        EngineRelease(name="sid", suite="sid"),
        EngineRelease(name="sid-containerd", suite="sid", containerd_store=True),
    )
}
"""By name. Debian 13 (trixie) has 26.1; sid has whatever is newest, 28.5 in November 2026."""
