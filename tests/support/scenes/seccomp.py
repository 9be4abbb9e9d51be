"""Scenes of topic seccomp: an nginx with a profile of its own, which is also the file."""

from collections.abc import Mapping

from dckgrade.engine.answers import CommandResult
from dckgrade.probes.base import Probe
from dckgrade.probes.seccomp.seccomp_call import SeccompCall
from dckgrade.probes.seccomp.seccomp_container import SeccompContainer
from dckgrade.probes.seccomp.seccomp_file import SeccompFile
from dckgrade.probes.seccomp.seccomp_filter import SeccompFilter
from tests.support.handmade_engine import DENY_MKDIR, OWN_SECCOMP, HandmadeEngine
from tests.support.scenes import Scene, SceneBuilder


def show_profile(probe: Probe, state: str = "running") -> list[Scene]:
    """Have a container with the profile, and commands that answer as they do under it."""
    engine = HandmadeEngine(file=DENY_MKDIR).add("mine", OWN_SECCOMP, state=state).add("plain")
    engine.answers = {
        "cat": CommandResult(0, "Name:\tnginx\nSeccomp:\t2\nSeccomp_filters:\t1\n"),
        "mkdir": CommandResult(1, "mkdir: can't create directory '/proc': Operation not permitted"),
    }
    return [Scene(probe, engine)]


SCENES: Mapping[str, SceneBuilder] = {
    "seccomp-call": lambda: show_profile(SeccompCall()),
    "seccomp-container": lambda: [
        *show_profile(SeccompContainer()),
        *show_profile(SeccompContainer(), state="exited"),
    ],
    "seccomp-file": lambda: show_profile(SeccompFile(file="seccomp_profile.json")),
    "seccomp-filter": lambda: show_profile(SeccompFilter()),
}
