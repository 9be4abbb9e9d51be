"""What proving must find out by itself: each weakness is put into a copy of TP5, and must be named."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from dckgrade.engine.endpoint import EngineError
from dckgrade.i18n import UserError
from dckgrade.lab.discovery import find_builtin_folder, find_lab_path, list_labs_in_folders
from dckgrade.lab.load import load_lab
from dckgrade.lab.model import LoadedLab
from dckgrade.prove import run
from dckgrade.prove.case import list_cases, read_proof_settings
from dckgrade.prove.engines.release import INSTALLED, RELEASES
from dckgrade.prove.images import replace_image_names
from dckgrade.prove.recordings import derive_recordings
from dckgrade.prove.schedule import PlannedLab
from dckgrade.report.proof import Proof, ProofCell
from images import build
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab
from tests.support.proving import DeadEngine, prove_on


@pytest.fixture
def fixtures(tmp_path: Path) -> Path:
    """Give a copy of TP5's fixtures."""
    shutil.copytree(FIXTURES / "tp5", tmp_path / "fixtures" / "tp5")
    return tmp_path / "fixtures"


def tp5(folder: Path, *changes: tuple[str, str]) -> LoadedLab:
    """Give a copy of TP5 with *changes* made to its text."""
    text = find_lab_path("tp5").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (folder / "tp5.yaml").write_text(text, encoding="utf-8")
    return load_lab(folder / "tp5.yaml")


def sentences(proof: Proof) -> list[str]:
    return [fault.translate_sentence("en") for fault in proof.faults]


@pytest.mark.parametrize("lab", list_labs_in_folders(find_builtin_folder()))
def test_no_lab_is_on_the_shelf_that_is_not_proven(lab: str) -> None:
    assert sentences(run.prove_from_recordings(load_built_in_lab(lab), FIXTURES)) == []


def test_tp5_is_proven_by_its_recordings() -> None:
    proof = run.prove_from_recordings(load_built_in_lab("tp5"), FIXTURES)

    assert sentences(proof) == []
    assert proof.mutants > 50
    assert {cell for row in proof.cells.values() for cell in row.values()} == {
        ProofCell.KILLED,
        ProofCell.BLOCKED,
        ProofCell.PASSED,
        ProofCell.UNDECIDED,
    }


def test_a_deleted_demand_is_noticed_by_the_mistakes_that_then_pass(tmp_path: Path) -> None:
    weaker = tp5(tmp_path, ("      status: running\n      stable: true\n", "      stable: true\n"))

    found = sentences(run.prove_from_recordings(weaker, FIXTURES))

    assert any("dbserver-running does not see the mistake no-password" in sentence for sentence in found), (
        found
    )


def test_a_check_whose_only_telling_demand_is_gone_is_named_vacuous(tmp_path: Path) -> None:
    weaker = tp5(tmp_path, ("{accepts: true}\n    within", "{accepts: {present: true}}\n    within"))

    found = sentences(run.prove_from_recordings(weaker, FIXTURES))

    assert "No mistake kills dbserver-accepts: it may be unable to fail." in found


def test_a_demand_that_nothing_breaks_is_vacuous(tmp_path: Path) -> None:
    any_way = "found_by: {one-of: [name, label, near-miss, image, arguments]}"
    weaker = tp5(
        tmp_path, ("found_by: {one-of: [name, label]}\n      image_fits", f"{any_way}\n      image_fits")
    )

    found = sentences(run.prove_from_recordings(weaker, FIXTURES))

    assert any(
        "webservers-running: no change of what was seen breaks the demand found_by" in sentence
        for sentence in found
    )


def test_only_a_check_worth_nothing_may_pass_on_an_untouched_engine_and_never_fail(tmp_path: Path) -> None:
    text = find_lab_path("tp3").read_text(encoding="utf-8")
    (tmp_path / "tp3.yaml").write_text(text.replace("    points: 0\n", "    points: 1\n"), encoding="utf-8")

    found = sentences(run.prove_from_recordings(load_lab(tmp_path / "tp3.yaml"), FIXTURES))

    assert found == [
        "engine-has-apparmor passes on an untouched engine.",
        "No mistake kills engine-has-apparmor: it may be unable to fail.",
    ]


def test_a_weakened_demand_names_the_mistakes_that_survive_it(tmp_path: Path) -> None:
    weaker = tp5(tmp_path, ("      status: running\n", "      status: {present: true}\n"))

    proof = run.prove_from_recordings(weaker, FIXTURES)

    assert proof.cells["webservers-running"]["paused"] is ProofCell.SURVIVED
    assert any(
        "webservers-running does not see the mistake paused" in sentence for sentence in sentences(proof)
    )


def test_a_failed_check_without_a_sentence_is_refused(tmp_path: Path) -> None:
    silent = tp5(tmp_path, ("when: {status: paused}", "when: {status: dead}"))

    found = sentences(run.prove_from_recordings(silent, FIXTURES))

    assert (
        "webservers-running fails on paused without a word: no mistake is named, no program is quoted."
        in found
    )


def test_a_broken_solution_is_said(fixtures: Path) -> None:
    broken, solution = fixtures / "tp5" / "mistakes" / "paused", fixtures / "tp5" / "solution"
    shutil.copy(broken / "recording.json", solution / "recording.json")

    found = sentences(run.prove_from_recordings(load_built_in_lab("tp5"), fixtures))

    assert any("The solution solution does not pass webservers-running" in sentence for sentence in found), (
        found
    )


def test_a_mistake_that_trips_another_check_by_accident_is_shown(fixtures: Path) -> None:
    mistakes = fixtures / "tp5" / "mistakes"
    shutil.copy(mistakes / "two-mistakes" / "recording.json", mistakes / "no-password" / "recording.json")

    proof = run.prove_from_recordings(load_built_in_lab("tp5"), fixtures)

    assert proof.cells["webservers-running"]["no-password"] is ProofCell.TRIPPED
    assert any(
        "webservers-running fails on no-password, which is not its mistake" in sentence
        for sentence in sentences(proof)
    )


def test_a_mistake_by_another_name_is_shown(fixtures: Path) -> None:
    expect = fixtures / "tp5" / "mistakes" / "paused" / "expect.yaml"
    expect.write_text(expect.read_text().replace("ST-10", "ST-06"))

    proof = run.prove_from_recordings(load_built_in_lab("tp5"), fixtures)

    assert proof.cells["webservers-running"]["paused"] is ProofCell.MISNAMED
    assert any("ST-06 → failed ST-10" in sentence for sentence in sentences(proof))


def test_a_diagnosis_that_no_case_triggers_is_named(fixtures: Path) -> None:
    shutil.rmtree(fixtures / "tp5" / "mistakes" / "volume-of-an-older-version")

    assert sentences(run.prove_from_recordings(load_built_in_lab("tp5"), fixtures)) == [
        "No case triggers ST-12."
    ]


def test_a_missing_recording_is_named(fixtures: Path) -> None:
    (fixtures / "tp5" / "mistakes" / "paused" / "recording.json").unlink()

    found = sentences(run.prove_from_recordings(load_built_in_lab("tp5"), fixtures))

    assert any(sentence.startswith("paused could not be applied") for sentence in found)


@pytest.mark.parametrize(
    ("days", "messages"),
    [(1, []), (-1, ["No case triggers ST-12.", "The waiver of ST-12 has expired."])],
)
def test_a_waiver_forgives_until_its_day(fixtures: Path, days: int, messages: list[str]) -> None:
    shutil.rmtree(fixtures / "tp5" / "mistakes" / "volume-of-an-older-version")
    until = date.today() + timedelta(days=days)  # noqa: DTZ011 - as the waiver counts
    terms = fixtures / "tp5" / "proof.yaml"
    terms.write_text(f"waivers: [{{of: ST-12, reason: no such image, until: {until}}}]\n")

    assert sentences(run.prove_from_recordings(load_built_in_lab("tp5"), fixtures)) == messages


def test_a_waiver_that_forgives_nothing_is_a_fault(fixtures: Path) -> None:
    terms = fixtures / "tp5" / "proof.yaml"
    terms.write_text("waivers: [{of: ST-12, reason: once needed, until: 2999-01-01}]\n")

    assert sentences(run.prove_from_recordings(load_built_in_lab("tp5"), fixtures)) == [
        "The waiver of ST-12 forgives nothing."
    ]


def test_a_lab_of_several_engines_is_not_proven_on_one() -> None:
    planned = run.plan_lab(load_built_in_lab("tp1"), FIXTURES)

    with pytest.raises(UserError, match="3 engines that reach each other"):
        run.prove_on_given_engine([planned], FIXTURES, "unix:///given.sock", lambda *_: None, record=False)


def test_a_case_is_not_applied_where_its_engine_is_excepted(fixtures: Path) -> None:
    exception = "{cases: [paused], engines: [sid], reason: never pauses}"
    (fixtures / "tp5" / "proof.yaml").write_text(f"exceptions: [{exception}]\n")
    lab = load_built_in_lab("tp5")

    plans = {name: run.plan_lab(lab, fixtures, release=RELEASES[name]) for name in ("sid", "trixie")}

    assert [plans[name].excepted for name in plans] == [{"paused": "never pauses"}, {}]
    assert {case.name for case in plans["trixie"].cases} - {case.name for case in plans["sid"].cases} == {
        "paused"
    }


@pytest.mark.parametrize("lab", list_labs_in_folders(find_builtin_folder()))
def test_every_exception_names_cases_and_engines_that_there_are(lab: str) -> None:
    cases = {case.name for case in list_cases(FIXTURES, lab) if case.can_be_applied}

    for exception in read_proof_settings(FIXTURES, lab).exceptions:
        assert set(exception.cases) <= cases
        assert set(exception.engines) <= RELEASES.keys() - {INSTALLED.name}


@pytest.mark.parametrize("lab", list_labs_in_folders(find_builtin_folder()))
def test_every_replacement_is_an_image_that_is_made_here_for_one_of_the_lab_on_engines_that_there_are(
    lab: str,
) -> None:
    settings = read_proof_settings(FIXTURES, lab)

    for replacement in settings.replacements:
        assert replacement.image in settings.images
        assert replacement.by in build.IMAGES
        assert set(replacement.engines) <= RELEASES.keys() - {INSTALLED.name}


def test_on_an_engine_on_which_an_image_cannot_work_the_cases_name_another(tmp_path: Path) -> None:
    planned = plan_on("sid-containerd", "tp6")
    (tmp_path / "apply.sh").write_text("docker run --name cadvisor gcr.io/cadvisor/cadvisor -port=80\n")

    replace_image_names(tmp_path, planned.images.replacements)

    assert (tmp_path / "apply.sh").read_text() == (
        "docker run --name cadvisor ghcr.io/google/cadvisor:v0.57.0 -port=80\n"
    )
    assert "ghcr.io/google/cadvisor:v0.57.0" in planned.images.references
    assert "gcr.io/cadvisor/cadvisor:latest" not in planned.images.references
    assert plan_on("trixie", "tp6").images.replacements == {}


def plan_on(engine: str, lab: str) -> PlannedLab:
    return run.plan_lab(load_lab(find_lab_path(lab)), FIXTURES, release=RELEASES[engine])


def test_a_vacuous_demand_can_be_waived_for_its_check(tmp_path: Path, fixtures: Path) -> None:
    any_way = "found_by: {one-of: [name, label, near-miss, image, arguments]}"
    weaker = tp5(
        tmp_path, ("found_by: {one-of: [name, label]}\n      image_fits", f"{any_way}\n      image_fits")
    )
    terms = fixtures / "tp5" / "proof.yaml"
    waivers = [
        f"{{of: {check}, reason: any name will do, until: 2999-01-01}}"
        for check in ("webservers-running", "dbserver-running")
    ]
    terms.write_text(f"waivers: [{', '.join(waivers)}]\n")

    proof = run.prove_from_recordings(weaker, fixtures)

    assert not any("no change of what was seen" in sentence for sentence in sentences(proof))
    assert len(proof.waived) == 2


def test_the_hand_made_recording_and_the_demonstration_are_made_of_todays_recordings(fixtures: Path) -> None:
    home, demo = FIXTURES / "tp5", Path(run.__file__).parents[1] / "demo.json"
    made = fixtures / "tp5" / "handmade" / "memory-not-counted" / "recording.json"
    made.write_text("")

    derive_recordings(
        handmade=[case for case in list_cases(fixtures, "tp5") if not case.can_be_applied],
        every=list_cases(fixtures, "tp5"),
    )

    assert made.read_bytes() == (home / "handmade" / "memory-not-counted" / "recording.json").read_bytes()
    assert demo.read_bytes() == (home / "mistakes" / "two-mistakes" / "recording.json").read_bytes()


def test_an_engine_that_dies_ends_the_proof_and_is_no_fault_of_the_lab() -> None:
    with pytest.raises(EngineError, match="gone"):
        prove_on(DeadEngine(), load_built_in_lab("tp5"), FIXTURES, record=False)
