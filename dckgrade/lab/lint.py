"""Find the mistakes of a well-formed lab that types alone cannot see, each with its place."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import islice

from dckgrade.engine.run_options import WORKDIR
from dckgrade.i18n import N_
from dckgrade.lab.fact_types import MatcherFault, describe_unknown_fact, find_fact_faults, get_fact_types
from dckgrade.lab.inputs import RESERVED_INPUT_NAMES, VALUE_FORMS, is_of_input_type
from dckgrade.lab.matchers import Wanted, iter_fact_references
from dckgrade.lab.model import PLACEHOLDER_PATTERN, QUOTATION_FACTS, Check, Condition, Diagnosis, Input, Lab
from dckgrade.lab.problem import MAX_PROBLEMS, Problem, guess_nearest_word
from dckgrade.lab.strict_yaml import ValuePath, YamlDocument
from dckgrade.probes.base import Probe, kind_of
from dckgrade.report.text import Text

RESERVED_LAB_IDS = frozenset(
    [
        *("all", "class", "collect", "completion", "config", "demo", "doctor", "draft", "enrol", "explain"),
        *("grade", "judge", "lint", "new", "prove", "record", "schema", "sheet", "try"),
    ]
)
"""Names of commands, present and to come: a lab called so could not be graded by its name."""


def lint_lab(lab: Lab, document: YamlDocument) -> list[Problem]:
    """List everything wrong with *lab*, whose source is *document*."""
    return list(islice(LabLinter(lab, document).find_problems(), MAX_PROBLEMS))


def leads_out(folder: str) -> bool:
    """Return whether a folder's name may lead out of the current folder, on any system."""
    parts = re.split(r"[/\\]", folder)
    return parts[0] == "" or ".." in parts or parts[0].startswith("~") or ":" in parts[0]


def iter_located_diagnoses(lab: Lab) -> Iterator[tuple[ValuePath, Check, Diagnosis]]:
    """List every diagnosis and remark with its path and its check."""
    for index, check in enumerate(lab.checks):
        for part in ("diagnoses", "remarks"):
            for at, diagnosis in enumerate(getattr(check, part)):
                yield ("checks", index, part, at), check, diagnosis


class LabLinter:
    """One lab under the lens."""

    def __init__(self, lab: Lab, document: YamlDocument) -> None:
        self.lab, self.document = lab, document
        self.full_diagnoses = {
            diagnosis.code: (check, diagnosis)
            for _, check, diagnosis in iter_located_diagnoses(lab)
            if diagnosis.message
        }

    def make_problem(self, path: ValuePath, what: str, **values: object) -> Problem:
        """Place *what* at *path*."""
        return Problem(self.document.find_place(path), what, **values)

    def find_problems(self) -> Iterator[Problem]:
        """Look at the lab as a whole, then at each check."""
        if self.lab.id in RESERVED_LAB_IDS:
            yield self.make_problem(("id",), N_("`{id}` is the name of a command"), id=self.lab.id)
        if not any(check.points for check in self.lab.checks):
            yield self.make_problem(("checks",), N_("no check is worth a point"))
        yield from self.find_input_problems()
        ids = [(("checks", index, "id"), check.id) for index, check in enumerate(self.lab.checks)]
        yield from self.find_repeated_words(ids, N_("another check is called `{word}` too"))
        yield from self.find_requirement_problems([check.id for check in self.lab.checks])
        yield from self.find_requirement_cycles()
        yield from self.find_repeated_mistakes()
        for index, check in enumerate(self.lab.checks):
            inside = ("checks", index, "expect")
            yield from self.place_faults(
                find_fact_faults(check.expect, get_fact_types(check.observe.facts)), inside
            )
            yield from self.find_comparisons_with_itself(check.expect, check.observe, inside)
            yield from self.find_unlabelled_facts(check, inside)
            for at, effect in enumerate(check.settled_by):
                place = ("checks", index, "settled-by", at, "when")
                yield from self.find_condition_problems(effect.when, effect.observe, place)
        for path, check, diagnosis in iter_located_diagnoses(self.lab):
            yield from self.find_diagnosis_problems(path, check, diagnosis)

    def find_comparisons_with_itself(
        self, expect: Mapping[str, Wanted], observed: Probe, path: ValuePath
    ) -> Iterator[Problem]:
        """Find facts that are compared with themselves: that always holds."""
        for name, wanted in expect.items():
            for reference in iter_fact_references({name: wanted}):
                if reference.observe == observed and reference.fact == name:
                    yield self.make_problem((*path, name), N_("`{key}` is compared with itself"), key=name)

    def find_unlabelled_facts(self, check: Check, path: ValuePath) -> Iterator[Problem]:
        """Find demanded facts without a label; the sentence about a mismatch begins with it."""
        facts = check.observe.facts.__struct_fields__
        for fact in check.expect:
            if fact in facts and fact not in check.observe.labels:
                yield self.make_problem(
                    (*path, fact),
                    N_("the fact `{key}` of kind `{kind}` has no label, in the probe's own class"),
                    key=fact,
                    kind=kind_of(check.observe),
                )

    def find_input_problems(self) -> Iterator[Problem]:
        """Find inputs that are repeated, are called like an option, or have a default of another type."""
        names = [(("inputs", at, "name"), declared.name) for at, declared in enumerate(self.lab.inputs)]
        yield from self.find_repeated_words(names, N_("another input is called `{word}` too"))
        for at, declared in enumerate(self.lab.inputs):
            if declared.name in RESERVED_INPUT_NAMES:
                what = N_("`--{name}` is an option of dckgrade itself")
                yield self.make_problem(("inputs", at, "name"), what, name=declared.name)
            if declared.name == WORKDIR and declared.type != "folder":
                what = N_("`{name}` is of the type folder")
                yield self.make_problem(("inputs", at, "type"), what, name=declared.name)
            if declared.default is not None:
                yield from self.find_default_problems(("inputs", at, "default"), declared)

    def find_default_problems(self, path: ValuePath, declared: Input) -> Iterator[Problem]:
        """Find what a default may not be: a secret, of another type, a folder elsewhere."""
        default = str(declared.default)
        if declared.type == "secret":
            yield self.make_problem(path, N_("a secret has no default: everybody can read the lab"))
        elif not is_of_input_type(default, declared.type):
            yield self.make_problem(
                path, N_("{found} is not of the type {type}; an example: {example}"),
                found=declared.default, type=declared.type, example=VALUE_FORMS[declared.type].example,
            )  # fmt: skip
        elif declared.type == "folder" and leads_out(default):
            what = N_("a lab's own default stays in the current folder; an example: {example}")
            yield self.make_problem(path, what, example=".")

    def find_repeated_words(self, words: Iterable[tuple[ValuePath, str]], what: str) -> Iterator[Problem]:
        """Find repeated *words*."""
        seen: set[str] = set()
        for path, word in words:
            if word in seen:
                yield self.make_problem(path, what, word=word)
            seen.add(word)

    def find_requirement_problems(self, ids: Sequence[str]) -> Iterator[Problem]:
        """Find required checks that do not exist, or are the check itself."""
        for index, check in enumerate(self.lab.checks):
            for at, required in enumerate(check.requires):
                path = ("checks", index, "requires", at)
                if required == check.id:
                    yield self.make_problem(path, N_("a check cannot require itself"))
                elif required not in ids:
                    near = guess_nearest_word(required, ids)
                    yield self.make_problem(path, N_("no check is called `{id}`"), id=required, near=near)

    def find_requirement_cycles(self) -> Iterator[Problem]:
        """Find checks that wait for one another."""
        requires = {check.id: {*check.requires} - {check.id} for check in self.lab.checks}
        while True:
            try:
                TopologicalSorter(requires).prepare()
            except CycleError as error:
                # graphlib goes from what is required to what requires it; an author reads the other way.
                first, second, *others = reversed(error.args[1])
                requires[first].remove(second)
                index = next(at for at, check in enumerate(self.lab.checks) if check.id == first)
                path = ("checks", index, "requires", self.lab.checks[index].requires.index(second))
                circle = " → ".join([first, second, *others])
                yield self.make_problem(
                    path, N_("these checks wait for one another: {circle}"), circle=circle
                )
            else:
                return

    def find_repeated_mistakes(self) -> Iterator[Problem]:
        """Find mistakes written in full twice, and names used twice."""
        full = [
            (path, diagnosis) for path, _, diagnosis in iter_located_diagnoses(self.lab) if diagnosis.message
        ]
        codes = [((*path, "code"), diagnosis.code) for path, diagnosis in full]
        yield from self.find_repeated_words(
            codes, N_("{word} is already written in full; `code` alone refers to it")
        )
        names = [((*path, "name"), diagnosis.name) for path, diagnosis in full if diagnosis.name]
        yield from self.find_repeated_words(names, N_("another mistake is called `{word}` too"))

    def find_diagnosis_problems(
        self, path: ValuePath, check: Check, diagnosis: Diagnosis
    ) -> Iterator[Problem]:
        """Check *diagnosis*, or the full one that it refers to, against the facts of *check*."""
        if diagnosis.message:
            yield from self.find_missing_keys(path, diagnosis, ("name", "when", "hint"))
            yield from self.find_fact_problems(path, check, diagnosis)
        elif diagnosis != Diagnosis(code=diagnosis.code):
            yield self.make_problem(path, N_("needs `{key}`"), key="message")
        elif diagnosis.code in self.full_diagnoses:
            home, full = self.full_diagnoses[diagnosis.code]
            # Where the same kind of thing is looked at, what is wrong has been said at the full one.
            if home.observe.facts is not check.observe.facts:
                yield from self.find_fact_problems(path, check, full)
        else:
            near = guess_nearest_word(diagnosis.code, self.full_diagnoses)
            yield self.make_problem(
                (*path, "code"), N_("no mistake has the code {code}"), code=diagnosis.code, near=near
            )

    def find_missing_keys(
        self, path: ValuePath, diagnosis: Diagnosis, keys: Sequence[str]
    ) -> Iterator[Problem]:
        """Find the parts that a mistake written in full lacks."""
        for key in keys:
            if getattr(diagnosis, key) is None:
                yield self.make_problem(path, N_("needs `{key}`"), key=key)

    def find_fact_problems(self, path: ValuePath, check: Check, full: Diagnosis) -> Iterator[Problem]:
        """Check the conditions and the words of *full* against the facts of *check*."""
        known = get_fact_types(check.observe.facts)
        if isinstance(full.when, list):
            for at, condition in enumerate(full.when):
                yield from self.find_condition_problems(condition, check.observe, (*path, "when", at))
        elif full.when is not None:
            yield from self.find_condition_problems(full.when, check.observe, (*path, "when"))
        for at, also in enumerate(full.also):
            yield from self.find_condition_problems(also.when, also.observe, (*path, "also", at, "when"))
        facts = dict({} if full.when == "absent" else known)
        for also in full.also:
            facts |= get_fact_types(also.observe.facts) if also.when != "absent" else {}
        if full.quotes and not set(QUOTATION_FACTS) <= facts.keys():
            what = N_("nothing that is observed here has the facts `program`, `text` and `place`")
            yield self.make_problem((*path, "quotes"), what)
        for key in ("message", "hint", "why", "look"):
            yield from self.find_unknown_placeholders(getattr(full, key), facts, (*path, key))

    def find_condition_problems(
        self, condition: Condition, observed: Probe, path: ValuePath
    ) -> Iterator[Problem]:
        """Check one condition against the facts of what is observed."""
        if not isinstance(condition, str):
            yield from self.place_faults(find_fact_faults(condition, get_fact_types(observed.facts)), path)
            yield from self.find_comparisons_with_itself(condition, observed, path)

    def find_unknown_placeholders(
        self, text: Text | None, known: Mapping[str, object], path: ValuePath
    ) -> Iterator[Problem]:
        """Find each `{fact}` of a text that is no fact."""
        for lang in ("fr", "en") if text else ():
            for name in PLACEHOLDER_PATTERN.findall(getattr(text, lang)):
                if not known:
                    yield self.make_problem((*path, lang), N_("what is absent has no fact `{key}`"), key=name)
                elif name not in known:
                    what, values = describe_unknown_fact(name, known)
                    yield self.make_problem((*path, lang), what, **values)

    def place_faults(self, found: Iterator[MatcherFault], path: ValuePath) -> Iterator[Problem]:
        """Yield faults their places."""
        for inside, what, values in found:
            of_key = bool({"key", "demand"} & values.keys())
            yield Problem(self.document.find_place((*path, *inside), of_key=of_key), what, **values)
