"""Read our formats as other programs do: readers written from the specifications."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

WORKFLOW_COMMAND = re.compile(r"::(?P<command>[^ :]+)(?: (?P<properties>.*?))?::(?P<data>.*)")
TEST_POINT = re.compile(r"(?P<not>not )?ok (?P<number>\d+) - (?P<rest>.*)")
CSV_CELL = re.compile(r'(?P<quoted>"(?:[^"]|"")*")|(?P<plain>[^",\r\n]*)')


class Annotation(NamedTuple):
    """A workflow command as GitHub's runner takes it in."""

    kind: str
    title: str
    text: str


class TapPoint(NamedTuple):
    """A test point of TAP 14."""

    passed: bool
    title: str
    skipped: str | None
    below: dict[str, Any]


def read_annotations(document: bytes) -> list[Annotation]:
    """Read a log as actions/runner's ActionCommand.TryParseV2 does; a line that is no command is an error."""
    found = []
    for line in document.decode().split("\n")[:-1]:
        read = WORKFLOW_COMMAND.fullmatch(line)
        assert read, line
        named = dict(pair.split("=", 1) for pair in (read["properties"] or "").split(",") if pair)
        assert named.keys() <= {"title"}, named
        title = unescape(named.get("title", ""), {"%3A": ":", "%2C": ","})
        found.append(Annotation(read["command"], title, unescape(read["data"], {})))
    return found


def unescape(text: str, more: dict[str, str]) -> str:
    for escape, character in {"%0D": "\r", "%0A": "\n", **more, "%25": "%"}.items():
        text = text.replace(escape, character)
    return text


def read_test_points(document: bytes) -> list[TapPoint]:
    """Read a stream by https://testanything.org/tap-version-14-specification; what is none is an error."""
    first, plan, *lines = document.decode().split("\n")[:-1]
    assert first == "TAP version 14"
    found = list(parse_test_points(iter(lines)))
    assert plan == f"1..{len(found)}"
    return found


def parse_test_points(lines: Iterator[str]) -> Iterator[TapPoint]:
    expected = 0
    waiting: TapPoint | None = None
    for line in lines:
        if line == "  ---":
            assert waiting, "a block belongs to the test point above it"
            block = "\n".join(iter(lambda: next(lines), "  ..."))
            waiting = waiting._replace(below=yaml.safe_load(block))
            continue
        if waiting:
            yield waiting
            waiting = None
        if line.startswith("#"):
            continue
        read = TEST_POINT.fullmatch(line)
        assert read, line
        expected += 1
        assert int(read["number"]) == expected
        title, _, directive = split_directive(read["rest"])
        assert not directive or directive.upper().startswith("SKIP"), directive
        waiting = TapPoint(not read["not"], title, directive[5:] if directive else None, {})
    if waiting:
        yield waiting


def split_directive(rest: str) -> tuple[str, str, str]:
    """Cut at the first ` # ` of which the sign is not escaped, and take the escapes away."""
    parts = re.split(r"(?<!\\)((?:\\\\)*) # ?", rest, maxsplit=1)
    title = parts[0] + (parts[1] if len(parts) > 1 else "")
    return re.sub(r"\\([\\#])", r"\1", title), "#", parts[2] if len(parts) > 2 else ""


def read_csv_rows(document: bytes) -> list[list[str]]:
    """Read CSV by the grammar of RFC 4180, which allows no quote within a bare cell."""
    text, at, found = document.decode(), 0, []
    while at < len(text):
        row = []
        while True:
            cell = CSV_CELL.match(text, at)
            assert cell
            row.append(
                cell["quoted"][1:-1].replace('""', '"') if cell["quoted"] is not None else cell["plain"]
            )
            at = cell.end()
            if not text.startswith(",", at):
                break
            at += 1
        assert text.startswith("\r\n", at), text[at : at + 20]
        at += 2
        found.append(row)
    return found
