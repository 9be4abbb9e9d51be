"""HTTP requests by curl or wget inside a container, and what their output means."""

from pathlib import Path

import pytest

from dckgrade.engine import exec_http
from dckgrade.engine.answers import CommandOutput, HttpAnswer, NoAnswer, OutOfReach
from dckgrade.engine.run_options import RunOptions
from dckgrade.report.observation import UnobservableReason
from tests.support.fault_engine import (
    RAW_STREAM_HEAD,
    Reply,
    connect_fault_engine,
    encode_frame,
    reply_bytes,
    reply_with,
)

CURL, WGET, PLAIN = exec_http.iter_http_commands(9200, "/_count?q=a:b")
# Printed by curl 7.88.1, busybox 1.35.0 and GNU wget 1.21.3.
CURL_PAGE = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 3\r\n\r\nhi\n"
BUSYBOX_PAGE = b"  HTTP/1.1 200 OK\n  Server: nginx/1.22.1\n  Content-Type: text/html\n  \n"
GNU_PAGE = b"  HTTP/1.1 200 OK\n  Server: nginx/1.22.1\n  Content-Type: text/html\n"
BUSYBOX_404 = b"  HTTP/1.1 404 Not Found\nwget: server returned error: HTTP/1.1 404 Not Found\n"


def test_the_question_goes_to_the_container_itself_and_past_every_proxy() -> None:
    assert CURL[-1] == "http://127.0.0.1:9200/_count?q=a:b"
    assert "--noproxy" in CURL
    assert all("unset http_proxy" in argv[2] for argv in (WGET, PLAIN))
    # The path is an argument of its own: nothing of it is read by a shell.
    assert all(argv[-1] == CURL[-1] and "9200" not in argv[2] for argv in (WGET, PLAIN))


@pytest.mark.parametrize(
    ("argv", "printed"),
    [
        (CURL, CommandOutput(0, CURL_PAGE, b"")),
        (CURL, CommandOutput(0, b"HTTP/1.1 100 Continue\r\n\r\n" + CURL_PAGE, b"")),
        (WGET, CommandOutput(0, b"hi\n", BUSYBOX_PAGE)),
        (PLAIN, CommandOutput(0, b"hi\n", GNU_PAGE)),
    ],
)
def test_an_answer_is_read_from_what_either_program_prints(
    argv: tuple[str, ...], printed: CommandOutput
) -> None:
    read = exec_http.parse_command_answer(argv, printed)
    assert read is not None
    assert (read.status, read.headers["server"], read.body, read.truncated) == (
        200, "nginx/1.22.1", b"hi\n", False,
    )  # fmt: skip


def test_an_error_page_that_wget_does_not_show_is_an_answer_without_its_body() -> None:
    assert exec_http.parse_command_answer(WGET, CommandOutput(1, b"", BUSYBOX_404)) == HttpAnswer(
        status=404,
        headers={},
        body=b"",
        truncated=True,
    )


@pytest.mark.parametrize(
    ("argv", "printed", "how"),
    [
        (CURL, CommandOutput(7, b"", b"curl: (7) Failed to connect"), "refused"),
        (CURL, CommandOutput(28, b"", b"curl: (28) Operation timed out"), "silent"),
        (CURL, CommandOutput(52, b"", b"curl: (52) Empty reply from server"), "reset"),
        (CURL, CommandOutput(1, b"", b"curl: (1) Received HTTP/0.9 when not allowed"), "garbled"),
        (WGET, CommandOutput(1, b"", b"wget: can't connect to remote host: Connection refused\n"), "refused"),
        (WGET, CommandOutput(1, b"", b"wget: download timed out\n"), "silent"),
        (PLAIN, CommandOutput(4, b"", b""), "garbled"),
    ],
)  # fmt: skip
def test_in_which_way_nothing_serves_is_told(argv: tuple[str, ...], printed: CommandOutput, how: str) -> None:
    with pytest.raises(NoAnswer) as none:
        exec_http.parse_command_answer(argv, printed)
    assert none.value.reason == how


@pytest.mark.parametrize("code", [126, 127, 139])
def test_a_missing_program_is_no_answer_and_the_next_is_tried(code: int) -> None:
    assert [
        exec_http.parse_command_answer(argv, CommandOutput(code, b"", b"")) for argv in (CURL, WGET, PLAIN)
    ] == [None] * 3


def test_an_answer_without_a_status_is_not_guessed_at() -> None:
    with pytest.raises(OutOfReach):
        exec_http.parse_command_answer(CURL, CommandOutput(0, b"hello", b""))


@pytest.mark.parametrize("code", [0, 1, 8])
def test_a_wget_that_printed_nothing_at_all_tells_nothing_of_a_service(code: int) -> None:
    with pytest.raises(OutOfReach):
        exec_http.parse_command_answer(WGET, CommandOutput(code, b"", b""))


def build_exec_replies(output: bytes, code: int) -> dict[str, Reply]:
    return {
        "/containers/web/json": reply_with({"Id": "web"}),
        "/containers/web/exec": reply_with({"Id": "e1"}, 201),
        "/exec/e1/start": reply_bytes(RAW_STREAM_HEAD + output),
        "/exec/e1/json": reply_with({"Running": False, "ExitCode": code}),
    }


def test_both_streams_are_read_apart_and_byte_for_byte(tmp_path: Path) -> None:
    long = b'{"password": "' + b"x" * 9000 + b'"}'
    page = CURL_PAGE.replace(b"hi\n", long)
    with connect_fault_engine(
        tmp_path,
        build_exec_replies(encode_frame(page[:50]) + encode_frame(b"noise", 2) + encode_frame(page[50:]), 0),
    ) as (there, _):
        assert there.take_snapshot().request_http_inside("web", 80, "/").body == long


def test_under_passive_nothing_is_run(tmp_path: Path) -> None:
    with connect_fault_engine(tmp_path, build_exec_replies(b"", 0)) as (connected, there):
        with pytest.raises(OutOfReach) as trouble:
            connected.take_snapshot(RunOptions(passive=True)).request_http_inside("web", 80, "/")
        assert trouble.value.why is UnobservableReason.NOT_TRIED
        assert not [line for line in there.requests if line.startswith("POST")]


def test_a_container_without_either_program_stays_out_of_reach(tmp_path: Path) -> None:
    with connect_fault_engine(tmp_path, build_exec_replies(b"", 127)) as (connected, there):
        with pytest.raises(OutOfReach) as trouble:
            connected.take_snapshot().request_http_inside("web", 80, "/")
        assert trouble.value.why is UnobservableReason.ADDRESS_OUT_OF_REACH
        assert sum("exec/e1/start" in line for line in there.requests) == 3
