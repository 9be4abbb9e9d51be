"""Labs and recordings in a few words, for judging them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dckgrade.judge.judge import judge_recording
from dckgrade.lab.load import parse_lab
from dckgrade.lab.model import Lab
from dckgrade.probes.base import observation_key
from dckgrade.report.observation import (
    Absent,
    EngineInfo,
    Observation,
    Recording,
    Seen,
    Unobservable,
    UnobservableReason,
)
from dckgrade.report.result import CheckResult, Verdict

HEAD = "version: 1\nid: sample\ntitle: {fr: Un, en: One}\nchecks:\n"

MISTAKE = """\
      - code: {code}
        name: {name}
        when: {when}
        message: {{fr: message, en: message}}
        hint: {{fr: piste, en: hint}}
"""

GONE = Absent(kind="container")
LATE = Unobservable(kind="container", why=UnobservableReason.DEADLINE, detail="3 s")


def lab(*checks: str) -> Lab:
    """Load a lab made of *checks*."""
    return parse_lab((HEAD + "".join(checks)).encode(), Path("sample.yaml"))


def check(name: str, *, requires: Sequence[str] = (), points: int = 1, more: str = "") -> str:
    """Write a check that wants container *name* to run."""
    return (
        f"  - id: {name}\n    title: {{fr: {name} tourne, en: {name} runs}}\n    points: {points}\n"
        f"    observe: {{kind: container, name: {name}}}\n    expect: {{status: running}}\n"
        f"    requires: [{', '.join(requires)}]\n{more}"
    )


def mistake(code: str, when: str, more: str = "") -> str:
    """Write a mistake in full."""
    return MISTAKE.format(code=code, name=f"mistake-{code.lower()}", when=when) + more


def seen(status: str = "running", **facts: object) -> Seen:
    """See a container in the state *status*."""
    return Seen(kind="container", facts={"status": status, **facts})


def recording(
    observed: Mapping[str, Observation],
    *,
    only: Sequence[str] = (),
    starting: Sequence[str] = (),
    passive: bool = False,
) -> Recording:
    """Record what was *observed*: by an observation's key, or by a container's bare name."""
    return Recording(
        engine=EngineInfo(endpoint="unix:///run/docker.sock"),
        started_at="2026-01-01T00:00:00Z",
        only=list(only),
        starting=list(starting),
        passive=passive,
        observations={
            name if " " in name else f"container name={name}": observation
            for name, observation in observed.items()
        },
    )


def line(judged: Lab, recorded: Recording, name: str) -> CheckResult:
    """Judge, and give the line of one check."""
    return next(result for result in judge_recording(judged, recorded, "en") if result.id == name)


def verdicts(judged: Lab, recorded: Recording) -> dict[str, Verdict]:
    """Judge, and give the verdict on each check."""
    return {result.id: result.verdict for result in judge_recording(judged, recorded, "en")}


def keys(judged: Lab) -> list[str]:
    """List what the checks look at."""
    return [observation_key(check.observe) for check in judged.checks]
