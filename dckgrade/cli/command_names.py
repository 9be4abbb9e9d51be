"""Recognize the command or lab that is meant, however it is written: `TP5`, `tp 5`, `help`, `aide`."""

from collections.abc import Callable, Iterable, Sequence

from dckgrade.lab.discovery import fold_lab_name

HELP_WORDS = ("help", "aide")
HELP_OPTION = "--help"


def recognize_words(
    words: Sequence[str], is_known: Callable[[str], bool], list_known: Callable[[], Iterable[str]]
) -> list[str]:
    """
    Return *words* with the command or lab first as it is called; unchanged where none is recognized.

    `help tp5` is `tp5 --help`, and `help` alone is `--help`.
    """
    first, *rest = drop_repeated_help(words)
    if first.startswith("-") or is_known(first):
        return [first, *rest]
    if first.casefold() in HELP_WORDS:
        named = recognize_words(rest, is_known, list_known) if rest else []
        return [named[0], HELP_OPTION] if named and not named[0].startswith("-") else [HELP_OPTION]
    by_folded = {fold_lab_name(name): name for name in list_known()}
    if found := by_folded.get(fold_lab_name(first)):
        return [found, *rest]
    if rest and (found := by_folded.get(fold_lab_name(first + rest[0]))):
        return [found, *rest[1:]]
    return [first, *rest]


def drop_repeated_help(words: Sequence[str]) -> Sequence[str]:
    """Return *words* with one word for help where they begin with several."""
    at = 0
    while at + 1 < len(words) and {words[at].casefold(), words[at + 1].casefold()} <= set(HELP_WORDS):
        at += 1
    return words[at:]
