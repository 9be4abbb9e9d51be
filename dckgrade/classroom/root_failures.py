"""Tell the failures of one report that a trainee has to mend from those that follow from an earlier one."""

from collections.abc import Iterator, Mapping, Sequence

from dckgrade.lab.model import Check, Lab
from dckgrade.probes.base import Probe, kind_of
from dckgrade.report.observation import Absent, Observation
from dckgrade.report.result import CheckResult, Verdict

RUNNING_KIND = "container"
"""The kind of probe that says whether a container is there and runs."""


def find_root_failures(
    lab: Lab, lines: Sequence[CheckResult], observations: Mapping[str, Observation]
) -> Iterator[str]:
    """
    Yield the checks that failed, in the order of *lab*, without those that follow from an earlier one.

    After a failure, what is not there yet has not been begun, and a container that does not run as it should
    makes its other checks fail.
    """
    failed: list[Check] = []
    for check, line in zip(lab.checks, lines, strict=True):
        if line.verdict is not Verdict.FAILED:
            continue
        is_absent = isinstance(check.observe.recall(observations), Absent)
        if not (failed and (is_absent or any(is_about_same_container(check, before) for before in failed))):
            yield check.id
        failed.append(check)


def is_about_same_container(check: Check, before: Check) -> bool:
    """Return whether *before* asks whether the very container runs that *check* looks at otherwise."""
    if kind_of(before.observe) != RUNNING_KIND or kind_of(check.observe) == RUNNING_KIND:
        return False
    name = get_container_name(before.observe)
    return name is not None and get_container_name(check.observe) == name


def get_container_name(probe: Probe) -> str | None:
    """Return the name of the container that *probe* looks at; None for another thing, or another way."""
    name = getattr(probe, "container", None) or getattr(probe, "name", None)
    return name if isinstance(name, str) else None
