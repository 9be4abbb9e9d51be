"""Collect the mistakes that labs know by name, with the checks that can meet them."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from dckgrade.lab.model import PLACEHOLDER_PATTERN, Check, Diagnosis, Lab
from dckgrade.report.text import Text


class KnownMistake(Struct, frozen=True):
    """One mistake in full, its lab, and the checks of it that can name the mistake."""

    lab: Lab
    diagnosis: Diagnosis
    checks: list[Check]


def collect_mistakes(labs: Iterable[Lab]) -> dict[str, KnownMistake]:
    """List the mistakes by code, in the order of the labs and of the codes."""
    return {
        mistake.diagnosis.code: mistake
        for lab in labs
        for mistake in sorted(iter_mistakes(lab), key=get_mistake_code)
    }


def iter_mistakes(lab: Lab) -> Iterator[KnownMistake]:
    """List the mistakes of one lab."""
    for diagnosis in lab.list_diagnoses():
        if diagnosis.message:
            yield KnownMistake(
                lab, diagnosis, [check for check in lab.checks if can_name_mistake(check, diagnosis.code)]
            )


def can_name_mistake(check: Check, code: str) -> bool:
    """Return whether *check* can name this mistake."""
    return any(diagnosis.code == code for diagnosis in (*check.diagnoses, *check.remarks))


def get_mistake_code(mistake: KnownMistake) -> str:
    """Order by code."""
    return mistake.diagnosis.code


def translate_with_blanks(words: Text | None, lang: str) -> str:
    """Translate a lab's text; placeholders that a report would fill in become `…`."""
    return PLACEHOLDER_PATTERN.sub("…", words.in_language(lang)) if words else ""
