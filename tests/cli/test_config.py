"""Options settled for good: typed before environment before file, each mistake told, origins shown."""

from pathlib import Path

import pytest

from tests.support.cli_runner import NOWHERE, dckgrade


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "dckgrade").mkdir()
    return {"XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}


def settle(home: dict[str, str], text: str) -> Path:
    path = Path(home["XDG_CONFIG_HOME"], "dckgrade", "config.toml")
    path.write_text(text)
    return path


def trainee(home: dict[str, str], *typed: str, **environ: str) -> str:
    done = dckgrade("tp5", "--host", NOWHERE, "-f", "json", *typed, environ=home | environ)
    assert done.returncode == 3, done.stderr
    return done.stdout.decode().partition('"trainee": ')[2].partition(",")[0]


def test_what_is_typed_wins_over_the_environment_and_that_over_the_file(home: dict[str, str]) -> None:
    assert trainee(home) == "null"
    settle(home, 'trainee = "of the file"')
    assert trainee(home) == '"of the file"'
    assert trainee(home, DCKGRADE_TRAINEE="of the environment") == '"of the environment"'
    assert trainee(home, "--trainee", "typed", DCKGRADE_TRAINEE="of the environment") == '"typed"'


def test_the_file_settles_the_language_of_help_too(home: dict[str, str]) -> None:
    settle(home, 'lang = "en"')
    assert b"Grade a lab" in dckgrade("--help", environ=home | {"LANG": "fr_FR.UTF-8"}).stdout
    assert "Évalue" in dckgrade("--help", "--lang", "fr", environ=home).stdout.decode()


def test_each_setting_is_shown_with_where_it_was_said(home: dict[str, str]) -> None:
    path = settle(home, 'lang = "en"\ntimeout = 30\n')
    shown = dckgrade("config", environ=home | {"DCKGRADE_NO_WAIT": "yes"}).stdout.decode()
    rows = {line.split()[0]: line.split(maxsplit=2)[1:] for line in shown.splitlines() if line.strip()}
    assert rows["timeout"] == ["30", str(path)]
    assert rows["no-wait"] == ["yes", "DCKGRADE_NO_WAIT"]
    assert rows["passive"] == ["no", "dckgrade itself"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("timeoot = 3", "Did you mean timeout"),
        ("colour = true", "Available: "),
        ('timeout = "soon"', "timeout cannot be 'soon'"),
        ("timeout = true", "timeout cannot be True"),
        ("passive = 1", "passive cannot be 1"),
        ("= 3", "is not TOML"),
        ("lang = 'x'\nlang = 'y'", "is not TOML"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_what_would_be_right(
    home: dict[str, str], text: str, message: str
) -> None:
    settle(home, text)
    for words in (("config",), ("tp5", "--host", NOWHERE)):
        done = dckgrade(*words, "--lang", "en", environ=home)
        assert done.returncode == 2
        assert message in done.stderr.decode()
        assert "config.toml" in done.stderr.decode()
        assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(("name", "value"), [("DCKGRADE_TIMEOUT", "soon"), ("DCKGRADE_PASSIVE", "perhaps")])
def test_a_mistake_in_the_environment_is_told(home: dict[str, str], name: str, value: str) -> None:
    done = dckgrade("config", "--lang", "en", environ=home | {name: value})
    assert done.returncode == 2
    assert name in done.stderr.decode()
    assert value in done.stderr.decode()


def test_a_settled_value_is_held_to_the_option_s_own_bounds(home: dict[str, str]) -> None:
    settle(home, "timeout = 0")
    assert dckgrade("tp5", "--host", NOWHERE, environ=home).returncode == 2
