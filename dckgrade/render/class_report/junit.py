"""Render a class report as JUnit XML, for CI systems."""

from xml.etree import ElementTree as ET

from dckgrade.render.text.escape import serialize_xml
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.report.class_report import ClassCell, ClassLab, ClassReport, ClassRow
from dckgrade.report.result import Verdict


def render_class_junit(report: ClassReport) -> bytes:
    """Write a suite for each lab of each trainee, a test for each check; points are its properties."""
    root = ET.Element("testsuites", name="dckgrade collect")
    for row in report.rows:
        for lab in report.labs:
            if cell := row.cells.get(lab.id):
                root.append(build_trainee_suite(row, lab, cell))
    return serialize_xml(root)


def build_trainee_suite(row: ClassRow, lab: ClassLab, cell: ClassCell) -> ET.Element:
    """Build the suite of one trainee's lab."""
    verdicts = list(cell.verdicts.values())
    suite = ET.Element(
        "testsuite",
        name=sanitize_line(f"{row.trainee}: {lab.id}"),
        tests=str(len(verdicts)),
        failures=str(sum(verdict in {Verdict.FAILED, Verdict.BLOCKED} for verdict in verdicts)),
        errors=str(verdicts.count(Verdict.UNKNOWN)),
        skipped=str(verdicts.count(Verdict.SKIPPED)),
        timestamp=sanitize_line(cell.started_at),
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("earned", cell.score.earned),
        ("possible", cell.score.possible),
        ("trust", cell.trust),
    ):
        ET.SubElement(properties, "property", name=name, value=str(value))
    for check in lab.checks:
        suite.append(build_trainee_testcase(row.trainee, lab.id, check.id, check.title, cell))
    return suite


def build_trainee_testcase(trainee: str, lab: str, check: str, title: str, cell: ClassCell) -> ET.Element:
    """Build the test of one check."""
    verdict, code = cell.verdicts[check], cell.mistakes.get(check, "")
    testcase = ET.Element(
        "testcase", classname=sanitize_line(f"{trainee}.{lab}"), name=sanitize_line(f"{check}: {title}")
    )
    match verdict:
        case Verdict.FAILED | Verdict.BLOCKED:
            ET.SubElement(testcase, "failure", message=sanitize_line(code or verdict), type=verdict)
        case Verdict.UNKNOWN:
            ET.SubElement(testcase, "error", message=sanitize_line(code or verdict), type=verdict)
        case Verdict.SKIPPED:
            ET.SubElement(testcase, "skipped")
        case Verdict.PASSED:
            pass
    return testcase
