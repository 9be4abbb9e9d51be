"""
Cut an AppArmor policy into words, as `apparmor_parser` does: what a word is depends on its rule.

By the behaviour of version 3.0: the longest match counts, and the first among equals.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from msgspec import Struct

from dckgrade.probes.apparmor.policy.lexer_modes import KEYWORDS, MODES, RULE_MODES, SAME_KEYWORD, Word

Problem = Literal[
    "no-profile", "not-text", "byte-order-mark", "missing-comma", "braces", "undeclared-variable",
    "unknown-word", "include-missing", "conflict", "path-pattern", "syntax",
]  # fmt: skip
IncludeReader = Callable[[str], Sequence[str] | None]
"""
The texts behind an include as it is written, `<name>` or a path; several of a folder. None where nobody
knows; `LookupError` where there is no such file.
"""

UTF8_MARK = "\xef\xbb\xbf"
"""As latin-1 reads it."""
MAX_INCLUDES, MAX_POLICY_CHARS = 500, 4 * 1024 * 1024


class InvalidPolicy(Exception):
    """What is wrong, and at which line: that of the include for a fault in what it brings."""

    def __init__(self, what: Problem, line: int) -> None:
        super().__init__(what, line)
        self.what, self.line = what, line


class Token(NamedTuple):
    """A word: a keyword is its own kind."""

    kind: str
    text: str
    line: int
    """That of the include for a word that it brings."""


class FoundWord(NamedTuple):
    """A word where it stands in a text."""

    text: str
    word: Word


class SourceText:
    """A text and the words that were found in it, which depend on the place and the mode alone."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: dict[tuple[str, int], FoundWord | None] = {}

    def find_word(self, mode: str, at: int) -> FoundWord | None:
        """Return the word at a place; None where nothing that the mode knows begins."""
        if (mode, at) not in self.found:
            self.found[mode, at] = self.match_word(mode, at)
        return self.found[mode, at]

    def match_word(self, mode: str, at: int) -> FoundWord | None:
        """Match the longest word, and the first among equals."""
        longest, found = at, None
        for word in MODES[mode]:
            if (match := word.regex.match(self.text, at)) and match.end() > longest:
                longest = match.end()
                found = FoundWord(match[1] if word.regex.groups else match[0], word)
        return found


@lru_cache(maxsize=128)
def share_included_text(text: str) -> SourceText:
    """Return the same object for the same text: most profiles, and each look at one, include the same."""
    return SourceText(text)


class Source(Struct):
    """A text that is being read."""

    content: SourceText
    at: int = 0
    line: int = 1


class Lexer:
    """Gives one word after another, those of includes among them."""

    def __init__(self, text: str, read_include: IncludeReader) -> None:
        self.sources = [Source(SourceText(text))]
        self.mode, self.outer_modes = "plain", list[str]()
        self.read_include = read_include
        self.unknown_includes: dict[str, int] = {}
        """Those that nobody could read, and their lines."""
        self.included_blocks: list[set[str]] = [set()]
        """For each block the includes that it has; a second time they are passed over."""
        self.read_chars, self.include_count = len(text), 0

    def make_error(self, what: Problem) -> InvalidPolicy:
        """Return *what* is wrong where the lexer is."""
        return InvalidPolicy(what, self.line)

    @property
    def line(self) -> int:
        """Return the line of the file itself that is being read."""
        return self.sources[0].line

    def read_token(self) -> Token:
        """Return the next word; kind `end` at the end."""
        while True:
            source = self.sources[-1]
            if source.at >= len(source.content.text):
                if len(self.sources) == 1:
                    return Token("end", "", self.line)
                self.sources.pop()
                continue
            if token := self.read_word(source):
                return token

    def read_word(self, source: Source) -> Token | None:
        """Read one word; None for one that stands for nothing itself."""
        if not (found := source.content.find_word(self.mode, source.at)):
            is_mark = source.at == 0 and source.content.text.startswith(UTF8_MARK)
            raise self.make_error("byte-order-mark" if is_mark else "syntax")
        text, word = found
        source.at += len(text)
        self.change_mode(word.mode)
        kind = word.kind
        if kind == "newline":
            source.line += 1
        elif kind.startswith("filename"):
            self.push_include(text, optional=kind == "filename-if-exists")
        elif kind == "trailing-comma":
            raise self.make_error("syntax")
        elif kind == "word":
            return self.make_letters_token(text)
        elif kind:
            return Token(kind, text, self.line)
        return None

    def change_mode(self, change: str) -> None:
        """End, replace or begin a mode."""
        if change == "<":
            self.mode = self.outer_modes.pop()
        elif change.startswith("="):
            self.mode = change[1:]
        elif change:
            self.outer_modes.append(self.mode)
            self.mode = change

    def make_letters_token(self, text: str) -> Token:
        """Return a word of letters: a keyword, or a name like any other."""
        if text not in KEYWORDS:
            return Token("id", text, self.line)
        self.change_mode(RULE_MODES.get(text, ""))
        return Token(SAME_KEYWORD.get(text, text), text, self.line)

    def push_include(self, written: str, *, optional: bool) -> None:
        """Read what an include names before the rest."""
        # <"name"> is <name>, and "path" is path.
        name = written.replace('"', "")
        if name in self.included_blocks[-1]:
            return
        try:
            texts = self.read_include(name)
        except LookupError:
            if optional:
                return
            raise self.make_error("include-missing") from None
        if texts is None:
            # Read or not: the one declares variables, which no profile may; the other has a profile's rules.
            if name == ("<tunables/global>" if len(self.included_blocks) > 1 else "<abstractions/base>"):
                raise self.make_error("syntax")
            self.unknown_includes.setdefault(name, self.line)
            return
        self.included_blocks[-1].add(name)
        self.include_count += len(texts)
        self.read_chars += sum(map(len, texts))
        if self.include_count > MAX_INCLUDES or self.read_chars > MAX_POLICY_CHARS:
            raise self.make_error("syntax")
        # The parser opens each file of a folder in turn, and so reads the last of them first.
        self.sources += [Source(share_included_text(text)) for text in texts]
