"""Commands inside containers: three requests and no more, bounded in time and size, never with privileges."""

import base64
import json
import time
from pathlib import Path

import pytest

from dckgrade.engine import api as module
from dckgrade.engine.allowlist import ForbiddenRequest, require_allowed_request
from dckgrade.engine.answers import CommandResult, NotThere, OutOfReach
from dckgrade.engine.endpoint import Endpoint
from dckgrade.engine.run_options import RunOptions
from dckgrade.engine.snapshot import EngineSnapshot
from dckgrade.report.observation import UnobservableReason
from tests.support.fault_engine import (
    RAW_STREAM_HEAD,
    Reply,
    connect_fault_engine,
    encode_frame,
    reply_bytes,
    reply_with,
    stall_after,
)
from tests.support.recorded_engines import ENGINE_FOLDERS


def build_exec_replies(output: bytes, ended: object, inspected: object = None) -> dict[str, Reply]:
    return {
        "/containers/web/json": reply_with(inspected or {"Id": "web"}),
        "/containers/web/exec": reply_with({"Id": "e1"}, 201),
        "/exec/e1/start": reply_bytes(RAW_STREAM_HEAD + output),
        "/exec/e1/json": reply_with(ended),
    }


def test_a_command_takes_three_requests_and_gives_its_output_and_code(tmp_path: Path) -> None:
    output = encode_frame(b"out\n") + encode_frame(b"err\n", 2)
    with connect_fault_engine(tmp_path, build_exec_replies(output, {"Running": False, "ExitCode": 3})) as (
        connected,
        there,
    ):
        look = connected.take_snapshot()
        assert look.run_command("web", ("cat", "/x")) == CommandResult(3, "out\nerr\n")
        assert look.run_command("web", ("cat", "/x")).exit_code == 3
    assert there.requests[2:] == [
        "POST /v1.51/containers/web/exec",
        "POST /v1.51/exec/e1/start",
        "GET /v1.51/exec/e1/json",
    ]
    assert json.loads(there.bodies[2]) == {"AttachStdout": True, "AttachStderr": True, "Cmd": ["cat", "/x"]}


@pytest.mark.parametrize("folder", ENGINE_FOLDERS, ids=lambda path: path.name)
def test_a_missing_program_is_an_answer_of_every_engine(folder: Path, tmp_path: Path) -> None:
    kept = json.loads((folder / "exec-missing-binary.json").read_text())
    output = base64.b64decode(kept["start"]["body_base64"])
    with connect_fault_engine(tmp_path, build_exec_replies(output, json.loads(kept["inspect"]["body"]))) as (
        connected,
        _,
    ):
        ran = connected.take_snapshot().run_command("web", ("/no/such",))
    assert ran.exit_code in {126, 127}
    assert "OCI runtime exec failed" in ran.output


@pytest.mark.parametrize("name", ["error-409-exec-paused", "error-409-exec-stopped"])
@pytest.mark.parametrize("folder", ENGINE_FOLDERS, ids=lambda path: path.name)
def test_a_container_that_does_not_run_is_out_of_reach(folder: Path, name: str, tmp_path: Path) -> None:
    kept = json.loads((folder / f"{name}.json").read_text())
    replies = build_exec_replies(b"", {}) | {
        "/containers/web/exec": reply_with(json.loads(kept["body"]), 409)
    }
    with connect_fault_engine(tmp_path, replies) as (connected, _), pytest.raises(OutOfReach) as caught:
        connected.take_snapshot().run_command("web", ("cat",))
    assert caught.value.why is UnobservableReason.ENGINE_ERROR


def test_nothing_runs_where_the_hosts_processes_are_in_sight(tmp_path: Path) -> None:
    replies = build_exec_replies(b"", {}, {"Id": "web", "HostConfig": {"PidMode": "host"}})
    with connect_fault_engine(tmp_path, replies) as (connected, there):
        with pytest.raises(OutOfReach) as caught:
            connected.take_snapshot().run_command("web", ("cat",))
        assert caught.value.why is UnobservableReason.NOT_TRIED
        assert not any(line.startswith("POST") for line in there.requests)


def test_a_command_that_never_ends_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_COMMAND_TIMEOUT_S", 0.5)
    replies = build_exec_replies(b"", {}) | {
        "/exec/e1/start": stall_after(RAW_STREAM_HEAD + encode_frame(b"x"))
    }
    begun = time.monotonic()
    with connect_fault_engine(tmp_path, replies) as (connected, _), pytest.raises(OutOfReach) as caught:
        connected.take_snapshot().run_command("web", ("cat",))
    assert caught.value.why is UnobservableReason.DEADLINE
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "output",
    [encode_frame(b"x" * 70_000), encode_frame(b"whole") + encode_frame(b"cut")[:-1], b"no frame at all"],
)
def test_too_much_output_or_half_of_it_is_not_judged(output: bytes, tmp_path: Path) -> None:
    with (
        connect_fault_engine(tmp_path, build_exec_replies(output, {"ExitCode": 0})) as (connected, _),
        pytest.raises(OutOfReach) as caught,
    ):
        connected.take_snapshot().run_command("web", ("cat",))
    assert caught.value.why is UnobservableReason.UNREADABLE


@pytest.mark.parametrize(
    "ended",
    [
        {"Running": True, "ExitCode": None},
        {"Running": True, "ExitCode": 0},
        {"Running": False, "ExitCode": True},
        {"Running": False, "ExitCode": "0"},
        {"Running": "no", "ExitCode": 0},
        {},
    ],
)
def test_a_command_without_an_end_has_no_exit_code(ended: object, tmp_path: Path) -> None:
    with (
        connect_fault_engine(tmp_path, build_exec_replies(b"", ended)) as (connected, _),
        pytest.raises(OutOfReach),
    ):
        connected.take_snapshot().run_command("web", ("cat",))


@pytest.mark.parametrize("created", [{}, {"Id": None}, {"Id": ""}, {"Id": 5}, {"Id": "../containers/json"}])
def test_a_command_without_an_id_is_no_missing_program(created: object, tmp_path: Path) -> None:
    replies = build_exec_replies(b"", {"ExitCode": 0}) | {"/containers/web/exec": reply_with(created, 201)}
    with connect_fault_engine(tmp_path, replies) as (connected, _):
        with pytest.raises(OutOfReach) as raised:
            connected.take_snapshot().run_command("web", ("true",))
        assert raised.value.why is UnobservableReason.UNREADABLE


@pytest.mark.parametrize("created", [{}, {"Id": None}, {"Id": "../x"}])
def test_a_container_of_ours_without_an_id_is_no_missing_image(created: object, tmp_path: Path) -> None:
    replies = {"/containers/create": reply_with(created, 201), "/containers/json": reply_with([])}
    with connect_fault_engine(tmp_path, replies) as (connected, _):
        with pytest.raises(OutOfReach) as raised:
            connected.take_snapshot().inspect_started_container(f"sha256:{'a' * 64}")
        assert raised.value.why is UnobservableReason.UNREADABLE


def test_a_command_and_its_start_may_leave_by_post_alone() -> None:
    for path in ("/v1.41/containers/web/exec", "/v1.41/exec/1/start"):
        require_allowed_request("POST", path, b'{"Cmd": ["cat"]}')
        for method in ("GET", "PUT", "DELETE"):
            with pytest.raises(ForbiddenRequest):
                require_allowed_request(method, path, b'{"Cmd": ["cat"]}')


@pytest.mark.parametrize(
    "body", [None, b"", b"[]", b'{"Cmd": ["id"], "Privileged": true}', b'{"User": "0"}', b'{"Tty": true}']
)
def test_no_command_asks_for_more_than_its_output(body: bytes | None) -> None:
    with pytest.raises(ForbiddenRequest):
        require_allowed_request("POST", "/v1.41/containers/web/exec", body)


@pytest.mark.parametrize(
    "path", ["/containers/create", "/containers/web/start", "/exec/1/resize", "/build", "/commit"]
)
def test_nothing_else_may_be_posted(path: str) -> None:
    with pytest.raises(ForbiddenRequest):
        require_allowed_request("POST", f"/v1.41{path}", b'{"Cmd": ["cat"]}')


def test_the_engines_machine_lists_a_containers_processes(tmp_path: Path) -> None:
    listed = {"Titles": ["PID", "LABEL"], "Processes": [["7", "web (enforce)"]]}
    with connect_fault_engine(tmp_path, {"/containers/web/top": reply_with(listed)}) as (connected, there):
        assert connected.take_snapshot().list_processes("web", "pid,label") == [["7", "web (enforce)"]]
    assert there.requests[-1] == "GET /v1.51/containers/web/top?ps_args=-eo+pid%2Clabel"


def test_without_processes_none_are_listed(tmp_path: Path) -> None:
    replies = {"/containers/web/top": reply_with({"Titles": ["PID"], "Processes": None})}
    with connect_fault_engine(tmp_path, replies) as (connected, _):
        assert connected.take_snapshot().list_processes("web", "pid") == []


def test_what_is_on_this_machine_is_not_asked_for_where_the_engine_is_elsewhere() -> None:
    class Elsewhere:
        engine = None
        endpoint = Endpoint("tcp://203.0.113.1:2375", "--host")

    look = EngineSnapshot(Elsewhere(), RunOptions())  # type: ignore[arg-type]
    for ask in (
        lambda: look.read_apparmor_profile("docker-nginx-profile"),
        lambda: look.read_apparmor_label("web"),
        lambda: look.read_process_file("web", "status"),
    ):
        with pytest.raises(NotThere):
            ask()
