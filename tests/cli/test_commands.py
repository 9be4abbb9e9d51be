"""What users type and what they then read."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from dckgrade.report import codec
from tests.conftest import FIXTURES
from tests.support.cli_runner import NOWHERE, dckgrade
from tests.support.fault_engine import FaultEngine, Reply, reply_with
from tests.support.fault_service import OK_HEAD, start_fault_service

RECORDING = FIXTURES / "tp5" / "mistakes" / "two-mistakes" / "recording.json"


def test_alone_it_lists_the_labs() -> None:
    done = dckgrade("--lang", "en")

    assert done.returncode == 0
    assert "tp5  Docker stats  (10 points)" in done.stdout.decode()


@pytest.mark.parametrize(
    ("typed", "usage"),
    [
        ("TP5 -h", "tp5"),
        ("tp 5 -h", "tp5"),
        ("Tp-5 -h", "tp5"),
        ("ALL -h", "all"),
        ("help TP 5", "tp5"),
        ("aide collect", "collect"),
        ("help", "[OPTIONS] COMMAND"),
        ("AIDE aide help", "[OPTIONS] COMMAND"),
        ("aide --lang en", "[OPTIONS] COMMAND"),
    ],
)
def test_a_lab_is_understood_however_it_is_written_and_help_is_a_word_too(typed: str, usage: str) -> None:
    done = dckgrade(*typed.split(), environ={"DCKGRADE_LANG": "en"})
    assert done.returncode == 0, done.stderr
    assert f"Usage: dckgrade {usage}" in done.stdout.decode()


def test_a_lab_is_understood_in_its_place_among_arguments_too() -> None:
    assert dckgrade("sheet", "Tp-5").stdout.startswith(b"tp5")


def test_a_word_that_is_nothing_like_a_lab_is_still_refused() -> None:
    done = dckgrade("tp", "99", environ={"DCKGRADE_LANG": "en"})
    assert done.returncode == 2
    assert "There is no lab or command “tp”." in done.stderr.decode()


@pytest.mark.parametrize(
    ("environ", "lang"),
    [
        ({}, "fr"),
        ({"LANG": "C"}, "fr"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr_FR.UTF-8", "DCKGRADE_LANG": "en"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "fr"),
    ],
    ids=str,
)
def test_the_language_is_that_of_the_environment_else_french(environ: dict[str, str], lang: str) -> None:
    done = dckgrade("demo", "-f", "json", environ=environ)

    assert json.loads(done.stdout)["lang"] == lang


def test_lang_wins_wherever_it_stands() -> None:
    environ = {"DCKGRADE_LANG": "fr"}

    before = dckgrade("--lang", "en", "demo", "-f", "json", environ=environ)
    after = dckgrade("demo", "-f", "json", "--lang=en", environ=environ)

    assert [json.loads(done.stdout)["lang"] for done in (before, after)] == ["en", "en"]


def test_the_help_is_french_too() -> None:
    done = dckgrade("--help", "--lang", "fr")

    assert "Évalue" in done.stdout.decode()
    assert "Grade" not in done.stdout.decode()


def test_a_misspelt_lab_is_guessed() -> None:
    done = dckgrade("tp55", "--lang", "en")

    assert done.stderr.decode() == "There is no lab or command “tp55”.\nDid you mean tp5?\n"


def test_every_lab_has_a_help_of_its_own_that_does_not_ask_for_the_lab() -> None:
    done = dckgrade("tp5", "--help")

    assert done.returncode == 0
    assert "dckgrade tp5 [OPTIONS]" in done.stdout.decode()


def test_the_demonstration_needs_no_engine_and_names_both_mistakes() -> None:
    done = dckgrade("demo", environ={"DOCKER_HOST": NOWHERE, "DCKGRADE_LANG": "fr"})

    assert done.returncode == 1
    assert "ST-01" in done.stdout.decode()
    assert "ST-05" in done.stdout.decode()


def test_the_demonstration_is_the_recording_of_a_real_engine() -> None:
    demo = Path(codec.__file__).parents[1] / "demo.json"

    assert demo.read_bytes() == RECORDING.read_bytes()


def test_judge_gives_the_same_verdicts_as_the_run_that_was_recorded() -> None:
    done = dckgrade("judge", str(RECORDING), "-f", "json", "--lang", "fr")

    recorded, judged = json.loads(RECORDING.read_bytes()), json.loads(done.stdout)
    for told in (recorded, judged):  # a recording keeps the words of its time
        for check in told["checks"]:
            check.pop("title")
            check["diagnosis"] = check["diagnosis"] and check["diagnosis"]["code"]
    assert judged["checks"] == recorded["checks"]
    assert done.returncode == 1


def test_json_is_one_document_that_its_schema_describes() -> None:
    for done in (dckgrade("demo", "-f", "json"), dckgrade("tp5", "-f", "json", "--host", NOWHERE)):
        jsonschema.validate(json.loads(done.stdout), codec.build_report_schema())


def test_passive_and_only_leave_the_points_undecided() -> None:
    done = dckgrade("tp5", "-f", "json", "--host", NOWHERE, "--passive", "--only", "dbserver-accepts")

    report = json.loads(done.stdout)
    assert {check["id"]: check["reason"]["code"] for check in report["checks"]} == {
        "webservers-running": "not-chosen",
        "webservers-serves": "not-chosen",
        "dbserver-running": "not-chosen",
        "dbserver-accepts": "passive",
        "webservers-stats": "not-chosen",
        "dbserver-stats": "not-chosen",
    }
    assert report["score"]["undecided"] == 10


def test_the_trainee_s_name_is_written_into_the_report() -> None:
    done = dckgrade("tp5", "-f", "json", "--host", NOWHERE, "--trainee", "Zoé <b>")

    assert json.loads(done.stdout)["trainee"] == "Zoé <b>"


def test_the_files_asked_for_are_written_beside_standard_output(tmp_path: Path) -> None:
    page, document = tmp_path / "r.html", tmp_path / "r.json"

    done = dckgrade("demo", "-f", "json", "-o", str(page), "-o", str(document))

    assert document.read_bytes() == done.stdout
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert page.stat().st_mode & 0o044, "a report is readable like any file"


def test_a_file_that_cannot_be_written_is_said_and_the_old_one_stays(tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    target = folder / "r.json"
    target.mkdir()

    done = dckgrade("demo", "-f", "json", "-o", str(target), "--lang", "en")

    assert done.returncode == 2
    assert "cannot be written" in done.stderr.decode()
    assert [path.name for path in folder.iterdir()] == ["r.json"], "nothing half-written is left"


@pytest.mark.parametrize(
    "environ",
    [
        {"LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
        {"COLUMNS": "40"},
        {"NO_COLOR": "1", "TERM": "dumb"},
        {"FORCE_COLOR": "1"},
        {"PYTHONIOENCODING": "cp1252"},
    ],
    ids=str,
)
def test_no_terminal_is_too_poor(environ: dict[str, str]) -> None:
    done = dckgrade("demo", environ=environ)

    assert done.returncode == 1
    assert b"ST-01" in done.stdout
    assert b"Traceback" not in done.stderr


def test_the_exit_code_survives_a_reader_that_leaves() -> None:
    for shape in ("text", "json"):
        running = subprocess.Popen(
            [sys.executable, "-m", "dckgrade", "demo", "-f", shape],
            env={**os.environ, "DCKGRADE_LANG": "en"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        err = running.stderr.read()
        running.stderr.close()

        assert (running.wait(30), err) == (1, b"")


def test_the_working_folder_and_the_container_reach_the_lab(tmp_path: Path) -> None:
    (tmp_path / "seccomp_profile.json").write_text("{}")
    (tmp_path / "empty").mkdir()
    entry = {"Names": ["/web"], "Image": "nginx", "State": "running", "Created": 1}
    says = {
        "/containers/json": reply_with([{**entry, "Id": "a"}, {**entry, "Id": "b", "Names": ["/mine"]}]),
        "/b/json": reply_with({"Id": "b", "State": {"Status": "exited"}, "HostConfig": {}, "Config": {}}),
        "/a/json": reply_with({"Id": "a", "State": {"Status": "exited"}, "HostConfig": {}, "Config": {}}),
        "/logs": reply_with(b""),
    }
    with FaultEngine(tmp_path / "engine.sock", says) as engine:
        options = ("tp2", "-f", "json", "--passive", "--host", engine.url)
        first = dckgrade(*options, "--container", "web", "--workdir", str(tmp_path))
        second = dckgrade(*options, "--container", "mine", "--workdir", str(tmp_path / "empty"))

    reports = [json.loads(done.stdout) for done in (first, second)]
    names = [
        observation["facts"]["name"]
        for report in reports
        for observation in report["observations"].values()
        if observation["kind"] == "seccomp-container"
    ]
    assert names == ["web", "mine"]
    assert [report["checks"][0]["verdict"] for report in reports] == ["passed", "failed"]


def grafana(port: int) -> dict[str, Reply]:
    """Have an engine on which nothing but a Grafana runs, published at *port* of this machine."""
    ports = {"3000/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}
    inspected = {
        "Id": "g",
        "Name": "/grafana",
        "State": {"Status": "running", "Running": True, "StartedAt": "2026-01-01T00:00:00Z"},
        "Config": {"Image": "grafana/grafana"},
        "HostConfig": {"NetworkMode": "bridge"},
        "NetworkSettings": {"Ports": ports, "Networks": {}},
    }
    listed = {"Id": "g", "Names": ["/grafana"], "Image": "grafana/grafana", "State": "running", "Created": 1}
    return {
        "/containers/json": reply_with([listed]),
        "/g/json": reply_with(inspected),
        "/logs": reply_with(b""),
    }


def test_grafana_s_account_reaches_grafana_once_and_is_written_nowhere(tmp_path: Path) -> None:
    turns = iter([OK_HEAD + b"Content-Length: 17\r\n\r\n" + b'{"database":"ok"}'])
    refused = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}"
    with start_fault_service(lambda connected, _: connected.sendall(next(turns, refused))) as there:
        with FaultEngine(tmp_path / "engine.sock", grafana(there.address.port)) as engine:
            done = dckgrade(
                *("tp6", "-f", "json", "--host", engine.url, "--only", "dashboard-imported"),
                environ={"DCKGRADE_GRAFANA_PASSWORD": "canary-secret-1"},
            )
        requests = b"".join(there.requests)

    assert requests.count(b"Authorization: Basic YWRtaW46Y2FuYXJ5LXNlY3JldC0x") == 1
    assert b"canary" not in done.stdout + done.stderr
    (facts,) = [observation["facts"] for observation in json.loads(done.stdout)["observations"].values()]
    assert (facts["access"], facts["account_of"]) == ("refused", "option")


def test_a_name_without_a_password_opens_nothing() -> None:
    done = dckgrade("tp6", "--grafana-user", "me", "--lang", "en")
    assert done.returncode == 2
    assert b"--grafana-password" in done.stderr


def test_an_engine_that_is_off_is_said_once_on_a_screen_and_then_how_to_reach_it() -> None:
    mine, theirs = pty.openpty()
    environ = {**os.environ, "COLUMNS": "200", "DCKGRADE_NO_HISTORY": "1", "DCKGRADE_LANG": "en"}
    command = [sys.executable, "-m", "dckgrade", "tp5", "--host", NOWHERE]
    subprocess.run(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, timeout=60, check=False)
    os.close(theirs)
    shown = os.read(mine, 65536).decode()
    os.close(mine)
    assert shown.count("No Docker engine listens") == 1
    assert "Start Docker" in shown.partition("What to do next")[2]
