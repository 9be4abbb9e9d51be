"""A lab's text → the same with one thing wrong, for each of its keys, and the line to be blamed."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

TP5 = Path(__file__).parents[2] / "checks" / "tp5.yaml"


class Mutation(NamedTuple):
    """A changed text, and the first and last line that may be blamed."""

    what: str
    text: str
    first: int
    last: int


class Entry(NamedTuple):
    """One key of one mapping, with its value, as spans of the text."""

    path: tuple[str | int, ...]
    parent: yaml.MappingNode
    key: yaml.ScalarNode
    value: yaml.Node


def entries(node: yaml.Node, path: tuple[str | int, ...] = ()) -> Iterator[Entry]:
    """List every key of every mapping below *node*."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield Entry((*path, key.value), node, key, value)
            yield from entries(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from entries(value, (*path, index))


def parsed(text: str) -> list[Entry]:
    """List every key of *text*."""
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    assert node is not None
    return list(entries(node))


def replaced(text: str, start: int, end: int, new: str) -> str:
    """Put *new* in the place of what stands between two offsets."""
    return text[:start] + new + text[end:]


def end_of(text: str, node: yaml.Node) -> int:
    """Tell where *node* ends; for the parser a block goes on to the beginning of what comes next."""
    return len(text[: node.end_mark.index].rstrip())


def line(node: yaml.Node) -> int:
    """Tell on which line *node* begins."""
    return int(node.start_mark.line) + 1


def renamed_keys(text: str) -> Iterator[Mutation]:
    """Misspell each key."""
    for entry in parsed(text):
        start, end = entry.key.start_mark.index, entry.key.end_mark.index
        new = replaced(text, start, end, entry.key.value + "zz")
        yield Mutation(f"rename {entry.path}", new, line(entry.key), line(entry.key))


def dropped_keys(text: str, required: frozenset[str]) -> Iterator[Mutation]:
    """Leave each required key out, with its value; the mapping that lacks it is to blame."""
    for entry in parsed(text):
        if entry.key.value in required and len(entry.parent.value) > 1:
            start, end = entry.key.start_mark.index, end_of(text, entry.value)
            if entry.parent.flow_style:
                end += len(text[end:]) - len(text[end:].lstrip(", "))
            yield Mutation(
                f"drop {entry.path}", replaced(text, start, end, ""), line(entry.parent), line(entry.key) + 1
            )


def wrong_types(text: str) -> Iterator[Mutation]:
    """Put in the place of each value one of a kind that fits nowhere."""
    for entry in parsed(text):
        start, end = entry.value.start_mark.index, end_of(text, entry.value)
        yield Mutation(
            f"type {entry.path}", replaced(text, start, end, "[[]]"), line(entry.value), line(entry.value)
        )


def forgotten_values(text: str) -> Iterator[Mutation]:
    """Write the key alone."""
    for entry in parsed(text):
        start, end = entry.key.end_mark.index, end_of(text, entry.value)
        yield Mutation(
            f"forget {entry.path}", replaced(text, start, end, ": "), line(entry.key), line(entry.key)
        )


def unknown_keys(text: str) -> Iterator[Mutation]:
    """Add a key that nobody knows before each one."""
    for entry in parsed(text):
        start = entry.key.start_mark.index
        gap = ", " if entry.parent.flow_style else "\n" + " " * entry.key.start_mark.column
        new = replaced(text, start, start, f"zzz: 1{gap}")
        yield Mutation(f"add before {entry.path}", new, line(entry.key), line(entry.key))


def unknown_words(text: str, words: frozenset[str]) -> Iterator[Mutation]:
    """Put a word that is no word of the language in the place of each that is one."""
    for entry in parsed(text):
        if isinstance(entry.value, yaml.ScalarNode) and entry.key.value in words:
            start, end = entry.value.start_mark.index, end_of(text, entry.value)
            yield Mutation(
                f"word {entry.path}", replaced(text, start, end, "Z_?"), line(entry.value), line(entry.value)
            )
