"""
Odd answers: what an engine, a service or a file answers, altered at one place at a time.

An `AnswerTap` on an engine of the tests remembers every answer that a probe is given, whatever it asks for;
`list_alterations` lists what each could be instead, and `AnswerTap.alter` gives one of those in its place.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from threading import local
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from dckgrade.engine.answers import CommandResult, HttpAnswer, NoAnswer, NotThere, OutOfReach
from dckgrade.engine.dockerd import DaemonFiles
from dckgrade.engine.protocol import Engine
from dckgrade.engine.reader import ResourceReader
from dckgrade.engine.resources import Resource
from dckgrade.report.observation import UnobservableReason

MISSING = msgspec.UNSET
ODD_VALUES: tuple[object, ...] = (MISSING, None, [], {}, "x", 7, [7], [None])
"""What stands in the place of a key's value; `MISSING`: the key is left out."""
ODD_BYTES = (b"", b"{", b"<html>", b"\xff\x00" * 40, b"null", b"[]", b"7")
ODD_TEXTS = ("", "\x00\ufffd\n" * 9, "{")
ODD_RUNS = (*(CommandResult(0, text) for text in ODD_TEXTS), CommandResult(1, "odd"), CommandResult(137, ""))
UNTAPPED = {"now", "find_addresses", "call_once_per_run"}
"""Methods that answer nothing that comes from outside."""

KeyPath = tuple[str | int, ...]


class Question(NamedTuple):
    """A method of the engine with what it was called with."""

    method: str
    arguments: tuple[str, ...]


class Alteration(NamedTuple):
    """One thing that a question could be answered with instead; an exception is raised."""

    question: Question
    note: str
    make: Callable[[], Any]
    path: KeyPath = ()
    """The key that was altered, of an answer that is JSON of the engine."""


class AnswerTap:
    """Remembers the answers of an engine, and can replace one of them."""

    def __init__(self, engine: Engine) -> None:
        self.answers: dict[Question, Any] = {}
        self._odd: Alteration | None = None
        self._inside = local()
        for name in list_answering_methods(engine):
            setattr(engine, name, partial(self._answer, name, getattr(engine, name)))

    @contextmanager
    def alter(self, alteration: Alteration) -> Iterator[None]:
        """Answer that question oddly in the meantime."""
        self._odd = alteration
        try:
            yield
        finally:
            self._odd = None

    def _answer(self, name: str, ask: Callable[..., Any], *args: Any, **options: Any) -> Any:
        # What a method asks of the same engine to answer is part of that answer.
        if getattr(self._inside, "busy", False):
            return ask(*args, **options)
        question = Question(name, tuple(map(describe_argument, (*args, *options.items()))))
        if self._odd and self._odd.question == question:
            odd = self._odd.make()
            if isinstance(odd, Exception):
                raise odd
            return odd
        self._inside.busy = True
        try:
            answer = ask(*args, **options)
        finally:
            self._inside.busy = False
        self.answers.setdefault(question, answer)
        return answer


def list_answering_methods(engine: Engine) -> list[str]:
    """List the methods of the protocol that the engine of the tests answers by itself."""
    public = {name for name in dir(Engine) if not name.startswith("_") and callable(getattr(Engine, name))}
    return sorted(
        name
        for name in public - UNTAPPED
        if hasattr(engine, name) and getattr(type(engine), name) is not getattr(ResourceReader, name, None)
    )


def describe_argument(argument: Any) -> str:
    """Name what a question was about."""
    return argument.name if isinstance(argument, Resource) else repr(argument)


def list_alterations(answers: Mapping[Question, Any]) -> list[Alteration]:
    """List what each answer could be instead, in the order of the questions."""
    return [
        Alteration(question, *alteration)
        for question, answer in answers.items()
        for alteration in (*alter_answer(answer), *refuse_answer())
    ]


def refuse_answer() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Give the ways of having no answer at all."""
    yield "late", partial(OutOfReach, UnobservableReason.DEADLINE, "3 s")
    yield "gone", partial(NotThere, "gone")


def alter_answer(answer: Any) -> Iterator[tuple[Any, ...]]:
    """Give notes on *answer* and functions that make it odd, by what kind of answer it is."""
    match answer:
        case dict() | [dict(), *_]:
            yield from alter_keys(answer)
        case [(str(), bytes() | None), *_]:
            yield from alter_files(answer)
        case HttpAnswer():
            yield from alter_page(answer)
        case DaemonFiles():
            for note, make in alter_bytes(answer.content or b""):
                yield note, compose(partial(replace_field, answer, "content"), make)
        case bytes():
            yield from alter_bytes(answer)
        case CommandResult():
            yield from ((repr(odd), partial(replace, odd)) for odd in ODD_RUNS)
        case str():
            yield from ((repr(odd), partial(str, odd)) for odd in ODD_TEXTS)
        case _:  # a date, a truth, a list of texts: there is nothing odd in their place that has their type
            return


def alter_files(files: list[tuple[str, bytes | None]]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Alter the content of each file in turn."""
    for at, (name, content) in enumerate(files):
        for note, make in alter_bytes(content or b""):
            yield note, compose(partial(replace_content, files, at, name), make)


def replace_content(files: list[Any], at: int, name: str, content: bytes) -> list[Any]:
    """Return *files* with another content of one of them."""
    return [*files[:at], (name, content), *files[at + 1 :]]


def replace_field(answer: Any, field: str, value: object) -> Any:
    """Return *answer* with another value of one field."""
    return replace(answer, **{field: value})


def compose(finish: Callable[[Any], Any], make: Callable[[], Any]) -> Callable[[], Any]:
    """Return a function that does something with what *make* makes."""
    return lambda: finish(make())


def alter_keys(tree: Any) -> Iterator[tuple[str, Callable[[], Any], KeyPath]]:
    """Give an odd value to each key of each mapping in turn."""
    for path in iter_key_paths(tree):
        for odd in ODD_VALUES:
            yield f"{'.'.join(map(str, path))}={odd!r}", partial(put_value, tree, path, odd), path


def alter_bytes(content: bytes) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Cut it short, put other bytes in its place, and alter each key of what is JSON."""
    for odd in (content[: len(content) // 2], *ODD_BYTES):
        yield repr(odd[:20]), partial(bytes, odd)
    with suppress(ValueError):
        holder = {"": json.loads(content)}
        for note, make, _ in alter_keys(holder):
            yield note, compose(encode_held, make)


def encode_held(holder: dict[str, Any]) -> bytes:
    """Write what the holder holds as JSON."""
    return json.dumps(holder.get("", {})).encode()


def alter_page(answer: HttpAnswer) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Alter the body; let another program answer, or nobody."""
    for note, make in alter_bytes(answer.body):
        yield note, compose(partial(replace_field, answer, "body"), make)
    for status in (204, 302, 401, 403, 404, 500, 503):
        yield f"HTTP {status}", partial(replace, answer, status=status, body=b"{}")
    for status in (200, 500, 503):
        yield f"HTTP {status} <html>", partial(replace, answer, status=status, headers={}, body=b"<html>")
    yield "cut short", partial(replace, answer, truncated=True)
    yield "garbled", partial(NoAnswer, "garbled")
    yield "silent", partial(NoAnswer, "silent")
    yield "refused", partial(NoAnswer, "refused")


def iter_key_paths(tree: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """List the path of every key of every mapping."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield (*path, name)
            yield from iter_key_paths(value, (*path, name))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from iter_key_paths(value, (*path, index))


def put_value(tree: Any, path: KeyPath, value: object) -> Any:
    """Return *tree* with *value* at *path*; what is not on the way there is shared."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    copy: Any = dict(tree) if isinstance(tree, dict) else list(tree)
    if not rest and value is MISSING:
        del copy[step]
    else:
        copy[step] = put_value(tree[step], rest, value)
    return copy
