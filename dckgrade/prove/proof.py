"""Compares what cases came to with what they expect: the matrix, and what keeps a lab from being proven."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from msgspec import Struct

from dckgrade.i18n import N_
from dckgrade.lab.model import Lab
from dckgrade.prove.case import Case, CaseKind, Waiver, get_diagnosis_code
from dckgrade.report.proof import MUTANTS_CASE, ProofCell, ProofFault
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Verdict


class CaseOutcome(Struct, frozen=True, kw_only=True):
    """One case, and the report of the engine that was put into it; or why there is none."""

    case: Case
    report: Report | None = None
    failure: str = ""


def apply_waivers(
    found: Sequence[ProofFault], waivers: Sequence[Waiver], today: date
) -> tuple[list[ProofFault], list[str]]:
    """Return the faults that remain, and what the waivers have forgiven; one must be needed."""
    subjects = {find_waivable_subject(fault) for fault in found}
    valid = {waiver.of for waiver in waivers if waiver.until >= today}
    remaining = [fault for fault in found if find_waivable_subject(fault) not in valid]
    for waiver in waivers:
        if waiver.of not in valid:
            remaining.append(ProofFault(what=N_("The waiver of {detail} has expired."), detail=waiver.of))
        elif waiver.of not in subjects:
            remaining.append(
                ProofFault(what=N_("The waiver of {detail} forgives nothing."), detail=waiver.of)
            )
    used = [waiver for waiver in waivers if waiver.of in valid & subjects]
    return remaining, [f"{waiver.of}: {waiver.reason} ({waiver.until})" for waiver in used]


def find_waivable_subject(fault: ProofFault) -> str | None:
    """Name what a waiver can forgive: a check that nothing kills, a mistake that nothing triggers."""
    return (fault.code or fault.check) if fault.case in {None, MUTANTS_CASE} else None


def build_matrix(lab: Lab, outcomes: Iterable[CaseOutcome]) -> dict[str, dict[str, ProofCell]]:
    """Return for each check its cell for each case."""
    reports = [
        (outcome.case, {line.id: line for line in outcome.report.checks})
        for outcome in outcomes
        if outcome.report
    ]
    return {
        check.id: {case.name: classify_result(case, lines[check.id]) for case, lines in reports}
        for check in lab.checks
    }


def classify_result(case: Case, line: CheckResult) -> ProofCell:
    """Compare one line of a report with what its case expects."""
    verdict, wanted_code = case.expectation.get_expected_result(line.id)
    wanted_remark = case.expectation.remarks.get(line.id)
    if line.verdict is not verdict:
        return classify_surprise(verdict, line.verdict)
    remarks = [remark.code for remark in line.remarks]
    if get_diagnosis_code(line) != wanted_code or remarks != ([wanted_remark] if wanted_remark else []):
        return ProofCell.MISNAMED
    return CELL_AS_EXPECTED[verdict]


def classify_surprise(wanted: Verdict, came: Verdict) -> ProofCell:
    """Name the way in which a check did not end as expected."""
    if came is Verdict.PASSED:
        return ProofCell.SURVIVED
    if came is Verdict.UNKNOWN:
        return ProofCell.UNSEEN
    return ProofCell.TRIPPED if wanted in {Verdict.PASSED, Verdict.BLOCKED} else ProofCell.OTHERWISE


CELL_AS_EXPECTED: Mapping[Verdict, ProofCell] = {
    Verdict.FAILED: ProofCell.KILLED,
    Verdict.BLOCKED: ProofCell.BLOCKED,
    Verdict.PASSED: ProofCell.PASSED,
    Verdict.UNKNOWN: ProofCell.UNDECIDED,
}

FAULT_MESSAGES = {
    ProofCell.SURVIVED: N_("{check} does not see the mistake {case}: {detail}."),
    ProofCell.TRIPPED: N_("{check} fails on {case}, which is not its mistake: {detail}."),
    ProofCell.MISNAMED: N_("{check} fails on {case}, but the mistake named is another: {detail}."),
    ProofCell.OTHERWISE: N_("{check} ends on {case} in another way than it should: {detail}."),
    ProofCell.UNSEEN: N_("{check} is unknown on {case}, which it should not be: {detail}."),
}


def find_case_faults(outcomes: Iterable[CaseOutcome], lab: Lab) -> Iterator[ProofFault]:
    """List what each case has brought to light."""
    for outcome in outcomes:
        name = outcome.case.name
        yield from find_expectation_faults(outcome.case, lab)
        if outcome.report is None:
            yield ProofFault(
                what=N_("{case} could not be applied: {detail}"), case=name, detail=outcome.failure
            )
            continue
        if outcome.case.kind is CaseKind.UNTOUCHED:
            yield from find_untouched_faults(outcome.report)
        yield from find_silent_faults(outcome.report, name)
        for line in outcome.report.checks:
            found = classify_result(outcome.case, line)
            if not found.is_expected and outcome.case.kind in {CaseKind.SOLUTION, CaseKind.VARIANT}:
                what = N_("The solution {case} does not pass {check}: {detail}.")
                yield ProofFault(
                    what=what, check=line.id, case=name, detail=describe_difference(outcome.case, line)
                )
            elif not found.is_expected:
                yield ProofFault(
                    what=FAULT_MESSAGES[found],
                    check=line.id,
                    case=name,
                    detail=describe_difference(outcome.case, line),
                )


def find_expectation_faults(case: Case, lab: Lab) -> Iterator[ProofFault]:
    """A check that there is not would be expected in vain, and a mistake that changes nothing is none."""
    expectation = case.expectation
    known = {check.id for check in lab.checks}
    for name in dict.fromkeys(
        [
            *expectation.failed,
            *expectation.blocked,
            *expectation.unknown,
            *expectation.remarks,
            *expectation.budget,
        ]
    ):
        if name not in known:
            yield ProofFault(
                what=N_("{case} expects something of {detail}, which is no check."),
                case=case.name,
                detail=name,
            )
    if case.kind is CaseKind.MISTAKE and not (
        expectation.failed or expectation.unknown or expectation.remarks
    ):
        yield ProofFault(what=N_("{case} names no check that it fails: it is no mistake."), case=case.name)


def find_silent_faults(report: Report, case: str) -> Iterator[ProofFault]:
    """A failed check says why: by the mistake's name, or by the program's own words."""
    for line in report.checks:
        if line.verdict is Verdict.FAILED and not line.diagnosis:
            what = N_("{check} fails on {case} without a word: no mistake is named, no program is quoted.")
            yield ProofFault(what=what, check=line.id, case=case)


def find_untouched_faults(report: Report) -> Iterator[ProofFault]:
    """An engine that nobody has touched earns nothing, and nothing about it is unknown; it may be fit."""
    wrong = {
        Verdict.PASSED: N_("{check} passes on an untouched engine."),
        Verdict.UNKNOWN: N_("{check} is unknown on an untouched engine."),
    }
    for line in report.checks:
        fit = line.verdict is Verdict.PASSED and not line.points
        if line.verdict in wrong and not fit:
            yield ProofFault(what=wrong[line.verdict], check=line.id, case=CaseKind.UNTOUCHED)


def describe_difference(case: Case, line: CheckResult) -> str:
    """Describe in short what was expected and what came."""
    verdict, wanted = case.expectation.get_expected_result(line.id)
    misses = ", ".join(f"{miss.fact}={miss.found!r}" for miss in line.misses)
    came = " ".join(part for part in (line.verdict, get_diagnosis_code(line), misses) if part)
    return f"{' '.join(part for part in (verdict, wanted) if part)} → {came}"


def find_coverage_faults(lab: Lab, outcomes: Sequence[CaseOutcome]) -> Iterator[ProofFault]:
    """List the checks that no mistake kills, and the mistakes that no case triggers."""
    lines = [(outcome.case, line) for outcome in outcomes if outcome.report for line in outcome.report.checks]
    killed = {
        line.id
        for case, line in lines
        if case.kind in {CaseKind.MISTAKE, CaseKind.HANDMADE}
        and classify_result(case, line) in list_killing_cells(line)
    }
    for check in lab.checks:
        if check.id not in killed:
            yield ProofFault(what=N_("No mistake kills {check}: it may be unable to fail."), check=check.id)
    triggered = {named.code for _, line in lines for named in (line.diagnosis, *line.remarks) if named}
    for code in dict.fromkeys(diagnosis.code for diagnosis in lab.list_diagnoses()):
        if code not in triggered:
            yield ProofFault(what=N_("No case triggers {code}."), code=code)


def list_killing_cells(line: CheckResult) -> set[ProofCell]:
    """Return the cells that show that a check can fail; one worth no points may be unknown instead."""
    return {ProofCell.KILLED} if line.points else {ProofCell.KILLED, ProofCell.UNDECIDED}
