"""Show the line of a lab's file that a problem is about, with carets below, safe to show."""

from collections.abc import Iterator

from rich.cells import cell_len

from dckgrade.lab.problem import FileInvalid, Place
from dckgrade.lab.strict_yaml import LINE_END_PATTERN
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.render.text.sanitize import respell_for_encoding, sanitize_line

MAX_CHARS_BEFORE, MAX_EXCERPT_CHARS = 60, 100
"""Characters of a long line that are shown: before the place, and in all."""
WORD_PATTERN = compile_lazily(r"[\w.@/-]+")


def format_problems(invalid: FileInvalid, lang: str, encoding: str) -> list[str]:
    """Format each problem as `file:line:column: message`, which editors parse, with its line below."""
    lines = LINE_END_PATTERN.split(invalid.raw.decode("utf-8", "replace").removeprefix("\ufeff"))
    return [
        line
        for problem in invalid.problems
        for line in (
            sanitize_line(invalid.format_problem(problem, lang)),
            *format_excerpt(lines, problem.place, encoding),
        )
    ]


def format_excerpt(lines: list[str], place: Place, encoding: str) -> Iterator[str]:
    """Yield the line at *place* and the carets below it; nothing for an empty line."""
    number, column = place
    line = lines[number - 1] if number <= len(lines) else ""
    if not line.strip():
        return
    at = column - 1
    start = at - MAX_CHARS_BEFORE if at > MAX_CHARS_BEFORE else 0
    before, after = line[start:at], line[at : start + MAX_EXCERPT_CHARS]
    word = WORD_PATTERN.match(after)
    more = ("…" if start else "", "…" if start + MAX_EXCERPT_CHARS < len(line) else "")
    parts = [
        respell_for_encoding(sanitize_line(part), encoding)
        for part in (more[0] + before, word[0] if word else after[:1])
    ]
    rest = respell_for_encoding(sanitize_line(after[len(word[0]) if word else 1 :] + more[1]), encoding)
    margin = f"{number} | "
    yield margin + "".join(parts) + rest
    yield f"{'| ':>{len(margin)}}{' ' * cell_len(parts[0])}{'^' * max(1, cell_len(parts[1]))}"
