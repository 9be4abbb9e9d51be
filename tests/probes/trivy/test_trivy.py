"""What Trivy wrote, old and new, true and false, in; what it proves out."""

import contextlib
import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from dckgrade.engine.answers import OTHER_USERS_DETAIL, OutOfReach
from dckgrade.probes.docker.image import Image
from dckgrade.probes.trivy.bolt import InvalidBoltDatabase, read_bolt_entries
from dckgrade.probes.trivy.cache import AnalysedLayer, compare_layers
from dckgrade.probes.trivy.image_names import names_image, normalize_repository
from dckgrade.probes.trivy.outputs import assess_output
from dckgrade.probes.trivy.reports import OutputFault, ReportTarget
from dckgrade.probes.trivy.trivy_database import TrivyDatabase
from dckgrade.probes.trivy.trivy_scan import TrivyScan
from dckgrade.probes.trivy.trivy_tool import TrivyTool
from dckgrade.report.observation import Absent, Unobservable, UnobservableReason
from tests.support.fake_engine import facts
from tests.support.scenes.trivy import DATABASE, IMAGE, IMAGE_NAME, NOW, REPORT, SCANS, TrivyMachine

TARGET = ReportTarget(name=IMAGE_NAME, image=IMAGE, now=NOW)


def judged(report: Any) -> OutputFault | str | None:
    found = assess_output(json.dumps(report).encode(), TARGET)
    return found.fault if found else "no report"


def old_048(report: Any) -> Any:
    for key in ("ReportID", "ArtifactID"):
        del report[key]
    for result in report["Results"]:
        for found in result.get("Vulnerabilities", []):
            del found["Fingerprint"]
    return report


def old_047(report: Any) -> Any:
    del old_048(report)["CreatedAt"]
    return report


def old_018(report: Any) -> Any:
    return [
        {"Target": result["Target"], "Vulnerabilities": result.get("Vulnerabilities")}
        for result in report["Results"]
    ]


def new_069(report: Any) -> Any:
    return {**report, "Trivy": {"Version": "0.69.3"}}


SHAPES = [copy.deepcopy, old_047, old_048, old_018, new_069]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_true_report_holds_in_the_shape_of_every_version(shape: Callable[[Any], Any]) -> None:
    found = assess_output(json.dumps(shape(copy.deepcopy(REPORT))).encode(), TARGET)
    assert found
    assert (found.fault, found.found_from_database) == (None, True)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_report_of_other_layers_is_foreign_in_every_shape(shape: Callable[[Any], Any]) -> None:
    other = json.loads(json.dumps(REPORT).replace(TARGET.layers[0], "sha256:" + "0" * 64))
    assert judged(shape(other)) == "foreign"


def changed(change: Callable[[Any], Any]) -> Any:
    report = copy.deepcopy(REPORT)
    change(report)
    return report


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            lambda report: report["Results"][0]["Vulnerabilities"][0].update(VulnerabilityID="CVE-2099-1"),
            "forged",
        ),
        (lambda report: report["Results"][0]["Vulnerabilities"][0].pop("Layer"), "forged"),
        (lambda report: report.update(ArtifactID="sha256:" + "1" * 64), "forged"),
        (lambda report: report.pop("ReportID"), "forged"),
        (lambda report: report.update(ReportID="00000000-0000-7000-8000-000000000000"), "forged"),
        (lambda report: report.update(CreatedAt="2099-01-01T00:00:00Z"), "forged"),
        (lambda report: report.update(Metadata=["x"]), "forged"),
        (lambda report: report.update(ArtifactType="filesystem"), "another-kind"),
        (lambda report: report.pop("Results"), "partial"),
        (lambda report: report["Results"][0].pop("Vulnerabilities"), "partial"),
    ],
)
def test_what_does_not_come_out_is_named(change: Callable[[Any], Any], fault: OutputFault) -> None:
    assert judged(changed(change)) == fault


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"\xff", b"[1]", b'{"SchemaVersion":2}', b"null"])
def test_other_files_are_no_reports(text: bytes) -> None:
    assert assess_output(text, TARGET) is None


def test_image_names_are_completed_as_trivy_does() -> None:
    assert normalize_repository("nginx:1.17") == "index.docker.io/library/nginx"
    assert normalize_repository("docker.io/library/nginx@sha256:0") == "index.docker.io/library/nginx"
    assert normalize_repository("own/nginx") == "index.docker.io/own/nginx"
    assert normalize_repository("registry.example:5000/nginx:1") == "registry.example:5000/nginx"


@pytest.mark.parametrize(
    ("reference", "is_ours"),
    [
        ("nginx:1.17", True),
        ("library/nginx:1.17", True),
        ("docker.io/nginx:1.17", True),
        ("index.docker.io/library/nginx:1.17", True),
        (str(IMAGE["Id"]), True),
        (str(IMAGE["Id"])[7:19], True),
        ("nginx", False),
        ("nginx:1.17-alpine", False),
        ("own/nginx:1.17", False),
        ("registry.example:5000/nginx:1.17", False),
        ("", False),
    ],
)
def test_an_image_is_known_by_every_name_that_stands_for_it(reference: str, *, is_ours: bool) -> None:
    assert names_image(reference, IMAGE_NAME, IMAGE) is is_ours


def test_the_real_cache_holds_every_layer_of_the_image() -> None:
    found = read_bolt_entries(SCANS)
    assert {path for path, _, _ in found} == {(b"artifact",), (b"blob",)}
    seen = [
        AnalysedLayer(diff_id=json.loads(value)["DiffID"]) for path, _, value in found if path == (b"blob",)
    ]
    assert compare_layers(seen, TARGET.layers) == "all"
    assert compare_layers(seen, [*TARGET.layers, "sha256:0"]) == "base-only"
    assert compare_layers(seen, ["sha256:0"]) == "another-image"
    assert compare_layers([], TARGET.layers) == "nothing"
    assert compare_layers([], []) == "nothing"


MADE = str(IMAGE["Created"])
LATER = "2026-01-01T00:00:00.123456789Z"


@pytest.mark.parametrize(
    ("made", "scanned", "lack"),
    [
        (MADE, [LATER], "another-image"),
        (MADE, [LATER, MADE], None),
        (LATER, [LATER], None),
        (LATER.replace("789Z", "789+00:00"), [LATER], None),
        (MADE, [LATER, ""], None),
        (MADE, ["0001-01-01T00:00:00Z"], None),
        (MADE, [], None),
        ("", [LATER], None),
        ("0001-01-01T00:00:00Z", [LATER], None),
        (None, [LATER], None),
    ],
)
def test_what_was_built_from_the_image_is_another_one(
    made: str | None, scanned: list[str], lack: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = [
        ((b"blob",), b"x", json.dumps({"DiffID": layer}).encode()) for layer in [*TARGET.layers, "sha256:1"]
    ]
    times = [json.dumps({"Created": time} if time else 7).encode() for time in scanned]
    images = [((b"artifact",), b"x", value) for value in times]
    monkeypatch.setattr("dckgrade.probes.trivy.cache.read_bolt_entries", lambda _: layers + images)
    engine = TrivyMachine(scans=b"x", database=DATABASE)
    engine.images = {IMAGE_NAME: {**IMAGE, "Created": made}}
    seen = facts(TrivyScan(image=IMAGE_NAME).observe(engine))
    assert (seen["evidence"], seen["lack"]) == ((None, lack) if lack else ("cache", "nothing"))


@pytest.mark.parametrize("data", [b"", b"x" * 5000, SCANS[:6000], b"\0" * 40000])
def test_what_is_no_database_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(InvalidBoltDatabase):
        read_bolt_entries(data)


def test_a_database_that_points_at_itself_ends() -> None:
    page = bytearray(SCANS)
    for at in range(0, len(page), 4096):
        page[at + 8] = 1  # every page a branch
    with contextlib.suppress(InvalidBoltDatabase):
        read_bolt_entries(bytes(page))


def test_the_cache_is_the_strongest_evidence() -> None:
    engine = TrivyMachine(scans=SCANS)
    engine.written = [("report.json", json.dumps(REPORT).encode())]
    assert facts(TrivyScan(image=IMAGE_NAME).observe(engine))["evidence"] == "cache"
    engine.cache = dict.fromkeys(engine.cache)
    seen = facts(TrivyScan(image=IMAGE_NAME).observe(engine))
    assert (seen["evidence"], seen["where"]) == ("report", "report.json")


def test_a_cache_that_is_roots_makes_it_unknown_and_a_report_settles_it() -> None:
    denied = OutOfReach(UnobservableReason.NOT_TRIED, OTHER_USERS_DETAIL)
    engine = TrivyMachine(scans=denied, database=denied)
    for kind in (TrivyScan(image=IMAGE_NAME), TrivyDatabase(image=IMAGE_NAME)):
        seen = facts(kind.observe(engine))
        assert (seen["evidence"], seen["not_ours"]) == (None, True)
    engine.written = [("report.json", json.dumps(REPORT).encode())]
    for kind in (TrivyScan(image=IMAGE_NAME), TrivyDatabase(image=IMAGE_NAME)):
        assert facts(kind.observe(engine))["evidence"] == "report"


def test_a_cache_that_is_damaged_or_in_use_is_not_judged() -> None:
    assert isinstance(TrivyScan(image=IMAGE_NAME).observe(TrivyMachine(scans=b"x" * 9000)), Unobservable)
    assert isinstance(TrivyDatabase(image=IMAGE_NAME).observe(TrivyMachine(database=b"{")), Unobservable)


def test_a_report_that_cannot_be_read_is_not_taken_for_none() -> None:
    engine = TrivyMachine(database=DATABASE)
    engine.written = [("report.json", None)]
    assert isinstance(TrivyScan(image=IMAGE_NAME).observe(engine), Unobservable)


def test_without_the_image_there_is_nothing_to_compare_with() -> None:
    engine = TrivyMachine(scans=SCANS)
    engine.images = {}
    seen = facts(TrivyScan(image=IMAGE_NAME).observe(engine))
    assert (seen["lack"], seen["from_registry"]) == ("image-gone", False)
    engine = TrivyMachine()
    engine.images, engine.written = {}, [("report.json", json.dumps(REPORT).encode())]
    seen = facts(TrivyScan(image=IMAGE_NAME).observe(engine))
    assert (seen["lack"], seen["where"]) == ("image-gone", "report.json")


def test_the_database_is_known_by_its_own_word() -> None:
    seen = facts(TrivyDatabase(image=IMAGE_NAME).observe(TrivyMachine(database=DATABASE)))
    assert (seen["evidence"], seen["downloaded_at"]) == ("cache", "2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("metadata", "date"),
    [
        (b'{"Version":1,"Type":1,"UpdatedAt":"2021-01-01T00:00:00Z"}', "2021-01-01T00:00:00Z"),
        (b'{"Version":2}', ""),
        (b'{"Version":2,"DownloadedAt":null,"UpdatedAt":null}', ""),
    ],
)
def test_the_date_of_the_database_is_no_condition(metadata: bytes, date: str) -> None:
    seen = facts(TrivyDatabase(image=IMAGE_NAME).observe(TrivyMachine(database=metadata)))
    assert (seen["evidence"], seen["downloaded_at"]) == ("cache", date)


def test_nothing_anywhere_is_absence() -> None:
    assert isinstance(TrivyTool(image=IMAGE_NAME).observe(TrivyMachine()), Absent)
    for engine in (TrivyMachine(scans=SCANS), TrivyMachine(database=DATABASE)):
        assert facts(TrivyTool(image=IMAGE_NAME).observe(engine))["ways"] == ["cache"]


def test_a_report_of_the_image_shows_that_trivy_was_there() -> None:
    engine = TrivyMachine()
    engine.written = [("report.json", json.dumps(REPORT).encode())]
    assert facts(TrivyTool(image=IMAGE_NAME).observe(engine))["ways"] == ["report"]
    engine.written = [("report.json", json.dumps({**REPORT, "ArtifactID": "sha256:0"}).encode())]
    assert isinstance(TrivyTool(image=IMAGE_NAME).observe(engine), Absent)


def test_a_tag_that_moved_is_told_by_the_one_variable_that_the_lab_names() -> None:
    look = Image(name=IMAGE_NAME, version_in="NGINX_VERSION")
    assert facts(look.observe(TrivyMachine()))["version"] == "1.17.10"
    moved = TrivyMachine()
    moved.images = {
        IMAGE_NAME: {**IMAGE, "Config": {"Env": ["NGINX_VERSION=s3cret"]}, "RepoTags": [IMAGE_NAME, "own:1"]}
    }
    seen = facts(look.observe(moved))
    assert (seen["version"], seen["is_really"]) == ("", "own:1")
