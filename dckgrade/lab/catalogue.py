"""Labs → every mistake that they know by name: its code, its words, and the checks that can meet it."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from dckgrade.lab.model import Check, Diagnosis, Lab


class Known(Struct, frozen=True):
    """One mistake in full, its lab, and the checks of it that can name the mistake."""

    lab: Lab
    diagnosis: Diagnosis
    checks: list[Check]


def catalogue(labs: Iterable[Lab]) -> dict[str, Known]:
    """List the mistakes by code, in the order of the labs and of the codes."""
    return {one.diagnosis.code: one for lab in labs for one in sorted(known(lab), key=by_code)}


def known(lab: Lab) -> Iterator[Known]:
    """List the mistakes of one lab."""
    for one in lab.diagnoses():
        if one.message:
            yield Known(lab, one, [check for check in lab.checks if meets(check, one.code)])


def meets(check: Check, code: str) -> bool:
    """Say whether *check* can name this mistake."""
    return any(one.code == code for one in (*check.diagnoses, *check.remarks))


def by_code(one: Known) -> str:
    """Order by code."""
    return one.diagnosis.code
