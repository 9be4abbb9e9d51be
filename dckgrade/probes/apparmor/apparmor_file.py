"""Kind `apparmor-file`: whether a profile in the working folder or /etc/apparmor.d can be loaded."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import WORKDIR
from dckgrade.probes.apparmor.candidate import DEFAULT_PROFILE_FILE, read_profile_file
from dckgrade.probes.apparmor.profile import ApparmorProblem, InvalidApparmorProfile, parse_apparmor_profiles
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text


class Facts(Struct, frozen=True, kw_only=True):
    """What the file says; whether it has been loaded only the kernel knows."""

    valid: bool
    """It declares a profile, and nothing in it is sure to be refused."""
    problem: ApparmorProblem | None
    line: int | None
    names: list[str]
    """The profiles that it declares: the words after `profile`."""
    complain: bool
    """One of them has the flag `complain`."""


LABELS: Mapping[str, Text] = {
    "valid": Text(fr="profil valide", en="valid profile"),
    "problem": Text(fr="problème du profil", en="problem of the profile"),
    "line": Text(fr="ligne de l'erreur", en="line of the error"),
    "names": Text(fr="profils déclarés par le fichier", en="profiles declared by the file"),
    "complain": Text(fr="profil en mode complain", en="profile in complain mode"),
}


class ApparmorFile(Probe, frozen=True, kw_only=True, tag="apparmor-file"):
    """Read *file*; it is not loaded, and nothing is asked of the kernel."""

    file: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")] = DEFAULT_PROFILE_FILE

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="aucun profil de ce nom ne se trouve dans le dossier de travail ni dans /etc/apparmor.d",
        en="no profile of that name is in the working folder or in /etc/apparmor.d",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR,)
    example: ClassVar[Mapping[str, Any]] = {"file": "docker-nginx-profile"}

    def observe(self, engine: Engine) -> Observation:
        """Read it once."""
        try:
            facts = read_apparmor_file_facts(read_profile_file(engine, self.file))
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("apparmor-file", trouble)
        return Seen(kind="apparmor-file", facts=msgspec.to_builtins(facts))


def read_apparmor_file_facts(content: bytes) -> Facts:
    """Put the profiles, or what is wrong with them, into facts."""
    try:
        profiles = parse_apparmor_profiles(content)
    except InvalidApparmorProfile as bad:
        return Facts(valid=False, problem=bad.what, line=bad.line, names=[], complain=False)
    return Facts(
        valid=True,
        problem=None,
        line=None,
        names=[profile.name[:100] for profile in profiles][:10],
        complain=any(profile.complain for profile in profiles),
    )
