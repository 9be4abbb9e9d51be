"""
What real engines answered while a lab's solution was graded, request by request; recorded and played back.

`fixtures/faults/record.py` records. A question that was asked several times keeps its last answer: the
engine was settled by then.
"""

import base64
import gzip
import json
import re
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import parse_qsl, urlencode

from tests.support.recording_proxy import RecordingProxy, Request

FOLDER = Path(__file__).parents[1] / "answers" / "conversations"
MAX_BODY_BYTES = 256 * 1024
"""Larger answers, which are images' archives, are not kept: played back, that request fails."""
UNASKABLE = "169.254.7.7"
"""In the place of every address: link-local ones are never asked, so no test reaches a real machine."""
_ADDRESS = re.compile(rb'("(?:IPAddress|GlobalIPv6Address|HostIp)":")[^"]+"')
_MARKER = re.compile(rb"dckgrade[0-9a-f]{12}|\d+@[\w.-]+(?=\")")
"""What differs from run to run in what is sent: the words of a probe container, and its owner."""
_MOMENT = re.compile(r"\b(since|until)=\d+\.\d+")


NO_CONTENT = 204


class Answer(NamedTuple):
    """One answer of an engine, without the framing of its body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes

    def encode(self, *, with_body: bool = True) -> bytes:
        """Return it as HTTP/1.1, its body's length told."""
        lines = "" if self.status == NO_CONTENT else f"Content-Length: {len(self.content)}\r\n"
        return self.encode_head(lines) + (self.content if with_body else b"")

    def encode_head(self, more: str = "") -> bytes:
        """Return the head, with *more* header lines."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        return f"HTTP/1.1 {self.status} Recorded\r\n{lines}{more}\r\n".encode("latin-1")


NOT_RECORDED = Answer(
    500, (("Content-Type", "application/json"),), b'{"message": "this answer was not recorded"}'
)


def make_key(request: Request) -> str:
    """Return what tells one question from another: the same in every run."""
    query = urlencode(sorted(parse_qsl(request.query, keep_blank_values=True)))
    if request.path == "/containers/create":
        query = ""
    body = _MARKER.sub(b"*", request.body).decode(errors="replace")
    return " ".join(filter(None, [request.method, request.path, _MOMENT.sub(r"\1=*", query), body]))


def unframe_content(answered_head: bytes, content: bytes) -> bytes:
    """Return a body without the sizes of its chunks."""
    if b"transfer-encoding: chunked" not in answered_head.lower():
        return content
    found, rest = b"", content
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size.partition(b";")[0] or b"0", 16)
        found, rest = found + rest[:length], rest[length + 2 :]
        if not length:
            break
    return found


def parse_answer(answered_head: bytes, content: bytes) -> Answer:
    """Parse an answer as it came."""
    status, *lines = answered_head.decode("latin-1").split("\r\n")
    named = [line.split(": ", 1) for line in lines if ": " in line]
    framing = {"content-length", "transfer-encoding", "connection"}
    headers = tuple((name, value) for name, value in named if name.lower() not in framing)
    return Answer(int(status.split(" ")[1]), headers, unframe_content(answered_head, content))


class ConversationRecorder(RecordingProxy):
    """Keeps the answers, the addresses in them replaced: services are asked inside their containers."""

    def __init__(self, where: Path, engine: str) -> None:
        super().__init__(where, engine)
        self.answers: dict[str, Answer] = {}

    def alter_answer(self, request: Request, head_of_it: bytes, content: bytes) -> bytes:
        answer = parse_answer(head_of_it, content)
        replaced = _ADDRESS.sub(rb"\g<1>" + UNASKABLE.encode() + b'"', answer.content)
        self.answers[make_key(request)] = answer._replace(content=replaced)
        if replaced == answer.content:
            return head_of_it + content
        return self.answers[make_key(request)].encode()


class Conversation:
    """The answers to one lab's questions, by key."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        self.answers = answers

    def answer(self, request: Request) -> Answer:
        """Return what the engine answered; 500 where nobody asked it."""
        return self.answers.get(make_key(request), NOT_RECORDED)

    @classmethod
    def load(cls, lab: str) -> Self:
        rows = json.loads(gzip.decompress((FOLDER / f"{lab}.json.gz").read_bytes()))
        return cls(
            {
                key: Answer(status, tuple(map(tuple, headers)), base64.b64decode(content))
                for key, status, headers, content in rows
            }
        )

    def keep(self, lab: str) -> None:
        FOLDER.mkdir(exist_ok=True)
        rows = [
            [key, answer.status, answer.headers, base64.b64encode(answer.content).decode()]
            for key, answer in sorted(self.answers.items())
            if len(answer.content) <= MAX_BODY_BYTES
        ]
        (FOLDER / f"{lab}.json.gz").write_bytes(gzip.compress(json.dumps(rows).encode(), mtime=0))
