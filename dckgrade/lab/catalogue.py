"""Labs → every mistake that they know by name: its code, its words, and the checks that can meet it."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from dckgrade.lab.model import Check, Diagnosis, Lab


class KnownMistake(Struct, frozen=True):
    """One mistake in full, its lab, and the checks of it that can name the mistake."""

    lab: Lab
    diagnosis: Diagnosis
    checks: list[Check]


def collect_mistakes(labs: Iterable[Lab]) -> dict[str, KnownMistake]:
    """List the mistakes by code, in the order of the labs and of the codes."""
    return {
        one.diagnosis.code: one for lab in labs for one in sorted(iter_mistakes(lab), key=get_mistake_code)
    }


def iter_mistakes(lab: Lab) -> Iterator[KnownMistake]:
    """List the mistakes of one lab."""
    for one in lab.list_diagnoses():
        if one.message:
            yield KnownMistake(lab, one, [check for check in lab.checks if can_name_mistake(check, one.code)])


def can_name_mistake(check: Check, code: str) -> bool:
    """Say whether *check* can name this mistake."""
    return any(one.code == code for one in (*check.diagnoses, *check.remarks))


def get_mistake_code(one: KnownMistake) -> str:
    """Order by code."""
    return one.diagnosis.code
