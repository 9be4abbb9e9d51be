"""Any text → the same text, inert in one notation: XML, GitHub's commands, Markdown, TAP, spreadsheets."""

import re
from xml.etree import ElementTree as ET

from dckgrade.render.text.sanitize import block, line

# What XML 1.0 cannot hold at all, not even escaped (W3C, XML 1.0, production 2).
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# GitHub's workflow commands: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
ESCAPES = {"%": "%25", "\r": "%0D", "\n": "%0A"}
IN_PROPERTIES = {**ESCAPES, ":": "%3A", ",": "%2C"}
ACTED_UPON = re.compile(r"([\\`*_{}\[\]<>|#!&~:@.])")
# At the start of a line these make lists and headings.
STARTS = re.compile(r"^(\d*)([-+=)])")


def xml(text: str) -> str:
    """Leave out what XML cannot hold; what it gives a meaning to, ElementTree escapes."""
    return NOT_XML.sub("?", text)


def xml_document(root: ET.Element) -> bytes:
    """Write a whole document."""
    text: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def annotation(kind: str, text: str, **properties: object) -> str:
    """Write one of GitHub's annotations; *kind* is `error`, `warning` or `notice`."""
    told = ",".join(f"{name}={escaped(str(value), IN_PROPERTIES)}" for name, value in properties.items())
    return f"::{kind}{' ' if told else ''}{told}::{escaped(block(text), ESCAPES)}\n"


def escaped(text: str, escapes: dict[str, str]) -> str:
    """Escape as GitHub's runner unescapes."""
    return "".join(escapes.get(character, character) for character in text)


def markdown(text: str) -> str:
    """Take from *text* all that Markdown or HTML would act upon."""
    return STARTS.sub(r"\1\\\2", ACTED_UPON.sub(r"\\\1", line(text).strip()))


def markdown_prose(text: str) -> str:
    """Do so to words in which `code` is set between backticks, which stays code."""
    parts = line(text).strip().split("`")
    if len(parts) % 2 == 0 or not all(part.strip() for part in parts[1::2]):
        return markdown(text)
    parts[::2] = [ACTED_UPON.sub(r"\\\1", part) for part in parts[::2]]
    return STARTS.sub(r"\1\\\2", "`".join(parts))


def tap(text: str) -> str:
    """Escape what would begin a directive of TAP 14."""
    return line(text).replace("\\", "\\\\").replace("#", "\\#")


def cell(text: str) -> str:
    """Put a quote before what a spreadsheet would compute (OWASP, CSV injection)."""
    safe = line(text)
    return f"'{safe}" if safe.startswith(("=", "+", "-", "@")) else safe
