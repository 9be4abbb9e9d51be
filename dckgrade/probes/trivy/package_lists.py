"""Compare Trivy's other JSON formats with an image: SARIF, and the lists of packages CycloneDX and SPDX."""

from collections.abc import Iterator
from typing import Any

from dckgrade.engine.answers import Json
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.trivy.image_names import names_image
from dckgrade.probes.trivy.reports import OutputAssessment, OutputFault, ReportTarget

OS_RULE_NAME = "OsPackageVulnerability"
PROPERTY_PREFIX = "aquasecurity:trivy:"
_SPDX_LAYER_PATTERN = compile_lazily(r"(?:LayerDiffID|DiffID): (sha256:[0-9a-f]{64})")


def get_nested(value: Any, *keys: str) -> Any:
    """Return what lies under *keys*; None where something on the way is missing or no object."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def is_sarif(value: Any) -> bool:
    """Whether it is SARIF, and Trivy's."""
    runs = get_nested(value, "runs")
    return isinstance(runs, list) and bool(runs) and get_nested(runs[0], "tool", "driver", "name") == "Trivy"


def assess_sarif(report: Json, target: ReportTarget) -> OutputAssessment:
    """SARIF knows the image by its id and its digests in registries."""
    run = report["runs"][0]
    about = run.get("properties") or {}
    rules = run["tool"]["driver"].get("rules") or []
    has_findings = any(rule.get("name") == OS_RULE_NAME for rule in rules) and bool(run.get("results"))
    named = any(
        names_image(str(name), target.name, target.image)
        for name in (about.get("imageName") or "", *(about.get("repoTags") or []))
    )
    digests = set(about.get("repoDigests") or []) & set(target.image.get("RepoDigests") or [])
    fault: OutputFault | None
    if not about.get("imageName"):
        fault = "another-kind"
    elif not target.image:
        fault = "image-gone" if named else "foreign"
    elif about.get("imageID") == target.image.get("Id") or digests:
        fault = None if has_findings else "partial"
    else:
        # Engines that keep images in containerd know the same image by another id.
        fault = "other-format" if named else "foreign"
    return OutputAssessment(fault=fault, found_from_database=has_findings)


def is_cyclonedx(value: Any) -> bool:
    """Whether it is CycloneDX, and Trivy's."""
    return get_nested(value, "bomFormat") == "CycloneDX" and PROPERTY_PREFIX in str(
        get_nested(value, "metadata")
    )


def assess_cyclonedx(report: Json, target: ReportTarget) -> OutputAssessment:
    """CycloneDX has the layers, and vulnerabilities only where they were asked for."""
    component = report["metadata"]["component"]
    properties = [
        (entry["name"].removeprefix(PROPERTY_PREFIX), entry["value"])
        for entry in component.get("properties") or []
    ]
    layers = {value for name, value in properties if name == "DiffID"}
    names = [
        component.get("name"),
        *(value for name, value in properties if name in {"RepoTag", "Reference"}),
    ]
    has_findings = bool(report.get("vulnerabilities"))
    if component.get("type") != "container":
        fault: OutputFault | None = "another-kind"
    else:
        fault = compare_package_list(layers, [str(name) for name in names], target)
    if fault == "packages-only" and has_findings:
        fault = None
    return OutputAssessment(fault=fault, found_from_database=has_findings)


def is_spdx(value: Any) -> bool:
    """Whether it is SPDX, and Trivy's."""
    return bool(get_nested(value, "spdxVersion")) and "trivy" in str(get_nested(value, "creationInfo"))


def assess_spdx(report: Json, target: ReportTarget) -> OutputAssessment:
    """SPDX has the layers, and no vulnerabilities."""
    containers = [
        package
        for package in report.get("packages") or []
        if package.get("primaryPackagePurpose") == "CONTAINER"
    ]
    notes = [note for package in containers for note in iter_notes(package)]
    layers = {found[1] for note in notes if (found := _SPDX_LAYER_PATTERN.fullmatch(note))}
    names = [
        str(report.get("name")),
        *(note.partition(": ")[2] for note in notes if note.startswith("RepoTag")),
    ]
    fault = compare_package_list(layers, names, target) if containers else "another-kind"
    return OutputAssessment(fault=fault, found_from_database=False)


def iter_notes(package: Json) -> Iterator[str]:
    """Yield what Trivy notes of a package: as annotations, before 0.59 as attribution texts."""
    yield from (str(note.get("comment")) for note in package.get("annotations") or [])
    yield from map(str, package.get("attributionTexts") or [])


def compare_package_list(layers: set[str], names: list[str], target: ReportTarget) -> OutputFault:
    """Compare the layers that a list of packages is of with the image's."""
    if not target.layers:
        named = any(names_image(name, target.name, target.image) for name in names)
        return "image-gone" if named else "foreign"
    return "packages-only" if layers == set(target.layers) else "foreign"
