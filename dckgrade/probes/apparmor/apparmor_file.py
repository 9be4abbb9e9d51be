"""Kind `apparmor-file`: whether a profile in the working folder or /etc/apparmor.d can be loaded."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import NotThere, OutOfReach, ParserAnswer
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import WORKDIR
from dckgrade.probes.apparmor.candidate import DEFAULT_PROFILE_FILE, parse_profile_file, read_profile_file
from dckgrade.probes.apparmor.policy.lexer import InvalidPolicy, Problem
from dckgrade.probes.apparmor.profile import ApparmorProfile
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.probes.support.supply import NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text


class Facts(Struct, frozen=True, kw_only=True):
    """What the file says; whether it has been loaded only the kernel knows."""

    valid: bool
    """It declares a profile, and `apparmor_parser` accepts it; without that program, by its rules."""
    problem: Problem | None
    line: int | None
    names: list[str]
    """The profiles that it declares: the words after `profile`."""
    complain: bool
    """One of them has the flag `complain`."""
    program: str
    """apparmor_parser, if this machine has it."""
    text: str | None
    """Why it refuses the file, in its words, secrets masked; null where it does not, or was not asked."""
    place: str
    """The file and line that it names."""


LABELS: Mapping[str, Text] = {
    "valid": Text(fr="profil valide", en="valid profile"),
    "problem": Text(fr="problème du profil", en="problem of the profile"),
    "line": Text(fr="ligne de l'erreur", en="line of the error"),
    "names": Text(fr="profils déclarés par le fichier", en="profiles declared by the file"),
    "complain": Text(fr="profil en mode complain", en="profile in complain mode"),
    "program": Text(fr="programme", en="program"),
    "text": Text(fr="erreur de l'analyseur", en="error of the parser"),
    "place": Text(fr="endroit de l'erreur", en="place of the error"),
}


WORDS: Mapping[str, ValueWords] = {
    "valid": {
        False: Text(
            fr="le fichier n'est pas un profil AppArmor valide", en="the file is not a valid AppArmor profile"
        ),
    },
    "problem": {
        "no-profile": Text(fr="aucun profil dans le fichier", en="no profile in the file"),
        "not-text": Text(fr="le fichier n'est pas du texte", en="the file is not text"),
        "byte-order-mark": Text(
            fr="marque invisible (BOM) en tête du fichier", en="invisible mark (BOM) at the start of the file"
        ),
        "missing-comma": Text(
            fr="virgule manquante à la fin d'une règle", en="comma missing at the end of a rule"
        ),
        "braces": Text(fr="accolades mal appariées", en="braces that do not match"),
        "undeclared-variable": Text(fr="variable non déclarée", en="undeclared variable"),
        "unknown-word": Text(fr="mot inconnu", en="unknown word"),
        "include-missing": Text(fr="fichier inclus introuvable", en="included file not found"),
        "conflict": Text(fr="règles qui se contredisent", en="rules that contradict each other"),
        "path-pattern": Text(fr="motif de chemin invalide", en="invalid path pattern"),
        "syntax": Text(fr="erreur de syntaxe", en="syntax error"),
        None: Text(fr="aucun", en="none"),
    },
}


class ApparmorFile(Probe, frozen=True, kw_only=True, tag="apparmor-file"):
    """Read *file*, and ask `apparmor_parser` of it: it is not loaded, nothing is asked of the kernel."""

    file: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")] = DEFAULT_PROFILE_FILE

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="aucun profil de ce nom ne se trouve dans le dossier de travail ni dans /etc/apparmor.d",
        en="no profile of that name is in the working folder or in /etc/apparmor.d",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR,)
    supply: ClassVar[Supply | NotSupplied] = NotSupplied("the file is chosen by the lab")
    example: ClassVar[Mapping[str, Any]] = {"file": "docker-nginx-profile"}

    def observe(self, engine: Engine) -> Observation:
        """Read it, and ask the parser."""
        try:
            content = read_profile_file(engine, self.file)
            facts = build_apparmor_file_facts(engine, self.file, content)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("apparmor-file", trouble)
        return Seen(kind="apparmor-file", facts=msgspec.to_builtins(facts))


def build_apparmor_file_facts(engine: Engine, file: str, content: bytes) -> Facts:
    """
    Put the profiles, or what is wrong with them, into facts.

    What the parser says counts. For an engine elsewhere it may be another version, without that machine's
    files: there it must not be alone in refusing.
    """
    profiles: Sequence[ApparmorProfile] = ()
    fault: InvalidPolicy | None = None
    try:
        profiles = parse_profile_file(engine, content)
    except InvalidPolicy as found:
        fault = found
    answer = ask_parser(engine, content)
    if answer and answer.accepts and fault and fault.what != "no-profile":
        fault = None
    if answer and not answer.accepts and (fault or engine.is_on_this_machine()):
        what = fault.what if fault else "syntax"
        line = answer.line if answer.line and not answer.file else fault.line if fault else None
        fault = InvalidPolicy(what, line or 1)
    return Facts(
        valid=fault is None,
        problem=fault.what if fault else None,
        line=fault.line if fault else None,
        names=[profile.name[:100] for profile in profiles][:10] if not fault else [],
        complain=any("complain" in profile.flags for profile in profiles) and not fault,
        program="apparmor_parser" if answer else "",
        text=answer.text if answer and fault and not answer.accepts else None,
        place=name_place(file, answer) if answer and fault and not answer.accepts else "",
    )


def ask_parser(engine: Engine, content: bytes) -> ParserAnswer | None:
    """Return what the real parser says; None where it is not at hand, or gives no answer."""
    try:
        return engine.ask_apparmor_parser(content)
    except (NotThere, OutOfReach):
        return None


def name_place(file: str, answer: ParserAnswer) -> str:
    """Return the file and line that the parser names."""
    named = answer.file or file
    return f"{named}:{answer.line}" if answer.line else named
