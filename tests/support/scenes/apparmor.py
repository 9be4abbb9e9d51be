"""Scenes of topic apparmor: an nginx that is confined by the profile of the file."""

from collections.abc import Mapping, Sequence

from dckgrade.engine.answers import CommandResult
from dckgrade.probes.apparmor.apparmor_container import ApparmorContainer
from dckgrade.probes.apparmor.apparmor_file import ApparmorFile
from dckgrade.probes.apparmor.apparmor_host import ApparmorHost
from dckgrade.probes.apparmor.apparmor_label import ApparmorLabel
from dckgrade.probes.apparmor.apparmor_write import ApparmorWrite
from dckgrade.probes.base import Probe
from tests.support.handmade_engine import OWN_APPARMOR, WRITE_REFUSED, LabelledEngine
from tests.support.scenes import Scene, SceneBuilder

LABEL = "docker-nginx-profile (enforce)"


def show_profile(
    probe: Probe, ran: CommandResult = WRITE_REFUSED, top: Sequence[Sequence[str]] = (("7", "1", LABEL),)
) -> list[Scene]:
    """Have a container with the profile; *ran* is what a shell in it comes to, *top* what `ps` lists."""
    engine = LabelledEngine().add("mine", OWN_APPARMOR).add("other", image="busybox", command="ping 1.1.1.1")
    engine.answers = {"sh": ran}
    engine.top = top
    return [Scene(probe, engine)]


SCENES: Mapping[str, SceneBuilder] = {
    "apparmor-container": lambda: show_profile(ApparmorContainer()),
    "apparmor-file": lambda: show_profile(ApparmorFile()),
    "apparmor-host": lambda: show_profile(ApparmorHost()),
    "apparmor-label": lambda: [
        *show_profile(ApparmorLabel()),
        *show_profile(ApparmorLabel(), CommandResult(0, f"1 (nginx) S 0 1 1\n{LABEL}\n"), top=()),
    ],
    "apparmor-write": lambda: show_profile(ApparmorWrite()),
}
