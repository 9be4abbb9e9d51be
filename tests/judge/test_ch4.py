"""What ch4 says of one volume and of two, and of an age or a mount that is not told."""

from typing import Any

import pytest
from msgspec.structs import replace

from dckgrade.judge.judge import judge_recording
from dckgrade.probes.registry import find_kind
from dckgrade.report.codec import extract_recording, from_json
from dckgrade.report.observation import Absent, Recording, Seen
from dckgrade.report.result import CheckResult, Verdict
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab

LAB = load_built_in_lab("ch4").lab
KEPT, READER = "kept-data container=base", "mount container=lecteur destination=/srv"


def recording(case: str = "solution") -> Recording:
    return extract_recording(from_json((FIXTURES / "ch4" / case / "recording.json").read_bytes(), case))


def change(found: Recording, key: str, **facts: Any) -> None:
    (name,) = [name for name in found.observations if name.startswith(key)]
    seen = found.observations[name]
    assert isinstance(seen, Seen)
    assert {*facts} <= {*seen.facts}
    seen.facts.update(facts)


def judge(found: Recording, check: str) -> CheckResult:
    return next(result for result in judge_recording(LAB, found, "en") if result.id == check)


def test_two_containers_on_one_volume_pass_whatever_its_name_and_two_volumes_fail() -> None:
    found = recording()
    assert judge(found, "one-volume").verdict is Verdict.PASSED
    change(found, READER, name="journal_2")
    failed = judge(found, "one-volume")
    assert (failed.verdict, failed.misses[0].wanted) == (Verdict.FAILED, {"equals": "journal"})
    change(found, "mount container=redacteur", name="journal_2")
    assert judge(found, "one-volume").verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("survived", "verdict"), [(True, Verdict.PASSED), (False, Verdict.FAILED), (None, Verdict.UNKNOWN)]
)
def test_an_age_that_is_not_told_is_neither_a_pass_nor_a_failure(
    verdict: Verdict, *, survived: bool | None
) -> None:
    found = recording()
    change(found, KEPT, survived=survived)
    assert judge(found, "data-survives").verdict is verdict


def test_what_passive_leaves_undecided_is_skipped_or_unknown_and_never_a_pass() -> None:
    found = recording()
    told = {
        name: seen
        for name, seen in found.observations.items()
        if (kind := find_kind(name.split(" ")[0])) and kind.passive
    }
    passive = replace(found, passive=True, observations=told)
    change(passive, KEPT, from_image=None, survived=None)
    results = {result.id: result.verdict for result in judge_recording(LAB, passive, "en")}
    assert results["data-survives"] is Verdict.UNKNOWN
    skipped = {check.id for check in LAB.checks if not check.is_passive}
    assert skipped
    assert {results[check] for check in skipped} == {Verdict.SKIPPED}
    assert Verdict.FAILED not in results.values()


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("/etc/nginx/conf.d/default.conf", "VO-08"),
        ("/etc/nginx/conf.d", "VO-91"),
        ("/etc/nginx/conf.d/", "VO-91"),
        ("/usr/share/nginx/html", "VO-91"),
    ],
)
def test_a_file_mounted_onto_a_folder_is_no_file_that_was_not_there(place: str, code: str) -> None:
    found = recording("mistakes/source-missing")
    error = (
        f'error mounting "/work/sites.conf" to rootfs at "{place}": mount /work/sites.conf:{place} (via '
        "/proc/self/fd/6), flags: 0x5001: not a directory: Are you trying to mount a directory onto a "
        "file (or vice-versa)? Check if the specified host path exists and is the expected type"
    )
    change(found, "container name=lecteur", error=error)
    said = {"program": "Docker", "text": error, "place": "docker inspect lecteur: State.Error"}
    found.observations["container-error name=lecteur"] = Seen(kind="container-error", facts=said)
    diagnosis = judge(found, "lecteur-runs").diagnosis
    assert diagnosis
    assert diagnosis.code == code


def test_a_base_without_pgdata_is_there_all_the_same() -> None:
    found = recording()
    (key,) = [name for name in found.observations if name.startswith("mount container=base")]
    found.observations[key] = Absent(kind="mount")
    diagnosis = judge(found, "data-volume").diagnosis
    assert diagnosis
    assert diagnosis.code == "VO-56"
