"""A JSON report of Trivy and the image that the engine has → whether it is a report of that very image."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, OutOfReach
from dckgrade.probes.support.lookup import moment

Fault = Literal["another-kind", "partial", "foreign", "forged", "older"]
"""
another-kind: of a folder or a repository; partial: without the system's packages; foreign: of another image
or architecture; forged: its own sums do not come out, or its times; older: than this image's tag.
"""
SLACK = timedelta(minutes=10)
SUMS_SINCE = "ReportID"
"""Trivy 0.68 brought it, together with `ArtifactID` and the fingerprints."""


class Read(Struct, frozen=True):
    """A file that is a report of Trivy, and what is wrong with it; None: nothing."""

    fault: Fault | None
    found_from_database: bool
    """It names vulnerabilities, which it can only have from the database."""


def read(text: bytes, name: str, image: Json, now: datetime) -> Read | None:
    """Hold a report against the image; None when it is no report of Trivy."""
    try:
        report = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
    try:
        return judged(report, name, image, now)
    except (AttributeError, TypeError, KeyError, ValueError, OutOfReach):
        # Its shape is not what any version writes.
        return Read("forged", found_from_database=False)


def judged(report: Any, name: str, image: Json, now: datetime) -> Read | None:
    """Tell the versions' shapes apart: until 0.18 a list of results, since then an object."""
    if isinstance(report, list):
        results: list[Json] = [one for one in report if isinstance(one, dict) and "Target" in one]
        if not results:
            return None
        return Read(of_list(results, name, layers(image)), found_from_database=any(found(results)))
    if not isinstance(report, dict) or "ArtifactName" not in report or "SchemaVersion" not in report:
        return None
    written: list[Json] = report.get("Results") or []
    return Read(of_object(report, written, image, now), found_from_database=any(found(written)))


def of_list(results: Sequence[Json], name: str, wanted: list[str]) -> Fault | None:
    """Judge a report of 0.18 or before: it names the image in its target, and the layer of each finding."""
    seen = {str((one.get("Layer") or {}).get("DiffID") or "") for one in found(results)}
    if not any(str(one["Target"]).startswith(f"{name} (") for one in results):
        return "foreign"
    if not seen:
        return "partial"
    return None if seen <= set(wanted) else "foreign"


def of_object(report: Json, results: Sequence[Json], image: Json, now: datetime) -> Fault | None:
    """Judge a report since 0.19."""
    metadata = report.get("Metadata") or {}
    if report.get("ArtifactType") != "container_image":
        return "another-kind"
    if metadata.get("DiffIDs") != layers(image):
        return "foreign"
    if not sums_come_out(report, metadata, results) or not times_agree(report, now):
        return "forged"
    # nginx:1.17 has hundreds: none at all means that they were filtered out, or never looked for.
    if not any(found(results)):
        return "partial"
    made, tagged = report.get("CreatedAt"), (image.get("Metadata") or {}).get("LastTagTime")
    return "older" if made and tagged and moment(made) + SLACK < moment(tagged) else None


def sums_come_out(report: Json, metadata: Json, results: Sequence[Json]) -> bool:
    """Compute again what Trivy has computed."""
    known = set(metadata["DiffIDs"])
    if any((one.get("Layer") or {}).get("DiffID") not in known for one in found(results)):
        return False
    if SUMS_SINCE not in report:
        return "ArtifactID" not in report
    artifact = report.get("ArtifactID")
    reference = str(metadata.get("Reference") or report["ArtifactName"])
    if artifact != digest(f"{metadata.get('ImageID')}:{repository(reference)}"):
        return False
    return all(
        one.get("Fingerprint")
        == digest(f"{artifact}:{result['Target']}:{one.get('PkgID')}:{one.get('VulnerabilityID')}")
        for result in results
        for one in result.get("Vulnerabilities") or []
        if result.get("Class") == "os-pkgs"
    )


def times_agree(report: Json, now: datetime) -> bool:
    """Say whether the report's number (a UUID of version 7) is of the time that it gives, which has been."""
    if not (made := report.get("CreatedAt")):
        return SUMS_SINCE not in report
    if moment(made) > now + SLACK:
        return False
    if SUMS_SINCE not in report:
        return True
    began = int(str(report[SUMS_SINCE]).replace("-", "")[:12], 16) / 1000
    return abs(moment(made).timestamp() - began) < SLACK.total_seconds()


def found(results: Sequence[Json]) -> Iterator[Json]:
    """List the vulnerabilities of the system's packages."""
    for result in results:
        if result.get("Class", "os-pkgs") == "os-pkgs":
            yield from result.get("Vulnerabilities") or []


def layers(image: Json) -> list[str]:
    """List the layers of an inspected image, the lowest first: sums of what is in them."""
    return [str(one) for one in (image.get("RootFS") or {}).get("Layers") or []]


def repository(reference: str) -> str:
    """Give an image's full name without its tag: `nginx:1.17` is `index.docker.io/library/nginx`."""
    plain = reference.partition("@")[0]
    head, slash, tail = plain.rpartition("/")
    plain = f"{head}{slash}{tail.partition(':')[0]}"
    first, slash, rest = plain.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return f"index.docker.io/{rest}" if first == "docker.io" else plain
    return f"index.docker.io/{plain}" if slash else f"index.docker.io/library/{plain}"


def digest(text: str) -> str:
    """Give the sum that Trivy writes."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
