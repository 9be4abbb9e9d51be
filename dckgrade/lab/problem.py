"""What is wrong with a lab, and at which line and column: data until somebody reads it, in their language."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from dckgrade.i18n import N_, Translate, get_translator

Place = tuple[int, int]
"""Line and column, both from 1."""

MAX_PROBLEMS = 100
"""Nobody reads more; a file that is not a lab at all would give one for every word in it."""
MAX_PROBLEM_VALUE_CHARS = 800
MAX_WORD_CHARS = 80


class Problem:
    """
    One thing wrong with a lab: a message id with its values, at its place in the file.

    A value that is a tuple holds message ids of our own, any of which is meant, to be translated too.
    """

    def __init__(self, place: Place, what: str, **values: object) -> None:
        self.place, self.message_id, self.values = place, what, values

    def translate_sentence(self, lang: str) -> str:
        """Return the sentence in *lang*."""
        translate = get_translator(lang)
        values = {name: format_problem_value(value, translate) for name, value in self.values.items()}
        text = translate(self.message_id).format(**values)
        if self.values.get("near"):
            text += translate(N_("; did you mean `{near}`?")).format(**values)
        return text

    def __repr__(self) -> str:
        return f"{self.place[0]}:{self.place[1]}: {self.translate_sentence('en')}"


class FileInvalid(Exception):
    """A file that cannot be used: what stood in it, and what is wrong, in the order of the file."""

    def __init__(self, path: Path, problems: Sequence[Problem], raw: bytes) -> None:
        super().__init__(path, problems)
        self.path, self.raw = path, raw
        self.problems = sorted(problems, key=lambda problem: problem.place)[:MAX_PROBLEMS]

    def format_problems(self, lang: str) -> list[str]:
        """Format each problem as `file:line:column: message`."""
        return [self.format_problem(problem, lang) for problem in self.problems]

    def format_problem(self, problem: Problem, lang: str) -> str:
        """Format one problem, its place first, as compilers do: editors jump there."""
        return f"{self.path}:{problem.place[0]}:{problem.place[1]}: {problem.translate_sentence(lang)}"

    def __str__(self) -> str:
        return "\n".join(self.format_problems("en"))


def format_problem_value(value: object, translate: Translate) -> str:
    """Put a value into a sentence, cut to a readable length."""
    if isinstance(value, tuple):
        return " / ".join(translate(part) for part in value)
    text = str(value)
    return text if len(text) <= MAX_PROBLEM_VALUE_CHARS else f"{text[:MAX_PROBLEM_VALUE_CHARS]}…"


def guess_nearest_word(word: str, known: Iterable[str]) -> str | None:
    """Guess which of the *known* words was meant."""
    if len(word) > MAX_WORD_CHARS:  # comparing is quadratic, and nobody misspells a page
        return None
    return next(iter(get_close_matches(word, list(known), n=1, cutoff=0.6)), None)
