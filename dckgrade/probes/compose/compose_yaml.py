"""Read a Compose file as text alone: strict where Compose is, with the anchors and merges that it takes."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import yaml
from msgspec import Struct

MAX_NODES, MAX_DEPTH, MAX_BYTES = 20_000, 30, 256 * 1024
MERGE_KEY = "<<"

YamlProblem = Literal["tab", "syntax", "duplicate-key", "too-large", "not-text"]
Path = tuple[str | int, ...]
Value = Any
"""A text, null, a list or a mapping with texts for keys. Numbers and truths stay as they are typed."""


class YamlTree(NamedTuple):
    """What the file says, and on which line (from 1) each key and element stands."""

    data: Value
    lines: Mapping[Path, int]


class YamlRefused(Exception):
    """The file cannot be read; Compose refuses it too, or it is larger than any that a person writes."""

    def __init__(self, problem: YamlProblem, line: int, about: str = "") -> None:
        super().__init__(problem)
        self.problem, self.line, self.about = problem, line, about


class Anchored(Struct, frozen=True):
    """A value that an anchor names, and of how many nodes it consists: an alias costs as much again."""

    value: Value
    nodes: int


def read_compose_yaml(raw: bytes) -> YamlTree:
    """Read *raw*; raises `YamlRefused`."""
    if len(raw) > MAX_BYTES:
        raise YamlRefused("too-large", 1)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise YamlRefused("not-text", raw[: error.start].count(b"\n") + 1) from None
    reader = ComposeYamlReader(text)
    try:
        return YamlTree(reader.read_document(), reader.lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        raise refuse_syntax(text, mark.line + 1 if mark else 1) from None


def refuse_syntax(text: str, line: int) -> YamlRefused:
    """Return the refusal of what the parser stopped at; a tab that indents is called by its name."""
    lines = text.split("\n")
    for number in (line, line - 1, line + 1):
        if 0 < number <= len(lines):
            written = lines[number - 1]
            if "\t" in written[: len(written) - len(written.lstrip())]:
                return YamlRefused("tab", number)
    return YamlRefused("syntax", min(line, len(lines)))


class ComposeYamlReader:
    """Walks the parser's events once; an alias is counted as if it were written out, and never copied."""

    def __init__(self, text: str) -> None:
        self.events = iter_events(text)
        self.lines: dict[Path, int] = {}
        self.anchors: dict[str, Anchored] = {}
        self.nodes = 0

    def read_document(self) -> Value:
        """Read the first document; an empty file is null."""
        next(self.events)  # the stream's start
        if isinstance(next(self.events), yaml.StreamEndEvent):
            return None
        data = self.read_value(next(self.events), ())
        next(self.events)  # the document's end
        more = next(self.events)
        if not isinstance(more, yaml.StreamEndEvent):
            raise YamlRefused("syntax", get_line(more))
        return data

    def read_value(self, event: Any, path: Path) -> Value:
        """Read the value that *event* begins."""
        before = self.nodes
        self.count_nodes(1, event)
        if len(path) > MAX_DEPTH:
            raise YamlRefused("too-large", get_line(event))
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise YamlRefused("syntax", get_line(event), str(event.anchor))
            found = self.anchors[event.anchor]
            self.count_nodes(found.nodes, event)
            return found.value
        value: Value
        if isinstance(event, yaml.MappingStartEvent):
            value = self.read_mapping(path)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self.read_sequence(path)
        else:
            value = resolve_scalar(event)
        if event.anchor:
            self.anchors[event.anchor] = Anchored(value, self.nodes - before)
        return value

    def count_nodes(self, count: int, event: Any) -> None:
        """Count what was read; raises `YamlRefused` for more than a file by hand has."""
        self.nodes += count
        if self.nodes > MAX_NODES:
            raise YamlRefused("too-large", get_line(event))

    def read_mapping(self, path: Path) -> dict[str, Value]:
        """Read up to the mapping's end; what is merged stands behind what is written."""
        found: dict[str, Value] = {}
        merged: dict[str, Value] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise YamlRefused("syntax", get_line(event))
            key = str(event.value)
            inside = (*path, key)
            if key in found:
                raise YamlRefused("duplicate-key", get_line(event), key)
            self.lines[inside] = get_line(event)
            value = self.read_value(next(self.events), inside)
            if key == MERGE_KEY and event.implicit[0]:
                merged = {**merge_mappings(value, get_line(event)), **merged}
            else:
                found[key] = value
        return {**merged, **found} if merged else found

    def read_sequence(self, path: Path) -> list[Value]:
        """Read up to the list's end."""
        found: list[Value] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            inside = (*path, len(found))
            self.lines[inside] = get_line(event)
            found.append(self.read_value(event, inside))
        return found


def merge_mappings(value: Value, line: int) -> dict[str, Value]:
    """Return what `<<` brings in: a mapping, or a list of them, of which the first counts most."""
    sources = value if isinstance(value, list) else [value]
    if not all(isinstance(source, dict) for source in sources):
        raise YamlRefused("syntax", line, MERGE_KEY)
    return {key: inner for source in reversed(sources) for key, inner in source.items()}


def resolve_scalar(event: Any) -> str | None:
    """Return a scalar as it is typed; what is plainly nothing is null."""
    text = str(event.value)
    return None if event.implicit[0] and text in {"", "~", "null", "Null", "NULL"} else text


def get_line(event: Any) -> int:
    """Return the line on which *event* begins, from 1."""
    return int(event.start_mark.line) + 1


def iter_events(text: str) -> Iterator[Any]:
    """Yield the parser's events one by one; nothing above them is PyYAML's."""
    parser = yaml.CBaseLoader(text)
    while parser.check_event():
        yield parser.get_event()
