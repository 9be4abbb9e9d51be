"""Kind `seccomp-file`: whether a file of the working folder is a seccomp profile."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import WORKDIR
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.seccomp.machine import MODERN_LOADER_SINCE, parse_docker_version
from dckgrade.probes.seccomp.profile import InvalidSeccompProfile, SeccompProblem, parse_seccomp_profile
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.probes.support.supply import NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text


class Facts(Struct, frozen=True, kw_only=True):
    """What Docker's loader would say of the file."""

    valid: bool
    problem: SeccompProblem | None
    """not-json; not-a-profile: JSON that the engine would refuse."""
    error: str
    """What is wrong, in the words of the reader, and where (line:column); empty when nothing is."""
    line: int | None
    column: int | None
    """Where, counted from 1; null where no place can be named."""


LABELS: Mapping[str, Text] = {
    "valid": Text(fr="profil valide", en="valid profile"),
    "problem": Text(fr="problème du profil", en="problem of the profile"),
    "error": Text(fr="erreur dans le profil", en="error in the profile"),
    "line": Text(fr="ligne de l'erreur", en="line of the error"),
    "column": Text(fr="colonne de l'erreur", en="column of the error"),
}


WORDS: Mapping[str, ValueWords] = {
    "valid": {
        False: Text(
            fr="le fichier n'est pas un profil seccomp valide", en="the file is not a valid seccomp profile"
        ),
    },
    "problem": {
        "not-json": Text(fr="le fichier n'est pas du JSON", en="the file is not JSON"),
        "not-a-profile": Text(fr="le fichier n'est pas un profil", en="the file is not a profile"),
        None: Text(fr="aucun", en="none"),
    },
}


class SeccompFile(Probe, frozen=True, kw_only=True, tag="seccomp-file"):
    """Read *file* in the working folder (`--workdir`)."""

    file: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="le fichier {asked} n'est pas dans votre dossier de travail",
        en="the file {asked} is not in your working folder",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR,)
    supply: ClassVar[Supply | NotSupplied] = NotSupplied("the file is chosen by the lab")
    example: ClassVar[Mapping[str, Any]] = {"file": "seccomp_profile.json"}

    def observe(self, engine: Engine) -> Observation:
        """Read and parse; nothing of the file but its faults is kept."""
        try:
            modern = parse_docker_version(engine.engine.version) >= MODERN_LOADER_SINCE
            facts = read_seccomp_file_facts(engine.read_file(self.file), modern=modern)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("seccomp-file", trouble)
        return Seen(kind="seccomp-file", facts=msgspec.to_builtins(facts))


def read_seccomp_file_facts(text: bytes, *, modern: bool = True) -> Facts:
    """Check the file by the rules of the engine's loader and of runc."""
    try:
        parse_seccomp_profile(text, modern=modern)
    except InvalidSeccompProfile as bad:
        error = f"{bad.detail[:200]} ({bad.line}:{bad.column})" if bad.line else bad.detail[:200]
        return Facts(valid=False, problem=bad.what, error=error, line=bad.line, column=bad.column)
    return Facts(valid=True, problem=None, error="", line=None, column=None)
