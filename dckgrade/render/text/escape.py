"""Escape text so that XML, GitHub's commands, Markdown, TAP and spreadsheets act on none of it."""

from xml.etree import ElementTree as ET

from dckgrade.lazy_patterns import compile_lazily
from dckgrade.render.text.sanitize import sanitize_block, sanitize_line, sanitize_whole_line

# GitHub's workflow commands: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
GITHUB_ESCAPES = {"%": "%25", "\r": "%0D", "\n": "%0A"}
GITHUB_PROPERTY_ESCAPES = {**GITHUB_ESCAPES, ":": "%3A", ",": "%2C"}
# A reader that splits on another sign than ours sees more cells, and begins each as a formula if it can
# (OWASP, CSV injection; the wide signs are Japanese keyboards').
CSV_FORMULA = compile_lazily(r"(^|[;,\t|])(?=[\s\"]*[=+\-@\uff1d\uff0b\uff0d\uff20])")
MARKDOWN_SPECIAL = compile_lazily(r"([\\`*_{}\[\]<>|#!&~:@.])")
# At the start of a line these make lists and headings.
MARKDOWN_LINE_START = compile_lazily(r"^(\d*)([-+=)])")


def serialize_xml(root: ET.Element) -> bytes:
    """Serialize a whole document, in UTF-8; sanitized text holds nothing that XML 1.0 cannot."""
    text: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def format_annotation(kind: str, text: str, **properties: object) -> str:
    """Format one GitHub annotation; *kind* is `error`, `warning` or `notice`."""
    fields = ",".join(
        f"{name}={escape_github(sanitize_whole_line(str(value)), GITHUB_PROPERTY_ESCAPES)}"
        for name, value in properties.items()
    )
    return f"::{kind}{' ' if fields else ''}{fields}::{escape_github(sanitize_block(text), GITHUB_ESCAPES)}\n"


def escape_github(text: str, escapes: dict[str, str]) -> str:
    """Escape as GitHub's runner unescapes."""
    return "".join(escapes.get(character, character) for character in text)


def escape_markdown(text: str) -> str:
    """Sanitize *text* and escape what Markdown or HTML would act upon."""
    return MARKDOWN_LINE_START.sub(r"\1\\\2", MARKDOWN_SPECIAL.sub(r"\\\1", sanitize_line(text).strip()))


def escape_markdown_prose(text: str) -> str:
    """Escape Markdown, but keep `code` between backticks."""
    parts = sanitize_line(text).strip().split("`")
    if len(parts) % 2 == 0 or not all(part.strip() for part in parts[1::2]):
        return escape_markdown(text)
    parts[::2] = [MARKDOWN_SPECIAL.sub(r"\\\1", part) for part in parts[::2]]
    return MARKDOWN_LINE_START.sub(r"\1\\\2", "`".join(parts))


def escape_tap(text: str) -> str:
    """Sanitize *text* and escape what would begin a directive of TAP 14."""
    return sanitize_line(text).replace("\\", "\\\\").replace("#", "\\#")


def escape_csv_cell(text: str) -> str:
    """Sanitize *text* and put a quote before what a reader may take for a formula, wherever it splits."""
    return CSV_FORMULA.sub(r"\1'", sanitize_line(text))
