"""Check whether a JSON report of Trivy is about the very image that the engine has."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, OutOfReach
from dckgrade.probes.support.lookup import parse_timestamp
from dckgrade.report.decode import parse_json

ReportFault = Literal["another-kind", "partial", "foreign", "forged", "older"]
"""
another-kind: of a folder or a repository; partial: without the system's packages; foreign: of another image
or architecture; forged: its own sums do not come out, or its times; older: than this image's tag.
"""
CLOCK_SLACK = timedelta(minutes=10)
REPORT_ID_KEY = "ReportID"
"""Trivy 0.68 brought it, together with `ArtifactID` and the fingerprints."""


class ReportAssessment(Struct, frozen=True):
    """A file that is a report of Trivy, and what is wrong with it; None: nothing."""

    fault: ReportFault | None
    found_from_database: bool
    """It names vulnerabilities, which it can only have from the database."""


def assess_report(text: bytes, name: str, image: Json, now: datetime) -> ReportAssessment | None:
    """Compare a report with the image; None when it is no report of Trivy."""
    try:
        report = parse_json(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
    try:
        return assess_decoded_report(report, name, image, now)
    except (AttributeError, TypeError, KeyError, ValueError, OutOfReach):
        # Its shape is not what any version writes.
        return ReportAssessment("forged", found_from_database=False)


def assess_decoded_report(report: Any, name: str, image: Json, now: datetime) -> ReportAssessment | None:
    """Assess a decoded report: a list of results until Trivy 0.18, an object since then."""
    if isinstance(report, list):
        results: list[Json] = [result for result in report if isinstance(result, dict) and "Target" in result]
        if not results:
            return None
        return ReportAssessment(
            find_list_fault(results, name, list_image_layers(image)),
            found_from_database=any(iter_os_vulnerabilities(results)),
        )
    if not isinstance(report, dict) or "ArtifactName" not in report or "SchemaVersion" not in report:
        return None
    written: list[Json] = report.get("Results") or []
    return ReportAssessment(
        find_object_fault(report, written, image, now),
        found_from_database=any(iter_os_vulnerabilities(written)),
    )


def find_list_fault(results: Sequence[Json], name: str, wanted: list[str]) -> ReportFault | None:
    """Judge a report of 0.18 or before: it names the image in its target, and the layer of each finding."""
    seen = {
        str((vulnerability.get("Layer") or {}).get("DiffID") or "")
        for vulnerability in iter_os_vulnerabilities(results)
    }
    if not any(str(result["Target"]).startswith(f"{name} (") for result in results):
        return "foreign"
    if not seen:
        return "partial"
    return None if seen <= set(wanted) else "foreign"


def find_object_fault(
    report: Json, results: Sequence[Json], image: Json, now: datetime
) -> ReportFault | None:
    """Judge a report since 0.19."""
    metadata = report.get("Metadata") or {}
    if report.get("ArtifactType") != "container_image":
        return "another-kind"
    if metadata.get("DiffIDs") != list_image_layers(image):
        return "foreign"
    if not has_valid_sums(report, metadata, results) or not has_consistent_times(report, now):
        return "forged"
    # nginx:1.17 has hundreds: none at all means that they were filtered out, or never looked for.
    if not any(iter_os_vulnerabilities(results)):
        return "partial"
    made, tagged = report.get("CreatedAt"), (image.get("Metadata") or {}).get("LastTagTime")
    return (
        "older" if made and tagged and parse_timestamp(made) + CLOCK_SLACK < parse_timestamp(tagged) else None
    )


def has_valid_sums(report: Json, metadata: Json, results: Sequence[Json]) -> bool:
    """Return whether the sums in the report are those that Trivy would compute."""
    known = set(metadata["DiffIDs"])
    if any(
        (vulnerability.get("Layer") or {}).get("DiffID") not in known
        for vulnerability in iter_os_vulnerabilities(results)
    ):
        return False
    if REPORT_ID_KEY not in report:
        return "ArtifactID" not in report
    artifact = report.get("ArtifactID")
    reference = str(metadata.get("Reference") or report["ArtifactName"])
    if artifact != compute_digest(f"{metadata.get('ImageID')}:{normalize_repository(reference)}"):
        return False
    return all(
        vulnerability.get("Fingerprint")
        == compute_digest(
            f"{artifact}:{result['Target']}:{vulnerability.get('PkgID')}:{vulnerability.get('VulnerabilityID')}"
        )
        for result in results
        for vulnerability in result.get("Vulnerabilities") or []
        if result.get("Class") == "os-pkgs"
    )


def has_consistent_times(report: Json, now: datetime) -> bool:
    """Return whether the report's id (a UUID of version 7) is of its own time, which is not in the future."""
    if not (made := report.get("CreatedAt")):
        return REPORT_ID_KEY not in report
    if parse_timestamp(made) > now + CLOCK_SLACK:
        return False
    if REPORT_ID_KEY not in report:
        return True
    began = int(str(report[REPORT_ID_KEY]).replace("-", "")[:12], 16) / 1000
    return abs(parse_timestamp(made).timestamp() - began) < CLOCK_SLACK.total_seconds()


def iter_os_vulnerabilities(results: Sequence[Json]) -> Iterator[Json]:
    """List the vulnerabilities of the system's packages."""
    for result in results:
        if result.get("Class", "os-pkgs") == "os-pkgs":
            yield from result.get("Vulnerabilities") or []


def list_image_layers(image: Json) -> list[str]:
    """List the layers of an inspected image, the lowest first: sums of what is in them."""
    return [str(layer) for layer in (image.get("RootFS") or {}).get("Layers") or []]


def normalize_repository(reference: str) -> str:
    """Return an image's full name without its tag: `nginx:1.17` is `index.docker.io/library/nginx`."""
    plain = reference.partition("@")[0]
    head, slash, tail = plain.rpartition("/")
    plain = f"{head}{slash}{tail.partition(':')[0]}"
    first, slash, rest = plain.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return f"index.docker.io/{rest}" if first == "docker.io" else plain
    return f"index.docker.io/{plain}" if slash else f"index.docker.io/library/{plain}"


def compute_digest(text: str) -> str:
    """Return the SHA-256 sum as Trivy writes it."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
