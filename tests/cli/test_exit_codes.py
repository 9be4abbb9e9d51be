"""The exit codes are a public contract: a test each."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dckgrade.prove.case import CaseKind, read_case
from dckgrade.prove.live import DisposableEngine, run_case_script
from tests.conftest import FIXTURES
from tests.support.cli_runner import NOWHERE, dckgrade_process


@pytest.mark.engine
def test_0_when_all_passes(engine: DisposableEngine) -> None:
    engine.empty()
    run_case_script(read_case("tp5", FIXTURES / "tp5" / "solution", CaseKind.SOLUTION), engine)

    with engine.enter_network():
        done = dckgrade_process("tp5", "-f", "json", "--host", engine.host)

    assert (done.returncode, json.loads(done.stdout)["score"]["earned"]) == (0, 10)


@pytest.mark.engine
def test_1_when_something_fails_and_the_mistake_is_named(engine: DisposableEngine) -> None:
    engine.empty()
    run_case_script(read_case("tp5", FIXTURES / "tp5" / "mistakes" / "no-password", CaseKind.MISTAKE), engine)

    with engine.enter_network():
        done = dckgrade_process("tp5", "-f", "json", "--host", engine.host)

    named = [check["diagnosis"]["code"] for check in json.loads(done.stdout)["checks"] if check["diagnosis"]]
    assert (done.returncode, named) == (1, ["ST-01", "ST-08"])


@pytest.mark.engine
def test_1_on_an_untouched_engine(engine: DisposableEngine) -> None:
    engine.empty()

    with engine.enter_network():
        done = dckgrade_process("tp5", "-f", "json", "--host", engine.host)

    assert (done.returncode, json.loads(done.stdout)["score"]["earned"]) == (1, 0)


@pytest.mark.parametrize(
    "arguments",
    [
        ("tp33",),
        ("grade", "tp33"),
        ("tp5", "--nonsense"),
        ("tp5", "--context", "no-such-context"),
        ("tp5", "--host", NOWHERE, "--context", "default"),
        ("tp5", "-o", "report.odt"),
        ("tp5", "-o", "no/such/folder/report.html"),
        ("tp5", "--timeout", "0"),
        ("tp5", "--workdir", "no/such/folder"),
        ("judge", "no-such-file.json"),
        ("lint", "no-such-file.yaml"),
        ("--lang", "de"),
    ],
    ids=" ".join,
)
def test_2_when_it_is_used_wrongly(arguments: tuple[str, ...]) -> None:
    done = dckgrade_process(*arguments, environ={"DOCKER_HOST": ""})

    assert done.returncode == 2
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr
    assert done.stderr.strip()


def test_2_when_a_lab_does_not_load(tmp_path: Path) -> None:
    lab = tmp_path / "broken.yaml"
    lab.write_text("version: 1\nid: broken\ncheks: []\n")

    done = dckgrade_process("lint", str(lab), environ={"DCKGRADE_LANG": "en"})

    assert done.returncode == 2
    assert f"{lab}:3:1: unknown key `cheks`; did you mean `checks`?" in done.stderr.decode()


def test_1_when_no_engine_answers_because_of_a_broken_daemon_json(tmp_path: Path) -> None:
    environ = rootless(tmp_path, '{\n"log-driver": "json-file",\n}\n')

    done = dckgrade_process("tp7", "-f", "json", environ=environ)

    report = json.loads(done.stdout)
    first, *others = report["checks"]
    assert done.returncode == 1, done.stderr
    assert (first["id"], first["verdict"], first["diagnosis"]["code"]) == ("engine-starts", "failed", "EL-01")
    assert "~/.config/docker/daemon.json" in first["diagnosis"]["message"]
    assert "line 2" in first["diagnosis"]["message"]
    assert {check["verdict"] for check in others} == {"blocked"}
    assert report["score"]["undecided"] == 0
    assert report["complete"]
    assert b"docker.sock" in done.stderr
    # Judged again from its recording, it says the same.
    (tmp_path / "report.json").write_bytes(done.stdout)
    assert dckgrade_process("judge", str(tmp_path / "report.json")).returncode == 1


@pytest.mark.parametrize("content", ['{"log-opts": {"max-size": "10m"}}', None])
def test_3_when_no_engine_answers_and_its_daemon_json_is_not_why(tmp_path: Path, content: str | None) -> None:
    done = dckgrade_process("tp7", "-f", "json", environ=rootless(tmp_path, content))

    assert done.returncode == 3
    assert {check["verdict"] for check in json.loads(done.stdout)["checks"]} == {"unknown"}


def rootless(home: Path, content: str | None) -> dict[str, str]:
    """Make the home of a trainee whose rootless engine does not run."""
    folder = home / ".config" / "docker"
    folder.mkdir(parents=True)
    if content is not None:
        (folder / "daemon.json").write_text(content)
    socket_ = f"unix://{home}/docker.sock"
    return {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "DOCKER_HOST": socket_, "DCKGRADE_LANG": "en"}


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_3_when_no_engine_answers_and_no_check_fails(lang: str) -> None:
    done = dckgrade_process("tp5", "-f", "json", "--host", NOWHERE, "--lang", lang)

    report = json.loads(done.stdout)
    assert done.returncode == 3
    assert {check["verdict"] for check in report["checks"]} == {"unknown"}
    assert report["score"] == {"earned": 0, "possible": 10, "undecided": 10}
    assert b"/nowhere/docker.sock" in done.stderr


def test_3_when_an_engine_accepts_and_never_answers(tmp_path: Path) -> None:
    path = tmp_path / "mute.sock"
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(path))
        mute.listen()
        start = time.monotonic()
        done = dckgrade_process("tp5", "-f", "json", "--host", f"unix://{path}")

    assert done.returncode == 3
    assert {check["verdict"] for check in json.loads(done.stdout)["checks"]} == {"unknown"}
    assert time.monotonic() - start < 8


def test_3_when_docker_s_own_configuration_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")

    done = dckgrade_process(
        "tp5", "-f", "json", environ={"DOCKER_CONFIG": str(tmp_path), "DCKGRADE_LANG": "en"}
    )

    assert done.returncode == 3
    assert {check["verdict"] for check in json.loads(done.stdout)["checks"]} == {"unknown"}
    assert str(tmp_path / "config.json") in done.stderr.decode()


def test_4_when_it_is_our_bug(tmp_path: Path) -> None:
    bug = "import dckgrade.cli.list_labs as m\n"
    bug += "def fail(): raise RuntimeError('boom: POSTGRES_PASSWORD=canary')\nm.print_labs = fail\n"
    run = "import sys; sys.argv = ['dckgrade']; from dckgrade.__main__ import main; main()"

    done = subprocess.run(
        [sys.executable, "-c", bug + run],
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path), "DCKGRADE_LANG": "en"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert "boom: POSTGRES_PASSWORD=***" in done.stderr
    (kept,) = tmp_path.rglob("bug-*.txt")
    assert "Traceback" in kept.read_text()
    assert "boom: POSTGRES_PASSWORD=***" in kept.read_text()
    assert "canary" not in kept.read_text() + done.stderr
    assert kept.stat().st_mode & 0o777 == 0o600
    assert str(kept) in done.stderr


def test_5_when_the_selection_leaves_nothing_to_grade() -> None:
    done = dckgrade_process(
        "tp5", "--only", "webserver-runs", "--host", NOWHERE, environ={"DCKGRADE_LANG": "en"}
    )

    assert done.returncode == 5
    assert b"Did you mean webservers-running?" in done.stderr


def test_5_when_passive_leaves_nothing_to_attempt(tmp_path: Path) -> None:
    done = dckgrade_process("lint", str(tmp_path))

    assert done.returncode == 5


def test_130_on_ctrl_c(tmp_path: Path) -> None:
    path = tmp_path / "mute.sock"
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(path))
        mute.listen()
        mute.settimeout(30)
        running = subprocess.Popen(
            [sys.executable, "-m", "dckgrade", "tp5", "--host", f"unix://{path}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        first, _ = mute.accept()  # the knock: the command has begun
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
        first.close()

    assert running.returncode == 130
    assert b"Traceback" not in out + err
