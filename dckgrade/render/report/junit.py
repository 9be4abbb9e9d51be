"""Reports → JUnit XML that reads like the labs: a suite for each, a test for each check."""

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from dckgrade.render.text import messages
from dckgrade.render.text.escape import xml_document
from dckgrade.render.text.sanitize import line
from dckgrade.render.text.sentences import HINTS, told, worth_knowing
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Verdict

TAGS = {
    Verdict.FAILED: "failure",
    Verdict.BLOCKED: "failure",
    Verdict.UNKNOWN: "error",
    Verdict.SKIPPED: "skipped",
}


def junit(reports: Sequence[Report], hints: int = HINTS) -> bytes:
    """Write one `testsuites` document."""
    root = ET.Element("testsuites", name="dckgrade")
    root.extend(suite(one, hints) for one in reports)
    return xml_document(root)


def suite(report: Report, hints: int) -> ET.Element:
    """Write one lab."""
    tags = [TAGS.get(one.verdict) for one in report.checks]
    made = ET.Element(
        "testsuite",
        name=line(f"{report.lab.id}: {report.lab.title}"),
        tests=str(len(tags)),
        failures=str(tags.count("failure")),
        errors=str(tags.count("error")),
        skipped=str(tags.count("skipped")),
        time=f"{report.duration_ms / 1000:.3f}",
        timestamp=line(report.started_at),
    )
    made.append(properties(of_lab(report)))
    made.extend(test(one, report, hints) for one in report.checks)
    return made


def of_lab(report: Report) -> Mapping[str, object]:
    """List what is known of the whole: JUnit has no place of its own for points."""
    return {
        "earned": report.score.earned,
        "possible": report.score.possible,
        "undecided": report.score.undecided,
        "complete": str(report.complete).lower(),
        "trainee": report.trainee or "",
        "engine": messages.engine(report),
        "digest": report.lab.digest,
    }


def test(one: CheckResult, report: Report, hints: int) -> ET.Element:
    """Write one check."""
    made = ET.Element("testcase", classname=line(report.lab.id), name=line(one.title))
    code = one.diagnosis.code if one.diagnosis else ""
    made.append(
        properties(
            {
                "id": one.id,
                "points": one.points,
                "earned": one.earned,
                "verdict": one.verdict.value,
                "code": code,
            }
        )
    )
    if tag := TAGS.get(one.verdict):
        first, *others = [line(said) for said in told(one, report, hints)] or [one.verdict.value]
        ended = ET.SubElement(made, tag, message=first, type=line(code or one.verdict.value))
        ended.text = "\n".join(others) or None
    if known := [line(said) for said in worth_knowing(one, report, hints)]:
        ET.SubElement(made, "system-out").text = "\n".join(known)
    return made


def properties(values: Mapping[str, object]) -> ET.Element:
    """Write properties, those that have a value."""
    made = ET.Element("properties")
    for name, value in values.items():
        if value != "":
            ET.SubElement(made, "property", name=name, value=line(str(value)))
    return made
