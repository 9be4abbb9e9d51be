"""Reports → JUnit XML that reads like the labs: a suite for each, a test for each check."""

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from dckgrade.render.text import messages
from dckgrade.render.text.escape import serialize_xml
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.render.text.sentences import DEFAULT_HINTS, describe_failure, describe_remarks
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Verdict

JUNIT_TAGS = {
    Verdict.FAILED: "failure",
    Verdict.BLOCKED: "failure",
    Verdict.UNKNOWN: "error",
    Verdict.SKIPPED: "skipped",
}


def render_junit(reports: Sequence[Report], hints: int = DEFAULT_HINTS) -> bytes:
    """Write one `testsuites` document."""
    root = ET.Element("testsuites", name="dckgrade")
    root.extend(build_suite(report, hints) for report in reports)
    return serialize_xml(root)


def build_suite(report: Report, hints: int) -> ET.Element:
    """Write one lab."""
    tags = [JUNIT_TAGS.get(check.verdict) for check in report.checks]
    made = ET.Element(
        "testsuite",
        name=sanitize_line(f"{report.lab.id}: {report.lab.title}"),
        tests=str(len(tags)),
        failures=str(tags.count("failure")),
        errors=str(tags.count("error")),
        skipped=str(tags.count("skipped")),
        time=f"{report.duration_ms / 1000:.3f}",
        timestamp=sanitize_line(report.started_at),
    )
    made.append(build_properties(list_lab_properties(report)))
    made.extend(build_testcase(check, report, hints) for check in report.checks)
    return made


def list_lab_properties(report: Report) -> Mapping[str, object]:
    """List what is known of the whole: JUnit has no place of its own for points."""
    return {
        "earned": report.score.earned,
        "possible": report.score.possible,
        "undecided": report.score.undecided,
        "complete": str(report.complete).lower(),
        "trainee": report.trainee or "",
        "engine": messages.describe_engine(report),
        "digest": report.lab.digest,
    }


def build_testcase(check: CheckResult, report: Report, hints: int) -> ET.Element:
    """Write one check."""
    made = ET.Element("testcase", classname=sanitize_line(report.lab.id), name=sanitize_line(check.title))
    code = check.diagnosis.code if check.diagnosis else ""
    made.append(
        build_properties(
            {
                "id": check.id,
                "points": check.points,
                "earned": check.earned,
                "verdict": check.verdict.value,
                "code": code,
            }
        )
    )
    if tag := JUNIT_TAGS.get(check.verdict):
        first, *others = [sanitize_line(said) for said in describe_failure(check, report, hints)] or [
            check.verdict.value
        ]
        ended = ET.SubElement(made, tag, message=first, type=sanitize_line(code or check.verdict.value))
        ended.text = "\n".join(others) or None
    if known := [sanitize_line(said) for said in describe_remarks(check, report, hints)]:
        ET.SubElement(made, "system-out").text = "\n".join(known)
    return made


def build_properties(values: Mapping[str, object]) -> ET.Element:
    """Write properties, those that have a value."""
    made = ET.Element("properties")
    for name, value in values.items():
        if value != "":
            ET.SubElement(made, "property", name=name, value=sanitize_line(str(value)))
    return made
