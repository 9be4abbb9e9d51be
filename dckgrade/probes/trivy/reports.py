"""Check whether a JSON report of Trivy is about the very image that the engine has."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec import Struct

from dckgrade.engine.answers import Json
from dckgrade.probes.support.lookup import parse_timestamp
from dckgrade.probes.trivy.image_names import names_image, normalize_repository

OutputFault = Literal[
    "another-kind", "partial", "foreign", "forged", "image-gone", "packages-only", "other-format", "damaged"
]
"""
another-kind: of a folder or a repository; partial: without the system's vulnerabilities; foreign: of another
image or architecture; forged: its own sums do not come out, or its times; image-gone: of the image, which is
not there to compare with; packages-only: a list of packages, without vulnerabilities; other-format: it names
the image, and nothing in it ties it to this one; damaged: JSON that is not whole.
"""
CLOCK_SLACK = timedelta(minutes=10)
REPORT_ID_KEY = "ReportID"
"""Trivy 0.68 brought it, together with `ArtifactID` and the fingerprints."""


class ReportTarget(Struct, frozen=True, kw_only=True):
    """What a report should be about, and the time."""

    name: str
    image: Json
    """As the engine inspects it; empty where the engine has no such image."""
    now: datetime

    @property
    def layers(self) -> list[str]:
        """The image's layers, the lowest first: sums of what is in them."""
        return [str(layer) for layer in (self.image.get("RootFS") or {}).get("Layers") or []]


class OutputAssessment(Struct, frozen=True, kw_only=True):
    """A text that Trivy wrote, and what is wrong with it; None: nothing."""

    fault: OutputFault | None
    found_from_database: bool
    """It names vulnerabilities, which it can only have from the database."""
    line: int | None = None
    """The first line that is no JSON, in what should be JSON."""


def assess_decoded_report(report: Any, target: ReportTarget) -> OutputAssessment | None:
    """Assess a decoded report: a list of results until Trivy 0.18, an object since then."""
    if isinstance(report, list):
        results: list[Json] = [result for result in report if isinstance(result, dict) and "Target" in result]
        if not results:
            return None
        return OutputAssessment(
            fault=find_list_fault(results, target),
            found_from_database=any(iter_os_vulnerabilities(results)),
        )
    if not isinstance(report, dict) or "ArtifactName" not in report or "SchemaVersion" not in report:
        return None
    written: list[Json] = report.get("Results") or []
    return OutputAssessment(
        fault=find_object_fault(report, written, target),
        found_from_database=any(iter_os_vulnerabilities(written)),
    )


def find_list_fault(results: Sequence[Json], target: ReportTarget) -> OutputFault | None:
    """Judge a report of 0.18 or before: it names the image in its target, and the layer of each finding."""
    seen = {
        str((vulnerability.get("Layer") or {}).get("DiffID") or "")
        for vulnerability in iter_os_vulnerabilities(results)
    }
    named = (str(result["Target"]).partition(" (")[0] for result in results)
    if not any(names_image(name, target.name, target.image) for name in named):
        return "foreign"
    if not target.layers:
        return "image-gone"
    if not seen:
        return "partial"
    return None if seen <= set(target.layers) else "foreign"


def find_object_fault(report: Json, results: Sequence[Json], target: ReportTarget) -> OutputFault | None:
    """Judge a report since 0.19."""
    metadata = report.get("Metadata") or {}
    if report.get("ArtifactType") != "container_image":
        return "another-kind"
    if not target.layers:
        names = (report["ArtifactName"], *(metadata.get("RepoTags") or []))
        named = any(names_image(str(name), target.name, target.image) for name in names)
        return "image-gone" if named else "foreign"
    if metadata.get("DiffIDs") != target.layers:
        return "foreign"
    if not has_valid_sums(report, metadata, results) or not has_consistent_times(report, target.now):
        return "forged"
    # nginx:1.17 has hundreds: none at all means that they were filtered out, or never looked for.
    return None if any(iter_os_vulnerabilities(results)) else "partial"


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


def compute_digest(text: str) -> str:
    """Return the SHA-256 sum as Trivy writes it."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
