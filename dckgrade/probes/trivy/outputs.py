"""Tell what a text that Trivy wrote shows of an image: a report in any of its formats, or a table."""

import re
from typing import Any

from dckgrade.engine.answers import OutOfReach
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.trivy.image_names import list_references, names_image
from dckgrade.probes.trivy.output_text import decode_output, find_json
from dckgrade.probes.trivy.package_lists import (
    assess_cyclonedx,
    assess_sarif,
    assess_spdx,
    get_nested,
    is_cyclonedx,
    is_sarif,
    is_spdx,
)
from dckgrade.probes.trivy.reports import OutputAssessment, ReportTarget, assess_decoded_report

OWN_REPORT_WORD = "dckgrade-report/"
"""In a report of this program, which speaks of Trivy too."""
_REPORT_START_PATTERN = compile_lazily(
    r'^[\[{](?s:.{0,4000}?)(?:"ArtifactName"|"SchemaVersion"|"name": "Trivy"|aquasecurity)', re.MULTILINE
)
MIN_FINDINGS = 3
"""Fewer may stand in notes or in a script."""
_FINDING_PATTERN = compile_lazily(r"\bCVE-\d{4}-\d{4,}\b")
_PACKAGE_LIST_PATTERN = compile_lazily(r'^SPDXVersion: |"package_url": ', re.MULTILINE)
"""Formats `spdx` and `github`."""
_HEADING_PATTERN = compile_lazily(
    r"^[^\S\n]*(\S+) \([a-z][\w -]* [\w.]+\)[^\S\n]*\n(?:[=\s]*\n)?Total: (\d+) \([A-Z]+: \d", re.MULTILINE
)
"""The heading of one target in a table, and how many vulnerabilities it has."""
_SUMMARY_PATTERN = compile_lazily(r"^│ (\S+) \([a-z][\w -]* [\w.]+\) +│ +\S+ +│ +(\d+) +│", re.MULTILINE)
"""Its line in the summary, since Trivy 0.60."""


def assess_output(content: bytes, target: ReportTarget) -> OutputAssessment | None:
    """Compare a file, or what a container printed, with the image; None when it says nothing of one."""
    text = decode_output(content)
    if OWN_REPORT_WORD in text:
        return None
    found = find_json(text)
    assessment = assess_document(found.value, target)
    if assessment:
        return OutputAssessment(
            fault=assessment.fault,
            found_from_database=assessment.found_from_database,
            line=found.stray_line,
        )
    if found.value is None and _REPORT_START_PATTERN.search(text):
        return OutputAssessment(fault="damaged", found_from_database=False, line=found.stray_line)
    return assess_other_format(text, target)


def assess_document(value: Any, target: ReportTarget) -> OutputAssessment | None:
    """Assess a JSON document of any format; None when it is none that can be compared with an image."""
    try:
        if report := get_nested(value, "scanner", "result"):
            value = report  # format `cosign-vuln`
        if is_sarif(value):
            return assess_sarif(value, target)
        if is_cyclonedx(value):
            return assess_cyclonedx(value, target)
        if is_spdx(value):
            return assess_spdx(value, target)
        return assess_decoded_report(value, target)
    except (AttributeError, TypeError, KeyError, ValueError, OutOfReach):
        # Its shape is not what any version writes.
        return OutputAssessment(fault="forged", found_from_database=False)


def assess_other_format(text: str, target: ReportTarget) -> OutputAssessment | None:
    """Assess a table, or what a template made: it names the image, and nothing ties it to this machine's."""
    if find_table(text, target) is not None:
        return OutputAssessment(fault="other-format", found_from_database=False)
    named = any(
        re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w.-])", text)
        for name in list_references(target.name, target.image)
    )
    if not named or "trivy" not in text.lower():
        return None
    if _PACKAGE_LIST_PATTERN.search(text):
        return OutputAssessment(fault="packages-only", found_from_database=False)
    return (
        OutputAssessment(fault="other-format", found_from_database=False)
        if len(set(_FINDING_PATTERN.findall(text))) >= MIN_FINDINGS
        else None
    )


def find_table(text: str, target: ReportTarget) -> int | None:
    """Return how many vulnerabilities the table of the image's packages counts; None: no such table."""
    for pattern in (_HEADING_PATTERN, _SUMMARY_PATTERN):
        for found in pattern.finditer(text):
            if names_image(found[1], target.name, target.image):
                return int(found[2])
    return None


def shows_table(content: bytes, target: ReportTarget) -> bool:
    """Return whether a container printed the table of the image's system packages."""
    return find_table(decode_output(content), target) is not None
