"""Find which trainee of the roster a submission belongs to."""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath

from msgspec import Struct

from dckgrade.i18n import N_, UserError
from dckgrade.lazy_patterns import compile_lazily

MAX_ROSTER_BYTES = 4 * 1024 * 1024
# "Ada Lovelace_12_assignsubmission_file_/tp5.json", or with the file's own name at the end and no folder.
MOODLE_FOLDER_PATTERN = compile_lazily(r"^(?P<name>[^/]+?)_\d+_assignsubmission_(?:file|onlinetext)_")

ROSTER_COLUMN_TITLES: Mapping[str, Sequence[str]] = {
    "first": ("first name", "firstname", "prénom", "prenom"),
    "last": ("last name", "lastname", "surname", "nom de famille", "nom"),
    "name": ("name", "full name", "fullname", "trainee", "nom complet", "participant"),
    "email": (
        "email",
        "e-mail",
        "email address",
        "mail",
        "adresse de courriel",
        "adresse e-mail",
        "courriel",
    ),
    "username": ("username", "user name", "login", "identifiant", "nom d'utilisateur"),
    "id_number": ("idnumber", "id number", "student id", "numéro d'identification", "numéro d'étudiant"),
}
"""What Moodle and spreadsheets call these columns, in lower case."""


class Person(Struct, frozen=True, kw_only=True):
    """One trainee, as the roster has them."""

    name: str
    surname: str = ""
    """Where the roster has a column for it; part of the name."""
    email: str = ""
    username: str = ""
    id_number: str = ""


class Roster:
    """The trainees who are expected; without any, everybody is welcome under the name they give."""

    def __init__(self, people: Sequence[Person] = ()) -> None:
        self.people = list(people)
        self._known: dict[str, Person | None] = {}
        for person in people:
            for alias in dict.fromkeys(
                map(fold_name, (*list_word_orders(person.name), *list_aliases(person)))
            ):
                # Two people of one name are told apart by their other columns, or not at all.
                self._known[alias] = None if alias in self._known else person

    def find(self, name: str) -> Person | None:
        """Find who goes by *name*, an e-mail address, a username or an id number; None when nobody does."""
        return self._known.get(fold_name(name))


def list_aliases(person: Person) -> list[str]:
    """Return what a trainee may be called besides the name."""
    local = person.email.partition("@")[0]
    return [trace for trace in (person.email, person.username, person.id_number, local) if trace]


def list_word_orders(name: str) -> list[str]:
    """Return a name as it is, and with its first or last word at the other end: Moodle is set to either."""
    first, _, rest = name.partition(" ")
    *most, last = name.split() or [name]
    return [name, f"{rest} {first}", " ".join([last, *most])]


def make_sort_name(person: Person) -> str:
    """Return what a class is sorted by: the surname, where it is known, before the name."""
    return fold_name(f"{person.surname} {person.name}")


@lru_cache(maxsize=16)  # a report's names are asked for one after the other; each may be long
def fold_name(name: str) -> str:
    """Leave out of a name what people write in different ways: case, accents, dots, spaces."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return " ".join(re.sub(r"[\u0300-\u036f]", "", re.sub(r"[\s._-]+", " ", plain)).split())


def read_roster(path: Path) -> Roster:
    """Read a roster: CSV with a header, `,` or `;`, UTF-8 or what Excel writes in France."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(N_("{path} cannot be read: {why}"), path=path, why=error.strerror) from None
    if len(raw) > MAX_ROSTER_BYTES:
        raise UserError(N_("{path} is larger than any roster."), path=path)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    header = text.partition("\n")[0]
    mark = max((";", ",", "\t"), key=header.count)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=mark))
    except csv.Error as error:
        raise UserError(N_("{path} cannot be read: {why}"), path=path, why=error) from None
    titles = [title.strip().casefold() for title in rows[0]] if rows else []
    at = {
        kind: titles.index(title)
        for kind, names in ROSTER_COLUMN_TITLES.items()
        for title in reversed(names)
        if title in titles
    }
    if not {"name", "last", "email", "username"} & at.keys():
        raise UserError(
            N_("{path} has no column that names a trainee."),
            N_("Its first line names the columns: name, email, username, id number."),
            path=path,
        )
    return Roster([parse_person(row, at) for row in rows[1:] if any(cell.strip() for cell in row)])


def parse_person(row: Sequence[str], at: Mapping[str, int]) -> Person:
    """Read one row."""
    found = {kind: row[column].strip() if column < len(row) else "" for kind, column in at.items()}
    both = f"{found.get('first', '')} {found.get('last', '')}".strip()
    email, username = found.get("email", ""), found.get("username", "")
    name, surname = found.get("name") or both or username or email, found.get("last", "")
    return Person(
        name=name, surname=surname if surname in name else "",
        email=email, username=username, id_number=found.get("id_number", ""),
    )  # fmt: skip


def identify_trainee(within: str, claimed: str | None) -> tuple[str, bool]:
    """
    Return whose a submission is, and whether somebody else than its author says so.

    Moodle knows who was logged in; else the report's own word counts, else the folder that it lies in.
    """
    if moodle := MOODLE_FOLDER_PATTERN.match(within):
        return moodle["name"], True
    path = PurePosixPath(within.replace("\\", "/"))
    folder = path.parts[-2] if len(path.parts) > 1 else ""
    return (claimed or folder or path.stem), False
