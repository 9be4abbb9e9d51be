"""Draft a lab from two recordings: the checks whose facts a solution has changed."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dckgrade.grading.judging import build_report
from dckgrade.i18n import N_, Lang, UserError
from dckgrade.lab.load import parse_lab
from dckgrade.lab.model import LoadedLab
from dckgrade.lab.source import digest_lab
from dckgrade.lab.written import write_lab_yaml
from dckgrade.probes.base import Cost, Probe, kind_of, observation_key
from dckgrade.probes.registry import find_kind
from dckgrade.probes.support.lookup import list_named_containers
from dckgrade.probes.support.supply import Supply, find_words
from dckgrade.report.decode import convert_data
from dckgrade.report.observation import Absent, Observation, Seen
from dckgrade.report.recording import EngineRecording
from dckgrade.report.report import Report
from dckgrade.report.text import Text

MAX_CHECKS, MAX_ID_CHARS, MAX_TITLE_CHARS = 100, 48, 600
"""Of a lab: as many as its model allows."""
DECLARED_POINTS, EFFECT_POINTS = 1, 2
"""What a service does is worth more than what the engine says of a container."""
MAX_WORDS, MAX_WORD_CHARS = 50, 100
"""Of what is demanded: somebody must still read it."""
MAX_NUMBER = 10**15
START_BUDGET = "30s"
FLOAT_TOLERANCE = 0.01
# https://github.com/moby/moby/blob/master/internal/namesgenerator/names-generator.go
MADE_UP_NAME = re.compile(r"[a-z]+_[a-z]+\d?")
"""An adjective and a surname; a name that somebody gave may look so too."""
NOT_IN_ID = re.compile(r"[^a-z0-9]+")
AND = Text(fr=" et ", en=" and ")


class NothingChanged(UserError):
    """Two recordings between which no fact differs that a lab could demand."""


class Change(Struct, frozen=True, kw_only=True):
    """What of one observation the solution has changed."""

    probe: Probe
    seen: Seen
    subject: Text
    """What it is about: `Container web`."""
    demands: dict[str, Any]
    words: list[Text]
    """Of each demand: `runs`."""


class Draft(Struct, frozen=True, kw_only=True):
    """A lab, and how it judges the two recordings that it was made of."""

    text: str
    loaded: LoadedLab
    left_out: int
    """How many checks more there would have been."""
    before: Report
    after: Report

    @property
    def tells_apart(self) -> bool:
        """Whether the untouched engine earns nothing, and the solved one all."""
        worth = self.after.score.possible
        return (self.before.score.earned, self.after.score.earned) == (0, worth)

    @property
    def made_up_names(self) -> list[str]:
        """The containers whose name may be one that Docker has made up."""
        named = list_named_containers(self.loaded.lab.list_probes())
        return [name for name in named if MADE_UP_NAME.fullmatch(name)]


def draft_lab(name: str, before: EngineRecording, after: EngineRecording, lang: Lang) -> Draft:
    """Draft the lab *name*; raises `NothingChanged` where there is nothing to demand."""
    changes = drop_bare_existence(list(find_changes(before, after)))
    if not changes:
        raise NothingChanged(
            N_("Between the two recordings nothing changed that a check could demand."),
            N_("Record the second one once the lab is solved and its containers have started."),
        )
    checks = build_checks(changes)
    text = write_lab_yaml(
        {
            "version": 1,
            "id": name,
            "title": {"fr": f"TP {name}", "en": f"Lab {name}"},
            "checks": checks[:MAX_CHECKS],
        }
    )
    raw, path = text.encode(), Path(f"{name}.yaml")
    loaded = LoadedLab(lab=parse_lab(raw, path), digest=digest_lab(raw), path=path)
    untouched = replace(before.recording, observations=complete_observations(before, after))
    return Draft(
        text=text,
        loaded=loaded,
        left_out=max(0, len(checks) - MAX_CHECKS),
        before=build_report(loaded, untouched, lang, None),
        after=build_report(loaded, after.recording, lang, None),
    )


def list_gone(before: EngineRecording, after: EngineRecording, lang: Lang) -> list[str]:
    """List what was there before, and is not any more: `Container web`."""
    left = set(name_subjects(after, lang))
    return [subject for subject in dict.fromkeys(name_subjects(before, lang)) if subject not in left]


def name_subjects(document: EngineRecording, lang: Lang) -> Iterator[str]:
    """Yield what each probe of a recording is about."""
    for probe in map(read_probe, document.probes.values()):
        if probe and isinstance(probe.supply, Supply):
            yield fill_in(probe.supply.subject, list_parameters(probe)).in_language(lang)


def complete_observations(before: EngineRecording, after: EngineRecording) -> dict[str, Observation]:
    """
    Return what was seen before, and `Absent` for what was looked at afterwards alone.

    A recording that is complete looks at all that its engine's things lead to: what it lacks was not there.
    """
    known = before.recording.observations
    absent = {
        key: Absent(kind=str(probe.get("kind"))) for key, probe in after.probes.items() if key not in known
    }
    return {**known, **absent}


def find_changes(before: EngineRecording, after: EngineRecording) -> Iterator[Change]:
    """Yield what differs, of each observation that is in both or could have been."""
    known = complete_observations(before, after)
    for key, written in after.probes.items():
        probe, seen = read_probe(written), after.recording.observations.get(key)
        if probe is None or not isinstance(seen, Seen) or observation_key(probe) != key:
            continue
        # What acts was not looked at by a passive recording, and is not absent there.
        if not (probe.passive or not before.recording.passive):
            continue
        if change := compare_observations(probe, known[key], seen):
            yield change


def read_probe(written: Mapping[str, Any]) -> Probe | None:
    """Return the probe as this version knows it; None for what it does not."""
    kind = find_kind(str(written.get("kind")))
    try:
        return convert_data(dict(written), kind) if kind else None
    except msgspec.ValidationError:
        return None


def compare_observations(probe: Probe, was: Observation, seen: Seen) -> Change | None:
    """Return what can be demanded of *seen* that did not hold before; None for nothing."""
    supply = probe.supply
    if not isinstance(supply, Supply) or not isinstance(was, Seen | Absent):
        return None
    earlier = was.facts if isinstance(was, Seen) else {}
    values = {name: seen.facts.get(name) for name in probe.drafted}
    worked_for = {
        name: (value, words)
        for name, value in values.items()
        if (isinstance(was, Absent) or earlier.get(name) != value)
        and (words := find_words(probe.drafted[name], value)) is not None
        and is_demandable(value)
    }
    parameters = list_parameters(probe)
    return (
        Change(
            probe=probe,
            seen=seen,
            subject=fill_in(supply.subject, parameters),
            demands={name: write_demand(value) for name, (value, _) in worked_for.items()},
            words=[fill_in(words, {**parameters, "value": value}) for value, words in worked_for.values()],
        )
        if worked_for
        else None
    )


def is_demandable(value: Any) -> bool:
    """Return whether a lab can demand the value: a plain one on one line, or a list of words."""
    if isinstance(value, list):
        return len(value) <= MAX_WORDS and all(
            isinstance(item, str) and is_demandable(item) for item in value
        )
    if isinstance(value, str):
        return len(value) <= MAX_WORD_CHARS and value.isprintable()
    return isinstance(value, (bool, int, float)) and abs(value) <= MAX_NUMBER


def write_demand(value: Any) -> Any:
    """Return the matcher of *value*, as labs write it."""
    if isinstance(value, list):
        return {"count": len(value), "every": {"one-of": sorted(value)} if len(value) > 1 else value[0]}
    if isinstance(value, float):
        return {
            "at-least": round(value * (1 - FLOAT_TOLERANCE), 6),
            "at-most": round(value * (1 + FLOAT_TOLERANCE), 6),
        }
    return value


def list_parameters(probe: Probe) -> dict[str, Any]:
    """Return the parameters of *probe* as labs spell them, those with a default too."""
    names = zip(probe.__struct_fields__, probe.__struct_encode_fields__, strict=True)
    return {written.rstrip("_"): getattr(probe, field) for field, written in names}


def fill_in(words: Text, values: Mapping[str, Any]) -> Text:
    """Put the values in the place of their names."""

    def fill(lang: Lang) -> str:
        spelt = {name: spell_value(value, lang) for name, value in values.items()}
        return words.in_language(lang).format_map(spelt)

    return Text(fr=fill("fr"), en=fill("en"))


def spell_value(value: Any, lang: Lang) -> str:
    """Return a value as a title says it."""
    if isinstance(value, list):
        return join_words(map(str, value), lang)
    return str(value).replace(".", ",") if isinstance(value, float) and lang == "fr" else str(value)


def join_words(words: Iterable[str], lang: str) -> str:
    """Join words as a sentence lists them: `a, b and c`."""
    *first, last = words
    return AND.in_language(lang).join([", ".join(first), last]) if first else last


def drop_bare_existence(changes: Sequence[Change]) -> list[Change]:
    """Leave out that a thing is there where another change shows it: a volume that is mounted exists."""
    kept: list[Change] = []
    for change in changes:
        bare = {name for name in change.demands if change.probe.drafted[name].existence}
        if len(bare) < len(change.demands):
            kept.append(drop_demands(change, bare))
        elif not is_shown_by([other for other in changes if other is not change], change):
            kept.append(change)
    return kept


def is_shown_by(others: Iterable[Change], change: Change) -> bool:
    """Return whether one of *others* names the thing, or asks no less of the same container."""
    name = getattr(change.probe, "name", None)
    return any(
        is_spoken_of(name, other)
        if name
        else other.subject == change.subject and other.probe.cost >= change.probe.cost
        for other in others
    )


def drop_demands(change: Change, names: set[str]) -> Change:
    """Return *change* without the demands called *names*."""
    words = [words for name, words in zip(change.demands, change.words, strict=True) if name not in names]
    demands = {name: demand for name, demand in change.demands.items() if name not in names}
    return replace(change, demands=demands, words=words)


def is_spoken_of(name: str, change: Change) -> bool:
    """Return whether a fact of *change* is *name* or a list with it; `:latest` may be left out."""
    return any(
        word == fact or (isinstance(fact, list) and word in fact)
        for fact in change.seen.facts.values()
        for word in (name, name.removesuffix(":latest"))
    )


def build_checks(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Build the checks, those about one thing together; each but its first requires that one."""
    order = {subject: at for at, subject in enumerate(dict.fromkeys(change.subject.en for change in changes))}
    grouped = groupby(
        sorted(changes, key=lambda change: order[change.subject.en]), key=lambda change: change.subject.en
    )
    taken: set[str] = set()
    return [check for _, group in grouped for check in build_checks_of_subject(list(group), taken)]


def build_checks_of_subject(changes: Sequence[Change], taken: set[str]) -> Iterator[dict[str, Any]]:
    """Build the checks about one thing; *taken* are the ids that there are."""
    first = ""
    for change in changes:
        check_id = make_check_id(change.probe, taken)
        taken.add(check_id)
        yield build_check(change, check_id, [first] if first else [])
        first = first or check_id


def build_check(change: Change, check_id: str, requires: list[str]) -> dict[str, Any]:
    """Build one check, as labs write it."""
    return {
        "id": check_id,
        "title": {"fr": make_title(change, "fr"), "en": make_title(change, "en")},
        "points": EFFECT_POINTS if change.probe.cost >= Cost.SERVICE else DECLARED_POINTS,
        **({"requires": requires} if requires else {}),
        "observe": msgspec.to_builtins(change.probe),
        "expect": change.demands,
        **({"within": START_BUDGET} if change.seen.age_s is not None else {}),
    }


def make_title(change: Change, lang: Lang) -> str:
    """Return the sentence that says what must hold."""
    predicates = join_words((words.in_language(lang) for words in change.words), lang)
    return f"{change.subject.in_language(lang)} {predicates}"[:MAX_TITLE_CHARS]


def make_check_id(probe: Probe, taken: set[str]) -> str:
    """Make an id of the kind and its parameters: `web-http-80`."""
    first, *rest = [*map(str, list_parameters(probe).values()), ""]
    words = dict.fromkeys([first, kind_of(probe), *(word for word in rest if word != "None")])
    stem = NOT_IN_ID.sub("-", "-".join(words).lower()).strip("-")[:MAX_ID_CHARS].strip("-")
    numbered = (f"{stem[: MAX_ID_CHARS - 4]}-{number}" for number in range(2, MAX_CHECKS * MAX_CHECKS))
    return stem if stem not in taken else next(name for name in numbered if name not in taken)
