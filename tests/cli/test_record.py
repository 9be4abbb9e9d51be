"""`dckgrade record`: one document, whatever the engine holds, and words about what it lacks."""

import json
import re
from pathlib import Path

import pytest
from rich.status import Status

from dckgrade.cli.record import StatusLine
from dckgrade.report.recording import parse_engine_recording
from tests.support.cli_runner import NOWHERE, dckgrade
from tests.support.fault_engine import FaultEngine, reply_with
from tests.support.recordable_engine import NOTHING, serve_container

BOX = {"Name": "/box", "State": {"Status": "exited", "ExitCode": 3}, "Config": {"Image": "busybox"}}


def test_a_recording_goes_to_standard_output_alone(tmp_path: Path) -> None:
    with serve_container(tmp_path, BOX) as engine:
        done = dckgrade("record", "--host", engine.url, "--lang", "en")

    document = parse_engine_recording(done.stdout, "stdout")
    assert done.returncode == 0
    assert document.recording.observations["container-exit container=box"].facts["exit_code"] == 3  # type: ignore[union-attr]
    assert document.probes["container name=box"] == {"kind": "container", "name": "box"}
    said = done.stderr.decode()
    assert f"Engine: {engine.url}" in said
    assert re.search(r"Seen: \d+; not there: \d+; not observable: \d+\.", said)
    assert "--active sees limits" in said


def test_only_get_and_head_requests_are_sent_unless_it_may_act(tmp_path: Path) -> None:
    with serve_container(tmp_path, BOX) as engine:
        assert dckgrade("record", "--host", engine.url).returncode == 0
        assert engine.requests
        assert {request.split()[0] for request in engine.requests} <= {"GET", "HEAD"}


def test_a_file_is_written_in_the_place_of_standard_output(tmp_path: Path) -> None:
    path = tmp_path / "before.json"
    with serve_container(tmp_path) as engine:
        done = dckgrade("record", "-o", str(path), "--host", engine.url)

    assert (done.returncode, done.stdout) == (0, b"")
    assert json.loads(path.read_bytes())["schema"] == "dckgrade-recording/1"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("-o", "before.txt"), 2, "has no format"),
        (("-o", "none/before.json"), 2, "There is no folder none"),
        ((), 3, "nowhere"),
    ],
)
def test_what_cannot_be_recorded_is_told(words: tuple[str, ...], code: int, said: str) -> None:
    done = dckgrade("record", *words, "--host", NOWHERE, "--lang", "en")

    assert (done.returncode, done.stdout) == (code, b"")
    assert said in done.stderr.decode()


def test_an_engine_that_does_not_tell_what_it_holds_is_no_empty_one(tmp_path: Path) -> None:
    says = {**NOTHING, "/containers/json": reply_with({"message": "broken"}, 500)}
    with FaultEngine(tmp_path / "engine.sock", says) as engine:
        done = dckgrade("record", "--host", engine.url, "--lang", "en")

    assert (done.returncode, done.stdout) == (3, b"")
    assert "The engine does not tell what it holds" in done.stderr.decode()


def test_what_a_container_is_called_is_inert(tmp_path: Path) -> None:
    with serve_container(tmp_path, {**BOX, "Name": "/bo\x1b[2Jx"}) as engine:
        done = dckgrade("record", "--host", engine.url)

    assert done.returncode == 0
    assert b"\x1b" not in done.stdout + done.stderr


def test_on_a_terminal_one_line_changes_and_names_are_inert() -> None:
    status = Status("")
    shown = StatusLine(status)

    shown.wait(["we\x1b[2Jb"], 12.4)
    assert r"we\x1b[2Jb" in str(status.status)
    shown.show(24, 48)
    assert re.search(r"24 \w+ 48", str(status.status))
