"""What a lab declares under `inputs:`: its option, variable, setting, help and completion; probes see it."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.core import TyperCommand

from dckgrade.cli.command_line import COMMAND_CLASSES, build_command
from dckgrade.lab.inputs import RESERVED_INPUT_NAMES
from tests.support.cli_runner import NOWHERE, dckgrade
from tests.support.fault_engine import FaultEngine, reply_with

TOY = """
version: 1
id: toy
title: {fr: Un TP à soi, en: A lab of one's own}
inputs:
  - name: container
    type: container
    help: {fr: Le conteneur à évaluer., en: The container to grade.}
  - name: workdir
    type: folder
    default: .
    help: {fr: Le dossier des fichiers., en: The folder of the files.}
  - name: toy-port
    type: port
    default: 9200
    help: {fr: Le port du jouet., en: The port of the toy.}
  - name: toy-password
    type: secret
    help: {fr: Le mot de passe du jouet., en: The password of the toy.}
checks:
  - id: bears-a-profile
    title: {fr: Un profil, en: A profile}
    points: 1
    observe: {kind: seccomp-container, image: nginx, file: profile.json}
    expect: {declared: own}
"""


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    """Give an environment with the toy lab among the user's own, and a folder for the settings."""
    for folder in ("labs", "dckgrade"):
        (tmp_path / folder).mkdir()
    (tmp_path / "labs" / "toy.yaml").write_text(TOY, encoding="utf-8")
    return {
        "DCKGRADE_LABS": str(tmp_path / "labs"),
        "DCKGRADE_LANG": "en",
        "XDG_CONFIG_HOME": str(tmp_path),
        "HOME": str(tmp_path),
    }


def settle(environ: Mapping[str, str], text: str) -> None:
    Path(environ["XDG_CONFIG_HOME"], "dckgrade", "config.toml").write_text(text, encoding="utf-8")


def engine_with(*names: str) -> dict[str, object]:
    """Have an engine with containers of these names, each with a profile of its own."""
    listed = [
        {"Id": name, "Names": [f"/{name}"], "Image": "nginx", "State": "running", "Created": 1}
        for name in names
    ]
    inspected = {
        f"/{name}/json": reply_with(
            {
                "Id": name,
                "Name": f"/{name}",
                "State": {"Status": "running", "Running": True, "StartedAt": "2026-01-01T00:00:00Z"},
                "Config": {"Image": "nginx"},
                "HostConfig": {"SecurityOpt": ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}']},
            }
        )
        for name in names
    }
    return {"/containers/json": reply_with(listed), "/logs": reply_with(b""), **inspected}


def find_graded_container(tmp_path: Path, environ: Mapping[str, str], *typed: str, **variables: str) -> str:
    """Grade the toy lab on an engine with two containers; return the name of the one that was graded."""
    with FaultEngine(tmp_path / "engine.sock", engine_with("first", "second")) as engine:  # type: ignore[arg-type]
        done = dckgrade("toy", "-f", "json", "--host", engine.url, *typed, environ={**environ, **variables})
    (tmp_path / "engine.sock").unlink()
    (observation,) = json.loads(done.stdout)["observations"].values()
    return str(observation["facts"]["name"])


@pytest.mark.parametrize("command", ["toy", "grade"])
def test_an_input_is_an_option_in_the_help_of_its_lab(command: str, environ: Mapping[str, str]) -> None:
    shown = dckgrade(command, "--help", environ=environ).stdout.decode()
    assert "--toy-port PORT" in shown
    assert "--toy-password WORD" in shown
    assert "The port of the toy." in shown
    assert "DCKGRADE_TOY_PORT" in " ".join(shown.split())


def test_help_is_in_the_user_s_language(environ: Mapping[str, str]) -> None:
    assert "Le port du jouet." in dckgrade("toy", "-h", "--lang", "fr", environ=environ).stdout.decode()


def test_the_help_of_a_lab_shows_no_input_of_another(environ: Mapping[str, str]) -> None:
    shown = dckgrade("tp5", "--help", environ=environ).stdout.decode()
    for name in ("toy", "grafana", "--container", "--workdir"):
        assert name not in shown
    shown = dckgrade("tp6", "--help", environ=environ).stdout.decode()
    assert "--grafana-user" in shown
    assert "--grafana-password" in shown
    assert "--container" not in shown


@pytest.mark.parametrize("words", ["toy", "grade toy", "all"])
def test_the_shell_offers_an_input_as_an_option(words: str, environ: Mapping[str, str]) -> None:
    typed = f"dckgrade {words} --toy-p"
    completing = {
        "_DCKGRADE_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split()) - 1),
    }
    offered = dckgrade(environ={**environ, **completing}).stdout.decode().split()
    assert offered == ["--toy-port", "--toy-password"]


def test_the_shell_offers_folders_for_a_folder(environ: Mapping[str, str], tmp_path: Path) -> None:
    completing = {
        "_DCKGRADE_COMPLETE": "complete_bash",
        "COMP_WORDS": f"dckgrade toy --workdir {tmp_path}/la",
        "COMP_CWORD": "3",
    }
    assert dckgrade(environ={**environ, **completing}).stdout.decode().split() == [f"{tmp_path}/labs/"]


def test_the_shell_offers_the_engine_s_containers_for_a_container(
    environ: Mapping[str, str], tmp_path: Path
) -> None:
    with FaultEngine(tmp_path / "engine.sock", engine_with("first", "second")) as engine:  # type: ignore[arg-type]
        completing = {
            "_DCKGRADE_COMPLETE": "complete_bash",
            "COMP_WORDS": f"dckgrade toy --host {engine.url} --container s",
            "COMP_CWORD": "5",
        }
        assert dckgrade(environ={**environ, **completing}).stdout.decode().split() == ["second"]
        nobody = {**completing, "COMP_WORDS": f"dckgrade toy --host {NOWHERE} --container s"}
        done = dckgrade(environ={**environ, **nobody})
    assert (done.stdout + done.stderr).strip() == b""


def test_a_probe_sees_what_was_typed_before_the_variable_before_the_file(
    environ: Mapping[str, str], tmp_path: Path
) -> None:
    settle(environ, 'container = "second"')
    assert find_graded_container(tmp_path, environ) == "second"
    assert find_graded_container(tmp_path, environ, DCKGRADE_CONTAINER="first") == "first"
    typed = ("--container", "second")
    assert find_graded_container(tmp_path, environ, *typed, DCKGRADE_CONTAINER="first") == "second"


def test_config_shows_every_input_with_its_origin_and_no_secret(environ: Mapping[str, str]) -> None:
    settle(environ, "toy-port = 9300")
    done = dckgrade("config", environ={**environ, "DCKGRADE_TOY_PASSWORD": "canary-secret"})
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.decode().splitlines() if line.strip()}
    assert rows["toy-port"][0] == "9300"
    assert rows["toy-port"][1].endswith("config.toml")
    assert rows["toy-password"] == ["***", "DCKGRADE_TOY_PASSWORD"]
    assert rows["grafana-user"][0] == "admin"
    assert rows["workdir"] == [".", "dckgrade", "itself"]
    assert "DCKGRADE_TOY_PORT" in done.stdout.decode()
    assert b"canary" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('toy-password = "canary-secret"', "toy-password is a secret"),
        ("toy-poort = 9300", "Did you mean toy-port?"),
        ("toy-port = 93.5", "toy-port cannot be 93.5"),
        ("container = true", "container cannot be True"),
        ("toy-port = 70000", "toy-port cannot be '70000'"),
    ],
)
def test_a_mistake_in_the_file_is_told_without_showing_a_secret(
    text: str, sentence: str, environ: Mapping[str, str]
) -> None:
    settle(environ, text)
    done = dckgrade("toy", "--host", NOWHERE, environ=environ)
    assert done.returncode == 2
    assert sentence in done.stderr.decode()
    assert b"canary" not in done.stdout + done.stderr


@pytest.mark.parametrize("value", ["0", "65536", "http", "-1", "9200 "])
def test_a_value_that_is_not_of_the_type_is_refused(value: str, environ: Mapping[str, str]) -> None:
    done = dckgrade("toy", f"--toy-port={value}", "--host", NOWHERE, environ=environ)
    assert done.returncode == 2
    assert "An example: 9090." in done.stderr.decode()


def test_a_secret_is_in_no_report_and_no_message(environ: Mapping[str, str], tmp_path: Path) -> None:
    typed = ("toy", "--host", NOWHERE, "--toy-password", "canary-secret", "-o", str(tmp_path / "report.json"))
    done = dckgrade(*typed, environ=environ)
    assert done.returncode == 3
    assert b"canary" not in done.stdout + done.stderr + (tmp_path / "report.json").read_bytes()


@pytest.mark.parametrize("words", [("tp5",), ("grade", "tp5")])
def test_another_lab_s_input_is_accepted_and_ignored_with_one_line(
    words: tuple[str, ...], environ: Mapping[str, str]
) -> None:
    done = dckgrade(*words, "--container", "web", "--host", NOWHERE, "-f", "json", environ=environ)
    assert done.returncode == 3
    assert done.stderr.decode().count("tp5 does not use --container: it is ignored.") == 1
    json.loads(done.stdout)


def test_what_is_only_set_for_other_labs_is_not_spoken_of(environ: Mapping[str, str]) -> None:
    settle(environ, 'container = "web"')
    variables = {"DCKGRADE_GRAFANA_USER": "me", "DCKGRADE_WORKDIR": "no/such/folder"}
    done = dckgrade("tp5", "--host", NOWHERE, environ={**environ, **variables})
    assert done.returncode == 3
    assert b"ignored" not in done.stderr
    assert b"folder" not in done.stderr


def test_an_option_of_no_lab_is_refused_and_guessed(environ: Mapping[str, str]) -> None:
    done = dckgrade("tp5", "--toy-prt", "9", "--host", NOWHERE, environ=environ)
    assert done.returncode == 2
    assert "Did you mean --toy-port?" in done.stderr.decode()


def test_all_takes_the_inputs_of_every_lab_and_ignores_none(environ: Mapping[str, str]) -> None:
    typed = ("--container", "web", "--grafana-password", "x", "--toy-port", "9", "--workdir", ".")
    done = dckgrade("all", *typed, "--host", NOWHERE, "-f", "json", environ=environ)
    assert done.returncode == 3
    assert b"ignored" not in done.stderr


def test_an_older_lab_that_declares_nothing_still_takes_what_its_probes_read(
    environ: Mapping[str, str], tmp_path: Path
) -> None:
    head, _, rest = TOY.partition("inputs:")
    old = head + "checks:" + rest.partition("checks:")[2]
    (tmp_path / "labs" / "toy.yaml").write_text(old, encoding="utf-8")
    assert find_graded_container(tmp_path, environ, "--container", "second") == "second"
    assert find_graded_container(tmp_path, environ, "--container", "first") == "first"


def test_try_takes_the_inputs_of_every_lab(environ: Mapping[str, str], tmp_path: Path) -> None:
    with FaultEngine(tmp_path / "engine.sock", engine_with("first", "second")) as engine:  # type: ignore[arg-type]
        typed = ("try", "seccomp-container", "image=nginx", "file=x.json", "-f", "json", "--host", engine.url)
        done = dckgrade(*typed, "--container", "second", environ=environ)
    assert b'"second"' in done.stdout


def grade_class(tmp_path: Path, environ: Mapping[str, str], key: str, *typed: str, **variables: str) -> str:
    """Grade a class of one engine by the toy lab; return the name of the container that was graded."""
    with FaultEngine(tmp_path / "engine.sock", engine_with("first", "second")) as engine:  # type: ignore[arg-type]
        content = f'labs = ["toy"]\n{key}\n[[engine]]\ntrainee = "Ada"\nhost = "{engine.url}"\n'
        (tmp_path / "class.toml").write_text(content, encoding="utf-8")
        words = ("class", str(tmp_path / "class.toml"), "--reports", str(tmp_path / "reports"), *typed)
        done = dckgrade(*words, environ={**environ, **variables})
    (tmp_path / "engine.sock").unlink()
    assert done.returncode < 2, done.stderr
    (path,) = (tmp_path / "reports").iterdir()
    (observation,) = json.loads(path.read_bytes())["observations"].values()
    path.unlink()
    return str(observation["facts"]["name"])


def test_a_class_takes_what_is_typed_and_its_file_before_that(
    environ: Mapping[str, str], tmp_path: Path
) -> None:
    assert grade_class(tmp_path, environ, "", "--container", "second") == "second"
    assert grade_class(tmp_path, environ, 'container = "first"', "--container", "second") == "first"


def test_a_class_is_not_graded_by_what_is_set_for_the_trainer_s_own_machine(
    environ: Mapping[str, str], tmp_path: Path
) -> None:
    unset = grade_class(tmp_path, environ, "")
    other = {"first": "second", "second": "first"}[unset]
    assert grade_class(tmp_path, environ, "", DCKGRADE_CONTAINER=other) == unset
    settle(environ, f'container = "{other}"')
    assert grade_class(tmp_path, environ, "") == unset


def test_a_secret_in_a_class_file_is_refused_and_not_shown(
    environ: Mapping[str, str], tmp_path: Path
) -> None:
    content = 'labs = ["toy"]\ntoy-password = "canary-secret"\n[[engine]]\ntrainee = "A"\nhost = "ssh://a"\n'
    (tmp_path / "class.toml").write_text(content, encoding="utf-8")
    done = dckgrade("class", str(tmp_path / "class.toml"), environ=environ)
    assert done.returncode == 2
    assert b"toy-password" in done.stderr
    assert b"canary" not in done.stdout + done.stderr


def list_long_options(command: TyperCommand) -> set[str]:
    words = [word for param in command.params for word in (*param.opts, *param.secondary_opts)]
    return {word.removeprefix("--") for word in words if word.startswith("--")}


def test_an_input_can_be_called_like_no_option_of_a_command_that_takes_inputs() -> None:
    group = build_command()
    options = {name for command in COMMAND_CLASSES for name in list_long_options(group.commands[command])}
    options |= list_long_options(group) | {"help"}
    assert options == RESERVED_INPUT_NAMES
