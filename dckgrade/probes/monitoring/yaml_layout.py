"""Faults that can be seen in the lines of a YAML file: characters, spaces, quotes, brackets, indentation."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from dckgrade.lazy_patterns import compile_lazily

MAX_LINE_CHARS = 500
INVISIBLE = "\u00a0\u00ad\u200b\u200c\u200d\u202f\u2060\u3000\ufeff"
"""Blank in every editor, and no blank to YAML."""
_BULLETS, _COLONS = "–—−•·*+", "\uff1a"  # noqa: RUF001 - as they are pasted
LOOKALIKES = INVISIBLE + _BULLETS + _COLONS

LayoutProblem = Literal[
    "tab",
    "code-fence",
    "reserved-character",
    "lookalike",
    "no-space-after-colon",
    "no-space-after-dash",
    "no-colon",
    "second-colon",
    "open-quote",
    "open-bracket",
    "indentation",
]

_LINE_END = compile_lazily(r"\r\n|[\r\n\x85\u2028\u2029]")
_FENCE = compile_lazily(r"\s*(?:```|~~~)")
_TAB = compile_lazily(r" *(?:- *)*\t")
# Typographic dashes and bullets at the start; colons and blanks anywhere.
_LOOKALIKE = compile_lazily(rf"^\s*[{_BULLETS}]\s|[{INVISIBLE}{_COLONS}]")
_DASH_WITHOUT_SPACE = compile_lazily(r"\s*-(?=[A-Za-z_\"'\[{])")
_COLON_WITHOUT_SPACE = compile_lazily(r"\s*(?:- +)*([a-z_]+):(?=[^ \t])")
_RESERVED_START = compile_lazily(r"(?:^|[\[{,:-])\s*([`@%])")
_KEY = compile_lazily(r"(?:[^\s#\"'\[{:][^#:]*|\"[^\"]*\"|'[^']*'):(?=\s|$)")
_COLON = compile_lazily(r":(?:\s|$)")
_COMMENT = compile_lazily(r"(?:^|\s)#.*")
_STRING = compile_lazily(r""""(?:\\.|[^"\\])*"|(?<!\w)'(?:''|[^'])*'""")
_OPEN_QUOTE = compile_lazily(r"(?:^|[\[{,:-])\s*[\"']")
_EARLY_QUOTE = compile_lazily(r"(?:^|[\[{,:-])\s*(?:\"[^\"]*\"|'[^']*')\w")


class Fault(NamedTuple):
    """One fault: its name, its line, and the key or character that it is about."""

    problem: LayoutProblem
    line: int
    about: str | None = None


def split_lines(text: str) -> Sequence[str]:
    """Return the lines, as YAML breaks them; a very long one is left empty."""
    return [line if len(line) <= MAX_LINE_CHARS else "" for line in _LINE_END.split(text)]


def remove_comment(line: str) -> str:
    """Leave a comment out."""
    return _COMMENT.sub("", line)


def remove_strings(line: str) -> str:
    """Leave a comment and what stands in quotation marks out."""
    return _STRING.sub('""', remove_comment(line))


def find_fault_near(lines: Sequence[str], line: int, keys: frozenset[str]) -> Fault | None:
    """
    Find what disturbs a parser that stops at *line*: there, at the line after, or at one of the two before.

    It notices most faults only at the next key, and go-yaml counts some of them one line short.
    """
    written = [number for number, text in enumerate(lines, 1) if remove_comment(text).strip()]
    near = [
        *[number for number in written if number <= line][-3:],
        *[number for number in written if number > line][:1],
    ]
    for find in (*LINE_FAULTS, *([find_open_bracket] if has_open_bracket(lines) else [])):
        for number in near:
            if fault := find(lines[number - 1], number, keys):
                return fault
    return find_wrong_indentation(lines, near)


def find_fence(line: str, number: int, _keys: frozenset[str]) -> Fault | None:
    """Find the mark with which Markdown begins or ends a block of code."""
    return Fault("code-fence", number) if _FENCE.match(line) else None


def find_missing_space(line: str, number: int, keys: frozenset[str]) -> Fault | None:
    """Find a dash that its element touches, or one of the *keys* whose colon the value touches."""
    if _DASH_WITHOUT_SPACE.match(line):
        return Fault("no-space-after-dash", number, "-")
    found = _COLON_WITHOUT_SPACE.match(line)
    return Fault("no-space-after-colon", number, f"{found[1]}:") if found and found[1] in keys else None


def find_lookalike(line: str, number: int, _keys: frozenset[str]) -> Fault | None:
    """Find a typographic dash, colon or blank."""
    found = _LOOKALIKE.search(remove_strings(line))
    return Fault("lookalike", number, describe_character(found[0].strip(" \t"))) if found else None


def describe_character(character: str) -> str:
    """Return a character as it is, or by its number where nobody sees it."""
    return f"U+{ord(character):04X}" if character in INVISIBLE else character


def find_open_quote(line: str, number: int, _keys: frozenset[str]) -> Fault | None:
    """Find a quotation mark that begins a value and is not closed on its line, or is closed too early."""
    left = _OPEN_QUOTE.search(_STRING.sub("", remove_comment(line)))
    return Fault("open-quote", number) if left or _EARLY_QUOTE.search(line) else None


def find_second_colon(line: str, number: int, _keys: frozenset[str]) -> Fault | None:
    """Find a value that itself looks like a key."""
    content = remove_strings(line).lstrip(" -")
    found = _KEY.match(content)
    value = content[found.end() :].strip() if found else ""
    twice = bool(value) and value[0] not in "[{&!|>" and _COLON.search(value)
    return Fault("second-colon", number) if twice else None


def find_missing_colon(line: str, number: int, _keys: frozenset[str]) -> Fault | None:
    """Find a line that is neither key, element nor comment."""
    content = remove_comment(line).strip()
    is_element = content.startswith("- ")
    content = content.lstrip("- ") if is_element else content
    is_plain = bool(content) and content[0] not in "[]{}\"'-&*!|>%" and content != "..."
    # The element of a list may be a plain word.
    fits = not is_plain or _COLON.search(content) or (is_element and " " not in content)
    return None if fits else Fault("no-colon", number)


LineFinder = Callable[[str, int, frozenset[str]], Fault | None]
LINE_FAULTS: Sequence[LineFinder] = (
    find_fence,
    find_lookalike,
    find_missing_space,
    find_open_quote,
    find_second_colon,
    find_missing_colon,
)
"""The surest first."""


def has_open_bracket(lines: Sequence[str]) -> bool:
    """Return whether a bracket of the file lacks its counterpart; a list in brackets may span lines."""
    rest = "\n".join(map(remove_strings, lines))
    return any(rest.count(left) != rest.count(right) for left, right in ("[]", "{}"))


def find_open_bracket(line: str, number: int, _keys: frozenset[str]) -> Fault | None:
    """Find a bracket without its counterpart on the line."""
    return Fault("open-bracket", number) if has_open_bracket([line]) else None


def find_forbidden_start(line: str, number: int) -> Fault | None:
    """Find what no value or key begins with: a tab, a fence, a reserved character."""
    if _TAB.match(line):
        return Fault("tab", number)
    if _FENCE.match(line):
        return Fault("code-fence", number)
    found = _RESERVED_START.search(remove_strings(line))
    return Fault("reserved-character", number, found[1]) if found else None


def find_wrong_indentation(lines: Sequence[str], near: Sequence[int]) -> Fault | None:
    """Find the first entry whose column fits nothing above it; None unless its line is among *near*."""
    open_collections: list[tuple[int, str]] = []
    takes_child, is_first = True, True
    for number, column, kind, is_complete in iter_entries(lines):
        while open_collections and open_collections[-1][0] > column:
            open_collections.pop()
            takes_child = False
        # A list may stand at the column of its key; the next key there ends it.
        if kind == "key" and open_collections[-2:] == [(column, "key"), (column, "element")]:
            open_collections.pop()
        top = open_collections[-1] if open_collections else None
        if top != (column, kind):
            is_deeper = top is None or top[0] < column or (top[1], kind) == ("key", "element")
            if not (takes_child and is_deeper) or (top is None and not is_first):
                return Fault("indentation", number) if number in near else None
            open_collections.append((column, kind))
        takes_child, is_first = not is_complete, False
    return None


def iter_entries(lines: Sequence[str]) -> Iterator[tuple[int, int, str, bool]]:
    """Yield line, column and kind (key or element) of each entry, and whether its value follows at once."""
    for number, line in enumerate(lines, 1):
        content = remove_comment(line).rstrip()
        column = len(content) - len(content.lstrip(" "))
        while content[column : column + 2] in {"- ", "-"}:
            yield number, column, "element", False
            rest = content[column + 1 :]
            column += 1 + len(rest) - len(rest.lstrip(" "))
        if found := _KEY.match(content[column:]):
            value = content[column + found.end() :].strip()
            yield number, column, "key", bool(value) and value[0] not in "&!|>"
