"""What is wrong with a lab, and at which line and column: data until somebody reads it, in their language."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from dckgrade.i18n import N_, Translate, get_translator

Place = tuple[int, int]
"""Line and column, both from 1."""

MOST = 100
"""Nobody reads more; a file that is not a lab at all would give one for every word in it."""
LONGEST_VALUE = 800
LONGEST_WORD = 80


class Problem:
    """
    One thing wrong with a lab: a message id with its values, at its place in the file.

    A value that is a tuple holds message ids of our own, any of which is meant, to be translated too.
    """

    def __init__(self, place: Place, what: str, **values: object) -> None:
        self.place, self.what, self.values = place, what, values

    def sentence(self, lang: str) -> str:
        """Say it in *lang*."""
        translate = get_translator(lang)
        said = {name: readable(value, translate) for name, value in self.values.items()}
        text = translate(self.what).format(**said)
        if self.values.get("near"):
            text += translate(N_("; did you mean `{near}`?")).format(**said)
        return text

    def __repr__(self) -> str:
        return f"{self.place[0]}:{self.place[1]}: {self.sentence('en')}"


class FileInvalid(Exception):
    """A file that cannot be used: what stood in it, and what is wrong, in the order of the file."""

    def __init__(self, path: Path, problems: Sequence[Problem], raw: bytes) -> None:
        super().__init__(path, problems)
        self.path, self.raw = path, raw
        self.problems = sorted(problems, key=lambda problem: problem.place)[:MOST]

    def lines(self, lang: str) -> list[str]:
        """Say each problem as `file:line:column: message`."""
        return [self.line(one, lang) for one in self.problems]

    def line(self, problem: Problem, lang: str) -> str:
        """Say one of them, its place first: so do compilers, and editors jump there."""
        return f"{self.path}:{problem.place[0]}:{problem.place[1]}: {problem.sentence(lang)}"

    def __str__(self) -> str:
        return "\n".join(self.lines("en"))


def readable(value: object, translate: Translate) -> str:
    """Put a value into a sentence, cut to a readable length."""
    if isinstance(value, tuple):
        return " / ".join(translate(one) for one in value)
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Guess which of the *known* words was meant."""
    if len(word) > LONGEST_WORD:  # comparing is quadratic, and nobody misspells a page
        return None
    return next(iter(get_close_matches(word, list(known), n=1, cutoff=0.6)), None)
