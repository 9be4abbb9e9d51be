"""Tell what a check found of its facts and what was asked for, in the words of the kind of probe."""

import re
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from msgspec import Struct
from msgspec.structs import fields

from dckgrade.i18n import N_, get_translator
from dckgrade.probes.base import Probe
from dckgrade.probes.registry import find_kind
from dckgrade.probes.words import Value, ValueWords, find_unit_by_name
from dckgrade.render.text.messages import REPORT_LABELS, add_label
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.render.text.values import (
    MAX_VALUE_CHARS,
    Speech,
    describe_value,
    describe_wanted,
    format_lab_value,
    is_plain,
    shorten_ids,
)
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Mismatch

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
PARAMETER_START = re.compile(r" (?=[a-z_]+=)")
ASKED = "asked"


class Observed(Struct, frozen=True, kw_only=True):
    """One observation as it is told: its kind, its parameters and its facts."""

    lang: str
    kind: type[Probe] | None
    parameters: Mapping[str, str] = {}
    facts: Mapping[str, Any] = {}

    def label_fact(self, fact: str) -> str:
        """Return the label that the kind has for *fact*, else the name that labs use, sanitized."""
        label = self.kind.labels.get(fact) if self.kind else None
        return label.in_language(self.lang) if label else sanitize_line(fact)

    def get_speech(self, fact: str, *, of_list: bool = False) -> Speech:
        """Return the words in which the values of *fact* are told."""
        declared: ValueWords = self.kind.words.get(fact, {}) if self.kind else {}
        words: dict[Value, str] = {
            value: self.fill_placeholders(text.in_language(self.lang)) for value, text in declared.items()
        }
        if self.kind and is_found_out(self.kind, fact):
            words.setdefault(None, get_translator(self.lang)(N_("not known")))
        return Speech(
            lang=self.lang,
            words=words,
            unit=(self.kind.units.get(fact) if self.kind else None) or find_unit_by_name(fact),
            of_list=of_list,
        )

    def describe_absence(self) -> str:
        """Return the sentence for an observation that found nothing."""
        if self.kind is None or (f"{{{ASKED}}}" in self.kind.absent.en and not self.parameters):
            return get_translator(self.lang)(REPORT_LABELS["absent"])
        return self.fill_placeholders(self.kind.absent.in_language(self.lang))

    def fill_placeholders(self, text: str) -> str:
        """Replace `{asked}` and each `{fact}` by what they stand for, made safe and short."""
        return PLACEHOLDER.sub(lambda found: self.format_placeholder(found[1]), text)

    def format_placeholder(self, name: str) -> str:
        """Format what `{name}` stands for; a question mark where that is not known."""
        found = next(iter(self.parameters.values()), None) if name == ASKED else self.facts.get(name)
        match found:
            case None:
                return "?"
            case list():
                text = " ".join(map(str, found))
            case _:
                text = str(found)
        return sanitize_line(shorten_ids(text), MAX_VALUE_CHARS)


def is_found_out(kind: type[Probe], fact: str) -> bool:
    """Return whether null means of *fact* that it was not found out: of a yes or no, and of a list."""
    types = (get_args(field.type) for field in fields(kind.facts) if field.name == fact)
    return any(kept is bool or get_origin(kept) is list for choices in types for kept in choices)


def read_observation(key: str, seen: Observation | None, lang: str) -> Observed:
    """Take an observation by its *key*, `container name=dbserver image=postgres`."""
    kind, _, written = key.partition(" ")
    parameters = PARAMETER_START.split(written) if "=" in written else []
    return Observed(
        lang=lang,
        kind=find_kind(kind),
        parameters={name: value for name, _, value in (text.partition("=") for text in parameters)},
        facts=seen.facts if isinstance(seen, Seen) else {},
    )


def describe_mismatches(check: CheckResult, report: Report) -> list[str]:
    """Describe the mismatches of *check*, all of them on its first observation."""
    key = check.observations[0] if check.observations else ""
    observed = read_observation(key, report.observations.get(key), report.lang)
    return list(dict.fromkeys(describe_mismatch(mismatch, observed) for mismatch in check.misses))


def describe_mismatch(mismatch: Mismatch, observed: Observed) -> str:
    """Say in a sentence, without a full stop, what was found of a fact, and what was asked for."""
    fact, wanted, found = mismatch.fact, mismatch.wanted, mismatch.found
    if wanted == {"present": True} and find_kind(fact):
        absent = observed if observed.parameters else read_observation(fact, None, observed.lang)
        return capitalize_first(absent.describe_absence())
    of_list = isinstance(found, list) or is_about_list(wanted)
    speech = observed.get_speech(fact, of_list=of_list)
    clauses = observed.kind.words.get(fact, {}) if observed.kind else {}
    if isinstance(wanted, bool) and (found is None or isinstance(found, bool)) and found in clauses:
        return capitalize_first(speech.words[found])
    label, value = capitalize_first(observed.label_fact(fact)), describe_found(found, wanted, speech)
    if wanted == {"present": True} or not is_plain(wanted):
        return add_label(label, value, observed.lang)
    return get_translator(observed.lang)(N_("{fact}: {found}; expected: {wanted}")).format(
        fact=label,
        found=value,
        wanted=describe_reference(wanted, observed) or describe_wanted(wanted, speech),
    )


def describe_found(found: Any, wanted: Any, speech: Speech) -> str:
    """Describe what was found; where a fact of yes or no is null, that this is not known."""
    if found is None and isinstance(wanted, bool) and None not in speech.words:
        return speech.translate(N_("not known"))
    return describe_value(found, speech)


def describe_reference(wanted: Any, observed: Observed) -> str:
    """Describe a demand to be the same as a fact of another observation; '' for any other demand."""
    match wanted:
        case {"same-as": {"fact": str() as fact, "observe": {"kind": str() as kind, **parameters}}}:
            other = read_observation(kind, None, observed.lang)
            asked = sanitize_line(format_lab_value(list(parameters.values())), MAX_VALUE_CHARS)
            return get_translator(observed.lang)(N_("the same as {fact} of {subject}")).format(
                subject=asked, fact=other.label_fact(fact)
            )
        case _:
            return ""


def is_about_list(wanted: Any) -> bool:
    """Return whether *wanted* can only be demanded of a list, or of its elements."""
    return isinstance(wanted, dict) and (
        not wanted.keys().isdisjoint({"every", "any", "count"}) or is_about_list(wanted.get("not"))
    )


def capitalize_first(text: str) -> str:
    """Begin with a capital letter, but where the first word is a name with its own, such as cAdvisor."""
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]
