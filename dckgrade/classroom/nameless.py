"""Tell reports apart that say no name: by the folder that they lie in, or by their files' names."""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from msgspec import Struct

ATTEMPT_WORDS = frozenset(
    (
        *("attempt", "bis", "copie", "copy", "dernier", "derniere", "essai", "final", "finale", "first"),
        *("last", "new", "nouveau", "old", "premier", "premiere", "rapport", "rendu", "rendus", "report"),
        *("result", "resultat", "resultats", "ter", "test", "try", "v", "version", "all", "tous"),
    )
)
"""What files of one trainee are called to tell attempts apart; it names nobody."""
_SEPARATOR_PATTERN = re.compile(r"[\W_]+")


class NamelessFile(Struct, frozen=True):
    """Where a report without a name lies: its folder, as a path and by name, and its file's name."""

    path: str
    folder: str
    stem: str
    words: str
    """What of the file's name may be a trainee's; '' where it is the lab's and the attempt's alone."""
    is_folder_of_somebody: bool
    """False where the folder is called after the lab, or `rendus`."""

    @property
    def likely_name(self) -> str:
        """Return whose it is taken to be while nothing else is known."""
        named_by_file = self.words if not self.is_folder_of_somebody else ""
        return named_by_file or self.folder or self.words or self.stem


def describe_file(within: str, lab: str) -> NamelessFile:
    """Describe the file *within* a class's folder or archive that holds a report of *lab*."""
    path = PurePosixPath(within.replace("\\", "/"))
    folder = path.parts[-2] if len(path.parts) > 1 else ""
    words, named = find_name_words(path.stem, lab), bool(find_name_words(folder, lab))
    return NamelessFile(str(path.parent), folder, path.stem, words, named)


def find_name_words(stem: str, lab: str) -> str:
    """Return what a file's name says besides lab and attempt: `Ada_Lovelace-tp5-2` gives `Ada Lovelace`."""
    words = _SEPARATOR_PATTERN.split(stem)
    return " ".join(word for word in words if names_somebody(word, lab))


def names_somebody(word: str, lab: str) -> bool:
    """Return whether *word* is neither the lab, nor a number, nor what attempts are called."""
    plain = word.casefold()
    return plain != lab.casefold() and plain.rstrip("0123456789") not in {"", *ATTEMPT_WORDS}


def find_names(files: Sequence[NamelessFile], engines: Iterable[str]) -> list[str]:
    """
    Return whose each of the *files* of one folder is.

    Where several names stand before the reports, a folder is not one trainee's, unless one engine made all of
    them; nor is it where several *engines* made them, of which '' is one that is not known.
    """
    known = set(engines)
    one_engine = len(known) == 1 and known != {""}
    if one_engine and len(files) > 1:
        return [file.folder for file in files]
    if len({file.words.casefold() for file in files} - {""}) > 1:
        return [file.words or file.likely_name for file in files]
    if len(known - {""}) > 1:
        return [f"{file.folder}/{file.stem}" for file in files]
    return [file.likely_name for file in files]
