"""Make the Markdown of a lab safe to show, with the spaces that French typography wants."""

import re
from collections.abc import Iterator

from dckgrade.render.text.messages import sanitize_prose
from dckgrade.render.text.sanitize import sanitize_block

FENCE_PATTERN = re.compile(r"^ {0,3}(```+|~~~+)")
INDENT_PATTERN = re.compile(r"^ *")


def sanitize_markdown(markdown: str, lang: str) -> str:
    """Make the lines of *markdown* safe; those of a code block stay as they are typed."""
    return "\n".join(sanitize_markdown_lines(sanitize_block(markdown).split("\n"), lang))


def sanitize_markdown_lines(lines: list[str], lang: str) -> Iterator[str]:
    """Yield safe lines; what is between fences is no prose."""
    fence = ""
    for line in lines:
        found = FENCE_PATTERN.match(line)
        if found and not fence:
            fence = found[1]
            yield line
        elif fence:
            fence = "" if found and found[1].startswith(fence) else fence
            yield line
        else:
            indent = INDENT_PATTERN.match(line)
            start = indent.end() if indent else 0
            yield line[:start] + sanitize_prose(line[start:], lang)
