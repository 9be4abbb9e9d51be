"""Parse YAML strictly: plain data and the line:column of every value, no reading that could mis-grade."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from dckgrade.i18n import N_
from dckgrade.lab.problem import Place, Problem
from dckgrade.lab.source import MAX_YAML_BYTES
from dckgrade.lazy_patterns import compile_lazily

# PyYAML's own loader reads 22:22 as 1342 and `no` as False, drops the first of two equal keys and lets 820
# bytes of merges fill 413 MB (measured). Its C parser's events are sound: everything above them is ours.

MAX_DEPTH = 20
MAX_NODES = 20_000
MAX_NUMBER_CHARS = 18

ValuePath = tuple[str | int, ...]

CORE_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# Narrower than the core schema on purpose: 010 is eight, ten or a code, so it stays what was typed.
INTEGER_PATTERN = compile_lazily(r"[-+]?(0|[1-9][0-9]*)")
FLOAT_PATTERN = compile_lazily(
    rf"({INTEGER_PATTERN.pattern}|[-+]?(?=\.))(\.[0-9]+([eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)"
)
# What YAML forbids, and three characters that end a line for YAML and for no editor: places would be wrong.
# In parts, since one set that reaches beyond U+FFFF takes ten times as long to compile, at every start.
FORBIDDEN_CHARS = compile_lazily(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|[\u2028\u2029]|[\ud800-\udfff]|\ufeff|[\ufffe\uffff]"
)
LINE_END_PATTERN = compile_lazily(r"\r\n|\r|\n")


@dataclass(frozen=True)
class YamlDocument:
    """Plain data, where each value stands, where each key, and where a value is null or missing."""

    data: Any
    places: dict[ValuePath, Place]
    key_places: dict[ValuePath, Place]
    null_places: list[Place]

    def find_place(self, path: ValuePath, *, of_key: bool = False) -> Place:
        """Return the place of *path*; if it is missing, that of the nearest thing around it."""
        if of_key and path in self.key_places:
            return self.key_places[path]
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))


class NotStrict(Exception):
    """The text is not the YAML that a lab may be; *document* is what could be read all the same."""

    def __init__(self, problems: list[Problem], document: YamlDocument | None = None) -> None:
        super().__init__(problems)
        self.problems, self.document = problems, document


def parse_strict_yaml(raw: bytes) -> YamlDocument:
    """Read *raw*; `NotStrict` when it is not UTF-8, not YAML, too large, or uses what a lab may not."""
    reader = YamlReader(decode_yaml(raw))
    try:
        document = reader.read_document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = Problem(place, N_("not YAML: {problem}"), problem=error.problem)
        raise NotStrict([*reader.problems, problem]) from None
    except yaml.YAMLError as error:
        raise NotStrict(
            [*reader.problems, Problem((1, 1), N_("not YAML: {problem}"), problem=error)]
        ) from None
    if reader.problems:
        raise NotStrict(reader.problems, document)
    return document


def decode_yaml(raw: bytes) -> str:
    """Decode *raw*, and refuse every character that YAML, an editor or a terminal could take for another."""
    if len(raw) > MAX_YAML_BYTES:
        raise NotStrict([Problem((1, 1), N_("larger than {most} bytes"), most=MAX_YAML_BYTES)])
    try:
        # A byte order mark is how some editors begin UTF-8; it takes no column.
        text = raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        place = find_end_place(raw[: error.start].decode("utf-8"))
        raise NotStrict([Problem(place, N_("this is not UTF-8; save the file as UTF-8"))]) from None
    if found := FORBIDDEN_CHARS.search(text):
        code = f"U+{ord(found[0]):04X}"
        place = find_end_place(text[: found.start()])
        raise NotStrict([Problem(place, N_("a character that a lab may not hold: {code}"), code=code)])
    return text


def find_end_place(before: str) -> Place:
    """Return the line and column after the text *before*."""
    lines = LINE_END_PATTERN.split(before)
    return len(lines), len(lines[-1]) + 1


class YamlReader:
    """Walks the parser's events once, refusing as it goes; never builds what it refuses."""

    def __init__(self, text: str) -> None:
        self.events = iter_yaml_events(text)
        self.problems: list[Problem] = []
        self.places: dict[ValuePath, Place] = {}
        self.key_places: dict[ValuePath, Place] = {}
        self.null_places: list[Place] = []
        self.nodes = 0

    def read_document(self) -> YamlDocument:
        """Read the one document of the text."""
        next(self.events)  # the stream's start
        start = next(self.events)
        if isinstance(start, yaml.StreamEndEvent):
            raise NotStrict([Problem((1, 1), N_("the file is empty"))])
        if start.version or start.tags:
            self.refuse(start, N_("a directive (%); labs have none"))
        data = self.read_value(next(self.events), ())
        next(self.events)  # the document's end
        more = next(self.events)
        if not isinstance(more, yaml.StreamEndEvent):
            raise NotStrict(
                [
                    *self.problems,
                    Problem(get_event_place(more), N_("a second document; a lab is one document")),
                ]
            )
        return YamlDocument(data, self.places, self.key_places, self.null_places)

    def refuse(self, event: Any, what: str, **values: object) -> None:
        """Note *what* is wrong where *event* begins, and read on."""
        self.problems.append(Problem(get_event_place(event), what, **values))

    def enforce_limits(self, event: Any, path: ValuePath) -> None:
        """Stop where a file that is no lab would cost too much."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise NotStrict(
                [
                    *self.problems,
                    Problem(get_event_place(event), N_("more than {most} values"), most=MAX_NODES),
                ]
            )
        if len(path) > MAX_DEPTH:
            raise NotStrict(
                [
                    *self.problems,
                    Problem(get_event_place(event), N_("nested deeper than {most}"), most=MAX_DEPTH),
                ]
            )

    def read_value(self, event: Any, path: ValuePath) -> Any:
        """Read the value that *event* begins."""
        self.enforce_limits(event, path)
        self.places[path] = get_event_place(event)
        if isinstance(event, yaml.AliasEvent):
            self.refuse(event, N_("an alias (*{name}); write the value out"), name=event.anchor)
            return None
        self.refuse_decoration(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self.read_mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.read_sequence(path)
        return self.read_scalar(event)

    def refuse_decoration(self, event: Any) -> None:
        """Refuse anchors and tags."""
        if event.anchor:
            self.refuse(event, N_("an anchor (&{name}); labs have none"), name=event.anchor)
        if event.tag:
            self.refuse(event, N_("a tag ({name}); labs have none"), name=event.tag)

    def read_mapping(self, path: ValuePath) -> dict[str, Any]:
        """Read up to the mapping's end; each key once, and a string."""
        found: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.read_key(event, path)
            inside = (*path, key)
            if key in found:
                self.refuse(event, N_("`{key}` is written twice in this mapping"), key=key)
            else:
                self.key_places[inside] = get_event_place(event)
            found[key] = self.read_value(next(self.events), inside)
        return found

    def read_key(self, event: Any, path: ValuePath) -> str:
        """Read a mapping's key; anything but a plain word is a problem."""
        if not isinstance(event, yaml.ScalarEvent):
            self.refuse(event, N_("a key must be a word"))
            self.read_value(event, (*path, "?"))
            return "?"
        self.refuse_decoration(event)
        if event.value == "<<" and event.implicit[0]:
            self.refuse(event, N_("a merge key (<<); labs have none"))
        return str(event.value)

    def read_sequence(self, path: ValuePath) -> list[Any]:
        """Read up to the list's end."""
        found: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.append(self.read_value(event, (*path, len(found))))
        return found

    def read_scalar(self, event: Any) -> str | int | float | bool | None:
        """Resolve a scalar: what is not plainly a number, truth or null is text."""
        text = str(event.value)
        if not event.implicit[0]:  # quoted, or a block: always text
            return text
        if text in CORE_CONSTANTS:
            if CORE_CONSTANTS[text] is None:
                self.null_places.append(get_event_place(event))
            return CORE_CONSTANTS[text]
        whole = INTEGER_PATTERN.fullmatch(text)
        if not whole and not FLOAT_PATTERN.fullmatch(text):
            return text
        if len(text) > MAX_NUMBER_CHARS or math.isinf(float(text)):
            self.refuse(event, N_("too large a number; quote it if it is text"))
            return 0
        return int(text) if whole else float(text)


def is_text_unquoted(text: str) -> bool:
    """Return whether *text* is read as text where it stands without quotes."""
    return not (text in CORE_CONSTANTS or INTEGER_PATTERN.fullmatch(text) or FLOAT_PATTERN.fullmatch(text))


def get_event_place(event: Any) -> Place:
    """Return where *event* begins."""
    return event.start_mark.line + 1, event.start_mark.column + 1


def iter_yaml_events(text: str) -> Iterator[Any]:
    """Yield the parser's events one by one."""
    parser = yaml.CBaseLoader(text)
    while parser.check_event():
        yield parser.get_event()
