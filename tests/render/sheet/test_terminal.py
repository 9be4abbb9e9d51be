"""A sheet as text: Markdown where nothing is drawn, drawn on a terminal."""

import io

import pytest
from rich.console import Console

from dckgrade.render.sheet.terminal import MarkdownBlock
from dckgrade.render.text.layout import Page, join_line

WRITTEN = """## Un titre

Un paragraphe sur
deux lignes.

1. Le premier point,
   qui continue.
2. Le second `docker run une-commande`.

```sh
docker run --name une-commande-qui-est-longue image
```

| une | table |
|---|---|
"""


def lay_out(markdown: str, width: int = 30, encoding: str = "utf-8") -> list[str]:
    return [join_line(line) for line in MarkdownBlock(markdown, "fr").iter_lines(Page(width, encoding))]


def test_paragraphs_are_broken_anew_and_code_and_tables_are_not() -> None:
    assert lay_out(WRITTEN) == [
        "## Un titre",
        "",
        "Un paragraphe sur deux lignes.",
        "",
        "1. Le premier point, qui",
        "   continue.",
        "2. Le second `docker run",
        "   une-commande`.",
        "",
        "```sh",
        "docker run --name une-commande-qui-est-longue image",
        "```",
        "",
        "| une | table |",
        "|---|---|",
    ]


@pytest.mark.parametrize("markdown", ["", "\n", "```", "> cité", "- ", "#"])
def test_odd_markdown_is_written_all_the_same(markdown: str) -> None:
    assert "".join(lay_out(markdown)).split() == markdown.split()


def test_a_terminal_shows_no_signs_of_markdown() -> None:
    console = Console(file=io.StringIO(), width=40, force_terminal=True, color_system=None)
    console.print(MarkdownBlock(WRITTEN, "fr"))
    assert isinstance(console.file, io.StringIO)
    drawn = console.file.getvalue()
    assert "##" not in drawn
    assert "```" not in drawn
    assert all(line == line.rstrip() for line in drawn.splitlines())
