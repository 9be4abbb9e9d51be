"""A report → Gradescope's `results.json`: https://gradescope-autograders.readthedocs.io/en/latest/specs/."""

from typing import Any

import msgspec

from dckgrade.render import phrases
from dckgrade.render.shown import line
from dckgrade.render.telling import HINTS, named, told, worth_knowing
from dckgrade.report import Report
from dckgrade.verdict import Line, Verdict


def gradescope(report: Report, hints: int = HINTS) -> bytes:
    """Write the whole; the score is what was earned, and the output says what is undecided."""
    whole = {
        "score": report.score.earned,
        "execution_time": round(report.duration_ms / 1000, 3),
        "output": line(f"{named(report)}. {phrases.total(report)}"),
        "output_format": "text",
        "visibility": "visible",
        "tests": [test(one, report, hints) for one in report.checks],
        "extra_data": {
            "lab": line(report.lab.id),
            "digest": line(report.lab.digest),
            "possible": report.score.possible,
            "undecided": report.score.undecided,
        },
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def test(one: Line, report: Report, hints: int) -> dict[str, Any]:
    """Write one check; what is undecided has neither score nor status, since neither is known."""
    said = [*told(one, report, hints), *worth_knowing(one, report, hints)]
    known = {
        "score": one.earned,
        "max_score": one.points,
        "status": "passed" if one.verdict is Verdict.PASSED else "failed",
    }
    return {
        "name": line(one.title),
        "number": line(one.id),
        **({} if one.verdict.undecided else known),
        "output": "\n".join(map(line, said)) or phrases.word(one.verdict, report.lang),
        "output_format": "text",
        "extra_data": {"verdict": one.verdict.value, "points": one.points},
    }
