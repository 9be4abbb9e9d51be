"""Judge every check of a lab by a recording. Pure: no clock, file, network or printing."""

from collections.abc import Mapping
from functools import lru_cache
from graphlib import TopologicalSorter
from typing import Any

import msgspec

from dckgrade.judge.comparison import fill_in_facts, list_untold
from dckgrade.judge.diagnose import (
    find_first_diagnosis,
    iter_fitting_diagnoses,
    iter_pending_probes,
    list_unrecorded_signs,
    matches_condition,
    word_mistake,
)
from dckgrade.judge.matching import matches_wanted
from dckgrade.lab.matchers import FactReference
from dckgrade.lab.model import Check, Diagnosis, Lab
from dckgrade.probes.base import Probe, kind_of, observation_key
from dckgrade.report.observation import Absent, Recording, Seen, Unobservable
from dckgrade.report.result import CheckResult, Mismatch, NamedMistake, Reason, Verdict


def judge_recording(lab: Lab, recording: Recording, lang: str, *, final: bool = True) -> list[CheckResult]:
    """
    Judge every check of *lab*, in the order of the lab, in the words of *lang*.

    *final*: nothing more will be looked at, and what *recording* lacks stays unknown.
    """
    return Judgement(lab, recording, lang, final=final).judge_all()


def list_further_probes(lab: Lab, recording: Recording) -> list[Probe]:
    """
    List what must still be looked at, so that each mistake can be named and each remark be made.

    Of a check's diagnoses only the first can be needed; remarks are all of them made.
    """
    asked: list[Probe | None] = []
    for check, line in zip(lab.checks, judge_recording(lab, recording, "en", final=False), strict=True):
        if line.verdict is Verdict.PASSED:
            asked += iter_pending_probes(lab, check, check.remarks, recording)
        elif line.verdict in {Verdict.FAILED, Verdict.UNKNOWN}:
            asked.append(next(iter_pending_probes(lab, check, check.diagnoses, recording), None))
    return [probe for probe in asked if probe]


def find_unsettled_checks(lab: Lab, recording: Recording) -> set[str]:
    """
    List the failed checks without a lasting mistake that is known by name: those that time may mend.

    One that others block, and that observes the effect which settles it, is one too: signs may be wrong.
    """
    judgement = Judgement(lab, recording, "en", final=False)
    # A limit of the machine may be one that passes.
    limit = Reason(code="environment")
    results = judgement.judge_all()
    missed = {line.id for line in results if line.verdict is Verdict.FAILED or line.reason == limit}
    awaited = {
        check.id
        for check, line in zip(lab.checks, results, strict=True)
        if line.blocked_by and check.observe in [effect.observe for effect in check.settled_by]
    }
    return (missed - judgement.lasting_failures) | awaited


@lru_cache
def order_checks(ids: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """Order checks, each given as its id and the ids that it requires: what is required comes first."""
    return tuple(TopologicalSorter({check: required for check, *required in ids}).static_order())


class Judgement:
    """One judging of one recording; a check is judged after those that it requires."""

    def __init__(self, lab: Lab, recording: Recording, lang: str, *, final: bool) -> None:
        self.lab, self.recording, self.lang, self.final = lab, recording, lang, final
        self.results: dict[str, CheckResult] = {}
        self.non_blocking: set[str] = set()
        self.lasting_failures: set[str] = set()

    def judge_all(self) -> list[CheckResult]:
        """Judge all, whatever their order in the file."""
        by_id = {check.id: check for check in self.lab.checks}
        for check_id in order_checks(tuple((check.id, *check.requires) for check in self.lab.checks)):
            self.results[check_id] = self.judge_check(by_id[check_id])
        return [self.results[check.id] for check in self.lab.checks]

    def judge_check(self, check: Check) -> CheckResult:
        """Judge one check: the user's choice first, then what it requires, then what was seen of it."""
        if reason := self.find_skip_reason(check):
            return self.make_result(check, Verdict.SKIPPED, reason=reason)
        if self.is_settled(check):
            return self.make_passed(check)
        required = {required_id: self.results[required_id].verdict for required_id in check.requires}
        lost = [
            required_id
            for required_id, verdict in required.items()
            if verdict in {Verdict.FAILED, Verdict.BLOCKED}
        ]
        seen = check.observe.recall(self.recording.observations)
        # A wrong name alone prevents nothing, but what is absent then is absent because of it.
        if lost and (isinstance(seen, Absent) or not self.non_blocking.issuperset(lost)):
            return self.make_result(check, Verdict.BLOCKED, blocked_by=lost)
        if unknown := [
            required_id for required_id, verdict in required.items() if verdict is Verdict.UNKNOWN
        ]:
            return self.make_result(
                check, Verdict.UNKNOWN, blocked_by=unknown, reason=Reason(code="requires-unknown")
            )
        return self.judge_own_observation(check)

    def find_skip_reason(self, check: Check) -> Reason | None:
        """Return why the user chose not to have this check attempted, or None."""
        if self.recording.only and check.id not in self.recording.only:
            return Reason(code="not-chosen")
        if self.recording.passive and not check.is_passive:
            return Reason(code="passive")
        return None

    def is_settled(self, check: Check) -> bool:
        """Return whether the effect was seen that settles the check."""
        return bool(check.settled_by) and all(
            matches_condition(effect.when, effect.observe, self.recording) for effect in check.settled_by
        )

    def judge_own_observation(self, check: Check) -> CheckResult:
        """Judge a check by its own observation."""
        match check.observe.recall(self.recording.observations):
            case Unobservable() as unseen:
                reason = Reason(code=unseen.why, detail=unseen.detail)
                return self.make_result(check, Verdict.UNKNOWN, reason=reason)
            case Absent():
                return self.make_failed(
                    check, [Mismatch(fact=kind_of(check.observe), wanted={"present": True}, found=None)]
                )
            case Seen(facts=facts):
                return self.judge_facts(check, facts)
            case None if self.recording.complete:
                reason = Reason(code="not-recorded", detail=kind_of(check.observe))
                return self.make_result(check, Verdict.UNKNOWN, reason=reason)
            case None:
                return self.make_result(check, Verdict.UNKNOWN, reason=Reason(code="not-reached"))

    def judge_facts(self, check: Check, facts: Mapping[str, Any]) -> CheckResult:
        """Judge a check by the facts of its own observation, and by those that they are compared with."""
        if lacking := [name for name in check.expect if name not in facts]:
            # Recordings are append-only: what an older one lacks was not seen, and is not false.
            reason = Reason(code="not-recorded", detail=", ".join(lacking))
            return self.make_result(check, Verdict.UNKNOWN, reason=reason)
        if untold := list_untold(check.expect, self.recording):
            reason = self.explain_untold(untold[0])
            return self.make_result(check, Verdict.UNKNOWN, reason=reason)
        misses = [
            Mismatch(fact=name, wanted=msgspec.to_builtins(wanted), found=facts[name])
            for name, wanted in fill_in_facts(check.expect, self.recording).items()
            if not matches_wanted(wanted, facts[name])
        ]
        return self.make_failed(check, misses) if misses else self.make_passed(check)

    def explain_untold(self, reference: FactReference) -> Reason:
        """Say why it is not known what a fact of another observation is."""
        match reference.observe.recall(self.recording.observations):
            case Unobservable() as unseen:
                return Reason(code=unseen.why, detail=unseen.detail)
            case None:
                return Reason(code="not-reached")
            case _:
                return Reason(code="not-recorded", detail=reference.fact)

    def make_passed(self, check: Check) -> CheckResult:
        """Write down a pass, with what is worth knowing all the same."""
        remarks = [
            self.name_mistake(check, remark)
            for remark in iter_fitting_diagnoses(self.lab, check, check.remarks, self.recording)
        ]
        return self.make_result(check, Verdict.PASSED, remarks=remarks)

    def make_failed(self, check: Check, misses: list[Mismatch]) -> CheckResult:
        """Write down a failure and the mistake's name; what is starting, or the machine's limit, is none."""
        diagnosis = find_first_diagnosis(self.lab, check, check.diagnoses, self.recording)
        if diagnosis and not diagnosis.blocks:
            self.non_blocking.add(check.id)
        if diagnosis and not diagnosis.transient:
            self.lasting_failures.add(check.id)
        verdict, reason = Verdict.FAILED, None
        if check.id in self.recording.starting:
            verdict, reason = Verdict.UNKNOWN, Reason(code="starting")
        elif diagnosis and diagnosis.verdict == "unknown":
            verdict, reason = Verdict.UNKNOWN, Reason(code="environment")
        elif self.final and (lacking := list_unrecorded_signs(self.lab, check, self.recording)):
            # A diagnosis that fits comes later, and may not be the first.
            verdict, diagnosis = Verdict.UNKNOWN, None
            reason = Reason(code="not-recorded", detail=", ".join(lacking))
        words = self.name_mistake(check, diagnosis) if diagnosis else None
        return self.make_result(check, verdict, misses=misses, diagnosis=words, reason=reason)

    def name_mistake(self, check: Check, diagnosis: Diagnosis) -> NamedMistake:
        """Put *diagnosis* into the report's language."""
        probes = [check.observe, *(also.observe for also in diagnosis.also)]
        return word_mistake(
            diagnosis,
            probes,
            [probe.recall(self.recording.observations) for probe in probes],
            self.lang,
        )

    def make_result(
        self,
        check: Check,
        verdict: Verdict,
        *,
        blocked_by: list[str] | None = None,
        misses: list[Mismatch] | None = None,
        diagnosis: NamedMistake | None = None,
        remarks: list[NamedMistake] | None = None,
        reason: Reason | None = None,
    ) -> CheckResult:
        """Write the report's line of *check*."""
        seen = check.observe.recall(self.recording.observations)
        return CheckResult(
            id=check.id,
            title=check.title.in_language(self.lang),
            points=check.points,
            earned=check.points if verdict is Verdict.PASSED else 0,
            verdict=verdict,
            blocked_by=blocked_by or [],
            misses=misses or [],
            diagnosis=diagnosis,
            remarks=remarks or [],
            reason=reason,
            observations=[key]
            if (key := observation_key(check.observe)) in self.recording.observations
            else [],
            duration_ms=seen.duration_ms if seen else 0,
        )
