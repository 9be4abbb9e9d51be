"""Group the checks of a report that did not pass by what is said of them, so that each cause is said once."""

from collections.abc import Hashable, Iterable, Sequence

from dckgrade.i18n import N_, get_translator
from dckgrade.render.text.mismatches import describe_mismatches
from dckgrade.report.observation import UnobservableReason
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Verdict


def group_by_cause(checks: Iterable[CheckResult], report: Report) -> list[list[CheckResult]]:
    """Group *checks* of *report* by cause, each group at the place of its first check."""
    groups: dict[Hashable, list[CheckResult]] = {}
    for check in checks:
        groups.setdefault(get_cause(check, is_reached=is_reached(report)), []).append(check)
    return list(groups.values())


def get_cause(check: CheckResult, *, is_reached: bool) -> Hashable:
    """Return what two checks have in common about which the same is said."""
    if check.diagnosis:
        return check.verdict, check.diagnosis
    if check.verdict is Verdict.BLOCKED or check.misses or not check.reason:
        return Verdict.BLOCKED if check.verdict is Verdict.BLOCKED else check.id
    if check.reason.code == "requires-unknown" and not is_reached:
        return UnobservableReason.ENGINE_OUT_OF_REACH
    return check.reason.code if is_of_engine(check) else check.reason


def is_of_engine(check: CheckResult) -> bool:
    """Return whether *check* is undecided because the engine was not reached."""
    return check.reason is not None and check.reason.code == UnobservableReason.ENGINE_OUT_OF_REACH


def is_reached(report: Report) -> bool:
    """Return whether the engine was reached."""
    return not any(map(is_of_engine, report.checks))


def are_waiting(checks: Sequence[CheckResult]) -> bool:
    """Return whether *checks* are several blocked ones, of which nothing else is to be said."""
    return len(checks) > 1 and checks[0].verdict is Verdict.BLOCKED and not checks[0].diagnosis


def describe_waiting(lang: str) -> str:
    """Say of several blocked checks, which the table of all checks names, that they are."""
    return get_translator(lang)(N_("The blocked checks wait for what is above."))


def describe_group_mismatches(group: Sequence[CheckResult], report: Report) -> list[str]:
    """Describe the mismatches of all of *group*, checks of *report*, what is the same once."""
    sentences = (sentence for check in group for sentence in describe_mismatches(check, report))
    return list(dict.fromkeys(sentences))
