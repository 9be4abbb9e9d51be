"""A lab and a recording → the verdict on every check. Pure: no clock, file, network or printing."""

from graphlib import TopologicalSorter

import msgspec

from dckgrade.judge.diagnose import fitting, named, pending, worded
from dckgrade.judge.matching import matches_wanted
from dckgrade.lab.model import Check, Diagnosis, Lab
from dckgrade.probes.base import Probe, kind_of, observation_key
from dckgrade.report.observation import Absent, Recording, Seen, Unobservable
from dckgrade.report.result import CheckResult, Mismatch, NamedMistake, Reason, Verdict


def judge(lab: Lab, recording: Recording, lang: str) -> list[CheckResult]:
    """Judge every check of *lab*, in the order of the lab, in the words of *lang*."""
    return Judgement(lab, recording, lang).lines()


def wanted_further(lab: Lab, recording: Recording) -> list[Probe]:
    """
    List what must still be looked at, so that each mistake can be named and each remark be made.

    Of a check's diagnoses only the first can be needed; remarks are all of them made.
    """
    asked: list[Probe | None] = []
    for check, line in zip(lab.checks, judge(lab, recording, "en"), strict=True):
        if line.verdict is Verdict.PASSED:
            asked += pending(lab, check, check.remarks, recording)
        elif line.verdict in {Verdict.FAILED, Verdict.UNKNOWN}:
            asked.append(next(pending(lab, check, check.diagnoses, recording), None))
    return [probe for probe in asked if probe]


def unsettled(lab: Lab, recording: Recording) -> set[str]:
    """List the failed checks without a lasting mistake that is known by name: those that time may mend."""
    judgement = Judgement(lab, recording, "en")
    # A limit of the machine may be one that passes.
    limit = Reason(code="environment")
    missed = {line.id for line in judgement.lines() if line.verdict is Verdict.FAILED or line.reason == limit}
    return missed - judgement.settled


class Judgement:
    """One judging of one recording; a check is judged after those that it requires."""

    def __init__(self, lab: Lab, recording: Recording, lang: str) -> None:
        self.lab, self.recording, self.lang = lab, recording, lang
        self.done: dict[str, CheckResult] = {}
        self.letting_through: set[str] = set()
        self.settled: set[str] = set()

    def lines(self) -> list[CheckResult]:
        """Judge all, whatever their order in the file."""
        by_id = {check.id: check for check in self.lab.checks}
        for one in TopologicalSorter({check.id: check.requires for check in self.lab.checks}).static_order():
            self.done[one] = self.line(by_id[one])
        return [self.done[check.id] for check in self.lab.checks]

    def line(self, check: Check) -> CheckResult:
        """Judge one check: the user's choice first, then what it requires, then what was seen of it."""
        if reason := self.skipped(check):
            return self.written(check, Verdict.SKIPPED, reason=reason)
        required = {one: self.done[one].verdict for one in check.requires}
        lost = [one for one, verdict in required.items() if verdict in {Verdict.FAILED, Verdict.BLOCKED}]
        seen = self.recording.observations.get(observation_key(check.observe))
        # A wrong name alone prevents nothing, but what is absent then is absent because of it.
        if lost and (isinstance(seen, Absent) or not self.letting_through.issuperset(lost)):
            return self.written(check, Verdict.BLOCKED, blocked_by=lost)
        if unknown := [one for one, verdict in required.items() if verdict is Verdict.UNKNOWN]:
            return self.written(
                check, Verdict.UNKNOWN, blocked_by=unknown, reason=Reason(code="requires-unknown")
            )
        return self.on_its_own(check)

    def skipped(self, check: Check) -> Reason | None:
        """Say why the user chose not to have this check attempted."""
        if self.recording.only and check.id not in self.recording.only:
            return Reason(code="not-chosen")
        if self.recording.passive and not check.observe.passive:
            return Reason(code="passive")
        return None

    def on_its_own(self, check: Check) -> CheckResult:
        """Judge a check by its own observation."""
        match self.recording.observations.get(observation_key(check.observe)):
            case Unobservable() as unseen:
                reason = Reason(code=unseen.why, detail=unseen.detail)
                return self.written(check, Verdict.UNKNOWN, reason=reason)
            case Absent():
                return self.missed(
                    check, [Mismatch(fact=kind_of(check.observe), wanted={"present": True}, found=None)]
                )
            case Seen(facts=facts):
                if lacking := [name for name in check.expect if name not in facts]:
                    # Recordings are append-only: what an older one lacks was not seen, and is not false.
                    reason = Reason(code="not-recorded", detail=", ".join(lacking))
                    return self.written(check, Verdict.UNKNOWN, reason=reason)
                misses = [
                    Mismatch(fact=name, wanted=msgspec.to_builtins(wanted), found=facts[name])
                    for name, wanted in check.expect.items()
                    if not matches_wanted(wanted, facts[name])
                ]
                return self.missed(check, misses) if misses else self.passed(check)
            case None:
                return self.written(check, Verdict.UNKNOWN, reason=Reason(code="not-reached"))

    def passed(self, check: Check) -> CheckResult:
        """Write down a pass, with what is worth knowing all the same."""
        remarks = [self.worded(check, one) for one in fitting(self.lab, check, check.remarks, self.recording)]
        return self.written(check, Verdict.PASSED, remarks=remarks)

    def missed(self, check: Check, misses: list[Mismatch]) -> CheckResult:
        """Write down a failure and the mistake's name; what is starting, or the machine's limit, is none."""
        diagnosis = named(self.lab, check, check.diagnoses, self.recording)
        if diagnosis and not diagnosis.blocks:
            self.letting_through.add(check.id)
        if diagnosis and not diagnosis.transient:
            self.settled.add(check.id)
        verdict, reason = Verdict.FAILED, None
        if check.id in self.recording.starting:
            verdict, reason = Verdict.UNKNOWN, Reason(code="starting")
        elif diagnosis and diagnosis.verdict == "unknown":
            verdict, reason = Verdict.UNKNOWN, Reason(code="environment")
        words = self.worded(check, diagnosis) if diagnosis else None
        return self.written(check, verdict, misses=misses, diagnosis=words, reason=reason)

    def worded(self, check: Check, diagnosis: Diagnosis) -> NamedMistake:
        """Put *diagnosis* into the report's language."""
        probes = [check.observe, *(also.observe for also in diagnosis.also)]
        return worded(
            diagnosis, [self.recording.observations.get(observation_key(one)) for one in probes], self.lang
        )

    def written(
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
        seen = self.recording.observations.get(observation_key(check.observe))
        return CheckResult(
            id=check.id,
            title=check.title.into(self.lang),
            points=check.points,
            earned=check.points if verdict is Verdict.PASSED else 0,
            verdict=verdict,
            blocked_by=blocked_by or [],
            misses=misses or [],
            diagnosis=diagnosis,
            remarks=remarks or [],
            reason=reason,
            observations=[observation_key(check.observe)] if seen else [],
            duration_ms=seen.duration_ms if seen else 0,
        )
