"""Make HTTP requests inside a container by its own curl or wget, and parse what they print."""

from collections.abc import Iterator, Mapping

from dckgrade.engine.answers import CommandOutput, HttpAnswer, NoAnswer, NoAnswerReason, OutOfReach
from dckgrade.report.observation import UnobservableReason

# A proxy of the container's environment would take the request to another machine.
_WGET_SCRIPT = 'unset http_proxy HTTP_PROXY all_proxy ALL_PROXY; exec wget -q -S -O - {more} "$0"'
_MISSING_PROGRAM_CODES = {126, 127, 139}
"""Docker's codes for a missing program; 139: the static busybox of Debian 12 crashes at `wget -T`."""
_CURL_EXIT_CODES: Mapping[int, NoAnswerReason] = {7: "refused", 28: "silent", 52: "reset", 56: "reset"}
"""curl(1), EXIT CODES."""
_TALKATIVE_WGET_CODES = {0, 1, 8}
"""With these, wget has printed something: for an error page busybox's ends with 1, GNU's with 8."""
_WGET_MESSAGES: Mapping[str, NoAnswerReason] = {
    "refused": "refused",
    "timed out": "silent",
    "reset by peer": "reset",
}


def iter_http_commands(port: int, path: str) -> Iterator[tuple[str, ...]]:
    """Yield the commands to try, the best first: images have curl, busybox's wget, or neither."""
    url = f"http://127.0.0.1:{port}{path}"
    yield ("curl", "-sS", "-i", "-g", "--noproxy", "*", "--max-time", "3", url)
    yield ("sh", "-c", _WGET_SCRIPT.format(more="-T 3"), url)
    yield ("sh", "-c", _WGET_SCRIPT.format(more=""), url)


def parse_command_answer(argv: tuple[str, ...], printed: CommandOutput) -> HttpAnswer | None:
    """
    Parse what such a command printed; None when its program is missing, `NoAnswer` when nothing serves.

    curl prints head and body on standard output; wget the head on standard error, and no body of an error.
    """
    if printed.exit_code in _MISSING_PROGRAM_CODES:
        return None
    stderr = printed.errors.decode(errors="replace")
    if argv[0] == "curl":
        if printed.exit_code:
            raise NoAnswer(_CURL_EXIT_CODES.get(printed.exit_code, "garbled"))
        head, body = _split_head_and_body(printed.output)
        return _parse_http_answer(head, body, truncated=False)
    if not stderr and printed.exit_code in _TALKATIVE_WGET_CODES:
        raise OutOfReach(UnobservableReason.UNREADABLE, "the output of wget was lost")
    if "HTTP/1." in stderr:
        return _parse_http_answer(stderr, printed.output, truncated=printed.exit_code != 0)
    raise NoAnswer(
        next((reason for words, reason in _WGET_MESSAGES.items() if words in stderr.lower()), "garbled")
    )


def _split_head_and_body(output: bytes) -> tuple[str, bytes]:
    head, body = b"", output
    # An interim answer (100 Continue) comes before the true one.
    while not head or head.split(b" ")[1:2] == [b"100"]:
        head, separator, body = body.partition(b"\r\n\r\n")
        if not separator:
            break
    return head.decode("latin-1"), body


def _parse_http_answer(head: str, body: bytes, *, truncated: bool) -> HttpAnswer:
    status, headers = None, {}
    for line in head.splitlines():
        name, colon, value = line.strip().partition(":")
        if (start := line.find("HTTP/1.")) >= 0:
            code = line[start:].split(" ")[1:2]
            status = int(code[0]) if code and code[0].isdecimal() else None
        elif colon:
            headers[name.lower()] = value.strip()
    if status is None:
        raise OutOfReach(UnobservableReason.UNREADABLE, "the answer inside the container")
    return HttpAnswer(status=status, headers=headers, body=body, truncated=truncated)
