"""What is kept of the last runs: gains told on the terminal alone, `--failed`; capped, never in the way."""

import json
import os
from pathlib import Path

import pytest

from dckgrade.cli import history
from dckgrade.report.report import Report
from dckgrade.report.result import Reason, Verdict
from tests.support.cli_runner import NOWHERE, dckgrade
from tests.support.fault_engine import FaultEngine, reply_with
from tests.support.reports import make_check, make_report

EMPTY = {"/containers/json": reply_with([]), "/images/json": reply_with([])}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def ran(*verdicts: Verdict) -> Report:
    """Make a report of checks worth 2 points each."""
    left = Reason(code="not-chosen")
    return make_report(
        *(
            make_check(f"check-{at}", verdict, reason=left if verdict.is_undecided else None)
            for at, verdict in enumerate(verdicts)
        )
    )


P, F, B, U, S = Verdict.PASSED, Verdict.FAILED, Verdict.BLOCKED, Verdict.UNKNOWN, Verdict.SKIPPED


@pytest.mark.parametrize(
    ("before", "now", "sentence"),
    [
        ([F, F], [P, F], "Since your last run: +2 points"),
        ([P, P], [F, B], "Since your last run: \N{MINUS SIGN}4 points"),
        ([P, F], [F, P], ""),
        ([P, F], [U, U], ""),
        ([P, F], [S, P], "Since your last run: +2 points"),
        ([U, F], [P, F], "Since your last run: +2 points"),
        ([P, F], [P, F], ""),
    ],
)
def test_what_was_gained_or_lost_is_told_and_what_nobody_could_see_is_neither(
    before: list[Verdict], now: list[Verdict], sentence: str
) -> None:
    history.save_runs([ran(*before)])
    assert history.describe_gain([ran(*now)], "en") == sentence


def test_one_point_is_one_point_in_french_too() -> None:
    history.save_runs([make_report(make_check("a", F, points=1))])
    assert history.describe_gain([make_report(make_check("a", P, points=1))], "fr") == (
        "Depuis votre dernier passage\xa0: +1 point"
    )


def test_the_first_run_is_compared_with_nothing() -> None:
    assert history.describe_gain([ran(P, P)], "en") == ""


def test_a_run_in_which_nothing_could_be_seen_does_not_count_as_the_last() -> None:
    history.save_runs([ran(P, F)])
    history.save_runs([ran(U, U)])
    assert len(history.read_runs("tp9")) == 1


def test_what_was_left_out_keeps_what_it_was() -> None:
    history.save_runs([ran(P, F)])
    history.save_runs([ran(S, F)])
    assert history.read_runs("tp9")[-1].passed == ["check-0"]


def test_another_engine_or_another_version_of_the_lab_says_nothing_about_today() -> None:
    from msgspec.structs import replace

    first = ran(P, P)
    history.save_runs([first])
    elsewhere = replace(ran(F, F), engine=replace(first.engine, endpoint="unix:///other"))
    mended = replace(ran(F, F), lab=replace(first.lab, digest="sha256:11"))
    assert history.describe_gain([elsewhere, mended], "en") == ""


def test_the_history_is_capped_private_and_holds_no_word_of_the_report(state: Path) -> None:
    for _ in range(history.KEPT_RUNS + 5):
        history.save_runs([ran(P, F)])
    (path,) = state.rglob("*.json")
    assert len(json.loads(path.read_bytes())) == history.KEPT_RUNS
    assert path.stat().st_mode & 0o077 == 0
    assert b"Title of" not in path.read_bytes()


@pytest.mark.parametrize("broken", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000, b'[{"at": 1}]'])
def test_a_broken_history_breaks_nothing_and_is_begun_anew(broken: bytes, state: Path) -> None:
    history.save_runs([ran(P, F)])
    (path,) = state.rglob("*.json")
    path.write_bytes(broken)
    assert history.describe_gain([ran(P, P)], "en") == ""
    history.save_runs([ran(P, F)])
    assert len(history.read_runs("tp9")) == 1


def test_a_folder_that_cannot_be_written_breaks_nothing(state: Path) -> None:
    state.write_text("a file where the folder should be")
    history.save_runs([ran(P, F)])
    assert history.read_runs("tp9") == []


def test_the_terminal_tells_it_and_the_report_does_not(tmp_path: Path, state: Path) -> None:
    environ = {"XDG_STATE_HOME": str(state), "DCKGRADE_NO_HISTORY": "", "DCKGRADE_LANG": "en"}
    with FaultEngine(tmp_path / "engine.sock", EMPTY) as engine:
        options = ("tp2", "--passive", "--host", engine.url, "--workdir", str(tmp_path))
        first = dckgrade(*options, environ=environ)
        (tmp_path / "seccomp_profile.json").write_text("{}")
        second = dckgrade(*options, "-o", str(tmp_path / "r.json"), environ=environ)
        dckgrade(*options, "--no-history", environ=environ)
    assert b"Since your last run" not in first.stdout
    assert b"Since your last run: +" in second.stdout
    assert b"last run" not in (tmp_path / "r.json").read_bytes()
    (path,) = state.rglob("*.json")
    assert len(json.loads(path.read_bytes())) == 2
    assert str(tmp_path / "engine.sock").encode() in path.read_bytes()


def test_failed_attempts_what_did_not_pass_last_time_and_at_first_all(tmp_path: Path, state: Path) -> None:
    environ = {"XDG_STATE_HOME": str(state), "DCKGRADE_NO_HISTORY": "", "DCKGRADE_LANG": "en"}
    (tmp_path / "seccomp_profile.json").write_text("{}")
    with FaultEngine(tmp_path / "engine.sock", EMPTY) as engine:
        options = ("--failed", "-f", "json", "--host", engine.url, "--workdir", str(tmp_path))
        first, second = (json.loads(dckgrade("tp2", *options, environ=environ).stdout) for _ in range(2))
        everything = json.loads(dckgrade("all", *options, environ=environ).stdout)
    passed = [check["id"] for check in first["checks"] if check["verdict"] == "passed"]
    assert first["only"] == []
    assert passed
    assert [check["id"] for check in second["checks"] if check["verdict"] == "skipped"] == passed
    (again,) = [report for report in everything["reports"] if report["lab"]["id"] == "tp2"]
    assert again["only"] == second["only"], "what was left out the second time had passed all the same"


def test_failed_after_everything_passed_is_nothing_to_grade(tmp_path: Path, state: Path) -> None:
    (tmp_path / "state" / "dckgrade" / "history").mkdir(parents=True)
    environ = {"XDG_STATE_HOME": str(state), "DCKGRADE_NO_HISTORY": "", "DCKGRADE_LANG": "en"}
    report = json.loads(dckgrade("tp5", "--host", NOWHERE, "-f", "json", environ=environ).stdout)
    passed = [check["id"] for check in report["checks"]]
    past = {"at": "x", "engine": NOWHERE, "digest": report["lab"]["digest"], "passed": passed}
    (state / "dckgrade" / "history" / "tp5.json").write_text(json.dumps([past]))
    done = dckgrade("tp5", "--failed", "--host", NOWHERE, environ=environ)
    assert (done.returncode, done.stderr.decode().splitlines()[0]) == (5, "Everything passed last time.")


@pytest.mark.parametrize("other", [("--no-history",), ("--only", "dbserver-running")])
def test_failed_needs_the_history_and_chooses_by_itself(other: tuple[str, ...]) -> None:
    environ = {"DCKGRADE_NO_HISTORY": "", "XDG_STATE_HOME": os.environ["XDG_STATE_HOME"]}
    assert dckgrade("tp5", "--failed", *other, "--host", NOWHERE, environ=environ).returncode == 2
