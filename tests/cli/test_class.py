"""The trainer's commands as typed: collect, enrol, judge --diff; files written whole, exit codes kept."""

import csv
import io
import json
import stat
from pathlib import Path

import pytest

from dckgrade.render.formats import DocumentKind, list_suffixes
from tests.support.class_reports import encode_report, make_trainee_report
from tests.support.cli_runner import dckgrade


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    folder = tmp_path / "handed-in"
    for name, case in (("Ada", "solution"), ("Bob", "no-password")):
        at = folder / f"{name}_7_assignsubmission_file_"
        at.mkdir(parents=True)
        (at / "tp5.json").write_bytes(encode_report(make_trainee_report(name, "tp5", case)))
    (folder / "noise.json").write_text("{}")
    return folder


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    path = tmp_path / "roster.csv"
    path.write_text("name,email\nAda,ada@example.org\nBob,bob@example.org\nCarol,carol@example.org\n")
    return path


def test_a_class_is_shown_and_written_in_every_form_at_once(
    handed_in: Path, roster: Path, tmp_path: Path
) -> None:
    files = [tmp_path / f"class{suffix}" for suffix in list_suffixes(DocumentKind.CLASS_REPORT)]
    moodle, scopes = tmp_path / "moodle.csv", tmp_path / "scopes"
    done = dckgrade(
        "collect", str(handed_in), "--roster", str(roster), "--lang", "en", "--moodle", str(moodle),
        "--gradescope", str(scopes), *(word for file in files for word in ("-o", str(file))),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    shown = done.stdout.decode()
    assert "2 reports of 2 trainees" in shown
    assert "nothing handed in" in shown
    assert "ST-01" in shown
    assert "noise.json" in shown
    assert all(file.stat().st_size for file in files)
    assert len(list(csv.DictReader(io.StringIO(moodle.read_text())))) == 3
    assert sorted(path.name for path in scopes.iterdir()) == [
        "0001-ada.json",
        "0002-bob.json",
    ], "who handed nothing in has no result"


def test_with_json_stdout_is_one_document(handed_in: Path) -> None:
    done = dckgrade("collect", str(handed_in), "-f", "json")
    assert json.loads(done.stdout)["schema"] == "dckgrade-class/1"
    assert done.returncode == 0


def test_nothing_to_collect_is_5_and_a_missing_path_is_2(tmp_path: Path) -> None:
    assert dckgrade("collect", str(tmp_path)).returncode == 5
    assert dckgrade("collect", str(tmp_path / "nowhere")).returncode == 2


def test_a_signed_report_is_corroborated_under_its_own_name_and_no_other(
    tmp_path: Path, roster: Path
) -> None:
    keys = tmp_path / "keys"
    made = dckgrade("enrol", "--new", str(roster), "--into", str(keys))
    assert made.returncode == 0
    own = keys / "0001-ada.key"
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys.iterdir()} == {0o600}

    home = {"HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert dckgrade("enrol", str(own), environ=home).returncode == 0
    report = tmp_path / "reports" / "tp5.json"
    report.parent.mkdir()
    recording = tmp_path / "recording.json"
    recording.write_bytes(encode_report(make_trainee_report(None)))
    dckgrade("judge", str(recording), "-o", str(report), environ=home)
    assert json.loads(report.read_bytes())["trainee"] == "Ada"

    def trust(*more: str) -> str:
        done = dckgrade("collect", str(report.parent), "-f", "json", *more)
        (row,) = json.loads(done.stdout)["rows"]
        return str(row["cells"]["tp5"]["trust"])

    assert trust() == "declared"
    assert trust("--keys", str(keys / "class.keys")) == "corroborated"
    report.write_bytes(report.read_bytes().replace(b'"trainee": "Ada"', b'"trainee": "Bob"'))
    assert trust("--keys", str(keys / "class.keys")) == "declared"


def test_enrolling_again_keeps_every_key_and_adds_who_is_new(tmp_path: Path, roster: Path) -> None:
    keys = tmp_path / "keys"
    dckgrade("enrol", "--new", str(roster), "--into", str(keys))
    before = json.loads((keys / "class.keys").read_bytes())["keys"]
    roster.write_text(roster.read_text() + "Dan,dan@example.org\n")
    dckgrade("enrol", "--new", str(roster), "--into", str(keys))
    after = json.loads((keys / "class.keys").read_bytes())["keys"]
    assert after[:3] == before
    assert [row["trainee"] for row in after] == ["Ada", "Bob", "Carol", "Dan"]


@pytest.mark.parametrize("words", [(), ("x.key", "--new", "roster.csv")])
def test_enrolling_takes_a_key_or_makes_some(words: tuple[str, ...]) -> None:
    done = dckgrade("enrol", *words, "--lang", "en")
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_a_class_s_keys_are_no_trainee_s(tmp_path: Path, roster: Path) -> None:
    dckgrade("enrol", "--new", str(roster), "--into", str(tmp_path / "keys"))
    done = dckgrade("enrol", str(tmp_path / "keys" / "class.keys"), "--lang", "en")
    assert (done.returncode, b"keys of a class" in done.stderr) == (2, True)


def test_a_difference_is_shown_and_nothing_is_written(handed_in: Path) -> None:
    path = handed_in / "Ada_7_assignsubmission_file_" / "tp5.json"
    old = path.read_bytes().replace(b'"verdict": "passed"', b'"verdict": "failed"', 1)
    path.write_bytes(old)
    (handed_in / "noise.json").unlink()
    done = dckgrade("judge", "--diff", str(handed_in), "--lang", "en")
    assert done.returncode == 1
    assert "Reports that change: 1 of 2." in done.stdout.decode()
    assert "failed" in done.stdout.decode()
    assert path.read_bytes() == old


def test_writing_keeps_the_first_report_beside_the_new_and_collects_it_once(handed_in: Path) -> None:
    path = handed_in / "Ada_7_assignsubmission_file_" / "tp5.json"
    old = path.read_bytes().replace(b'"verdict": "passed"', b'"verdict": "failed"', 1)
    path.write_bytes(old)
    (handed_in / "noise.json").unlink()
    for _ in range(2):
        assert dckgrade("judge", "--diff", "--write", str(handed_in)).returncode == 0
    assert path.with_name("tp5.json.before").read_bytes() == old
    assert dckgrade("judge", "--diff", str(handed_in)).returncode == 0
    done = dckgrade("collect", str(handed_in), "-f", "json")
    assert json.loads(done.stdout)["reports"] == 2


def test_write_without_diff_is_a_usage_error(handed_in: Path) -> None:
    assert dckgrade("judge", "--write", str(handed_in)).returncode == 2
