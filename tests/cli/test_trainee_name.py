"""A report to hand in has a name: given, the key's, asked for once; how to hand in stands below a text."""

import io
import json
import sys
from pathlib import Path

import pytest

from dckgrade.cli import closing, history, settings
from dckgrade.cli.trainee_name import resolve_trainee
from dckgrade.report.result import Reason, Verdict
from dckgrade.report.signature import encode_keys, make_key
from tests.support.cli_runner import NOWHERE, dckgrade, fresh_settings
from tests.support.reports import make_check, make_report

JSON = [Path("tp5.json")]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def type_on_terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> Terminal:
    shown = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys, "stderr", shown)
    return shown


def test_who_sits_at_the_terminal_is_asked_for_the_name_once(monkeypatch: pytest.MonkeyPatch) -> None:
    path = settings.get_config_path()
    path.parent.mkdir(parents=True)
    path.write_text("hints = 2\n")
    shown = type_on_terminal(monkeypatch, '  Zoé "Ada" L\x1b.\n')
    assert resolve_trainee(None, JSON, "en") == 'Zoé "Ada" L.'
    assert "Your name" in shown.getvalue()
    with fresh_settings():
        kept = settings.get_option_defaults()
    assert (kept["trainee"], kept["hints"]) == ('Zoé "Ada" L.', 2)


def test_nobody_is_asked_who_gave_a_name_or_none_by_choice_or_hands_nothing_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = type_on_terminal(monkeypatch, "Mallory\n")
    assert resolve_trainee("Ada", JSON, "en") == "Ada"
    assert resolve_trainee("", JSON, "en") is None
    assert resolve_trainee(None, [Path("tp5.html")], "en") is None
    assert shown.getvalue() == ""


def test_who_gives_no_name_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    type_on_terminal(monkeypatch, "\n")
    assert resolve_trainee(None, JSON, "en") is None
    assert not settings.get_config_path().exists()


def test_a_name_that_cannot_be_kept_is_used_all_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".config").write_text("a file where the folder should be")
    shown = type_on_terminal(monkeypatch, "Ada\n")
    assert resolve_trainee(None, JSON, "en") == "Ada"
    assert "cannot be written" in shown.getvalue()


def test_where_nobody_can_be_asked_it_is_said_how_to_give_a_name(home: Path) -> None:
    done = dckgrade("tp5", "--host", NOWHERE, "-o", str(home / "r.json"), environ={"DCKGRADE_LANG": "en"})
    assert "r.json will not say whose it is: give --trainee NAME" in done.stderr.decode()
    named = dckgrade("tp5", "--host", NOWHERE, "-o", str(home / "r.json"), "--trainee", "Ada")
    assert "--trainee" not in named.stderr.decode()


def test_a_key_that_is_enrolled_names_the_report(home: Path) -> None:
    (home / "ada.key").write_bytes(encode_keys([make_key("Ada Lovelace")]))
    environ = {"HOME": str(home), "DCKGRADE_LANG": "en"}
    assert dckgrade("enrol", str(home / "ada.key"), environ=environ).returncode == 0
    done = dckgrade("tp5", "--host", NOWHERE, "-o", str(home / "r.json"), environ=environ)
    assert "Trainee: Ada Lovelace" in done.stdout.decode()
    assert json.loads((home / "r.json").read_bytes())["trainee"] == "Ada Lovelace"
    other = dckgrade("tp5", "--host", NOWHERE, "--trainee", "Bob", environ=environ)
    assert "Your key is of Ada Lovelace, the report of Bob" in other.stderr.decode()


def test_what_passes_wholly_says_how_to_hand_it_in() -> None:
    done = make_report(make_check("a"))
    command = (
        "To hand it in: `dckgrade tp9 -o tp9.json --trainee 'Your Name'`, then give tp9.json to your trainer."
    )
    assert closing.describe_hand_in([done], [], "en") == command
    assert "--trainee" not in closing.describe_hand_in(
        [make_report(make_check("a"), trainee="Ada")], [], "en"
    )
    assert (
        closing.describe_hand_in([done], [Path("x.html"), Path("x.json")], "en")
        == "x.json is what you hand in."
    )
    assert "dckgrade all -o all.json" in closing.describe_hand_in([done, done], [], "en")


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.PASSED])
def test_what_does_not_pass_wholly_is_not_ready(verdict: Verdict) -> None:
    assert closing.describe_hand_in([make_report(make_check("a"), make_check("b", verdict))], [], "en") == ""


def test_failed_carries_what_passed_before() -> None:
    left = Reason(code="not-chosen")
    history.save_runs([make_report(make_check("a"), make_check("b", Verdict.FAILED))])
    again = make_report(make_check("a", Verdict.SKIPPED, reason=left), make_check("b"))
    assert closing.describe_closing([again], [], "en", remembered=True) == [
        "Since your last run: +2 points",
        "With what passed before and was not tried again: 4/4",
    ]
    assert closing.describe_closing([again], [], "en", remembered=False) == []


def test_the_demonstration_says_that_it_is_one(home: Path) -> None:
    done = dckgrade("demo", "-o", str(home / "demo.json"), environ={"DCKGRADE_LANG": "en"})
    shown = done.stdout.decode()
    assert shown.startswith("Engine: demonstration ")
    assert "This is a demonstration, on a recording." in shown
    assert json.loads((home / "demo.json").read_bytes())["engine"]["endpoint"] == "demonstration"
