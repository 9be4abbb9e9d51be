"""Render reports as JUnit XML: a suite for each lab, a test for each check."""

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
    """Build the suite of one lab."""
    tags = [JUNIT_TAGS.get(check.verdict) for check in report.checks]
    suite = ET.Element(
        "testsuite",
        name=sanitize_line(f"{report.lab.id}: {report.lab.title}"),
        tests=str(len(tags)),
        failures=str(tags.count("failure")),
        errors=str(tags.count("error")),
        skipped=str(tags.count("skipped")),
        time=f"{report.duration_ms / 1000:.3f}",
        timestamp=sanitize_line(report.started_at),
    )
    suite.append(build_properties(list_lab_properties(report)))
    suite.extend(build_testcase(check, report, hints) for check in report.checks)
    return suite


def list_lab_properties(report: Report) -> Mapping[str, object]:
    """List what JUnit has no attribute for: points, engine, trainee."""
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
    """Build the test of one check."""
    testcase = ET.Element("testcase", classname=sanitize_line(report.lab.id), name=sanitize_line(check.title))
    code = check.diagnosis.code if check.diagnosis else ""
    testcase.append(
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
        first, *others = [sanitize_line(sentence) for sentence in describe_failure(check, report, hints)] or [
            check.verdict.value
        ]
        result = ET.SubElement(testcase, tag, message=first, type=sanitize_line(code or check.verdict.value))
        result.text = "\n".join(others) or None
    if remarks := [sanitize_line(sentence) for sentence in describe_remarks(check, report, hints)]:
        ET.SubElement(testcase, "system-out").text = "\n".join(remarks)
    return testcase


def build_properties(values: Mapping[str, object]) -> ET.Element:
    """Build properties of the values that are not empty."""
    properties = ET.Element("properties")
    for name, value in values.items():
        if value != "":
            ET.SubElement(properties, "property", name=name, value=sanitize_line(str(value)))
    return properties
