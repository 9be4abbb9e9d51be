"""What was handed in together, as far as names tell: what of it was read, and what was passed over."""

from collections.abc import Iterator

from dckgrade.classroom.archive_bounds import ARCHIVE_SUFFIXES
from dckgrade.classroom.people import MOODLE_FOLDER_PATTERN
from dckgrade.i18n import N_, UserError

MAX_ODD_FILES = 200
"""Files that one trainee may hand in and that are no reports, before the rest of them is left unread."""
MAX_ODD_FILES_IN_ALL = 5_000
"""The same of one folder or archive: a second of work, and as many rows in the class report."""
MAX_NAMES = 3
OTHER_ARCHIVE_SUFFIXES = (".rar", ".7z", ".gz", ".bz2", ".xz", ".zst", ".lzma", ".z", ".lz", ".cab", ".arj")
BACKUP_SUFFIX = ".before"
"""Of what `judge --diff --write` has written anew: no longer `.json`, so it is not collected twice."""
SYSTEM_FILES = {"thumbs.db", "desktop.ini"}


class HandIn:
    """What lies in one trainee's folder, or in one archive."""

    def __init__(self, source: str, most: int, whole: "HandIn | None" = None) -> None:
        self.source, self.most, self.whole = source, most, whole
        self.odd_count = 0
        self.has_candidate = False
        self.passed_over: list[str] = []

    def count_odd(self) -> None:
        """Count a file that was no report."""
        self.odd_count += 1
        if self.whole:
            self.whole.count_odd()

    def pass_over(self, name: str) -> None:
        """Take down a file that nobody takes for a report; a few names are enough."""
        if len(self.passed_over) <= MAX_NAMES:
            self.passed_over.append(name)

    def is_exhausted(self) -> bool:
        """Return whether so much was no report that the rest is not looked at."""
        return self.odd_count >= self.most

    def describe_rest(self) -> UserError:
        """Tell that the rest was not looked at."""
        return UserError(
            N_("{path} holds {most} files that are no reports; the rest of it was not looked at."),
            path=self.source,
            most=self.most,
        )


class HandIns:
    """All that is in one folder or archive, each trainee's apart."""

    def __init__(self, source: str, *, of_one_trainee: bool = False) -> None:
        most = MAX_ODD_FILES if of_one_trainee else MAX_ODD_FILES_IN_ALL
        self.whole = HandIn(source, most)
        self.of_one_trainee = of_one_trainee
        self.by_key: dict[str, HandIn] = {}
        self.told: set[HandIn] = set()

    def find(self, within: str) -> HandIn:
        """Find what a file was handed in with."""
        key = "" if self.of_one_trainee else find_hand_in_key(within)
        if not key:
            return self.whole
        if key not in self.by_key:
            self.by_key[key] = HandIn(f"{self.whole.source}/{key}", MAX_ODD_FILES, self.whole)
        return self.by_key[key]

    def tell_exhausted(self, hand_in: HandIn) -> UserError | None:
        """Return, once each, that the rest of it is not looked at."""
        spent = self.whole if self.whole.is_exhausted() else hand_in
        if spent in self.told:
            return None
        self.told.add(spent)
        return spent.describe_rest()

    def list_without_report(self) -> Iterator[tuple[HandIn, UserError]]:
        """List those of which nothing was read, although there was something else."""
        for hand_in in (*self.by_key.values(), *([self.whole] if self.of_one_trainee else [])):
            if hand_in.passed_over and not hand_in.has_candidate:
                more = ["…"] if len(hand_in.passed_over) > MAX_NAMES else []
                yield (
                    hand_in,
                    UserError(
                        N_("{path} holds no report, only {files}."),
                        path=hand_in.source,
                        files=", ".join([*hand_in.passed_over[:MAX_NAMES], *more]),
                    ),
                )


def find_hand_in_key(within: str) -> str:
    """Return what files of one trainee have in common: Moodle's folder or the first one; '' without any."""
    if moodle := MOODLE_FOLDER_PATTERN.match(within):
        return moodle[0].rstrip("/")
    first, slash, _ = within.replace("\\", "/").partition("/")
    return first if slash else ""


def may_be_report(name: str) -> bool:
    """Return whether it may be a report; macOS adds a `__MACOSX/._tp5.json` to every file."""
    return name.lower().endswith(".json") and not get_last_part(name).startswith("._")


def is_archive(name: str) -> bool:
    """Return whether it is an archive of a kind that is read."""
    return name.lower().endswith(ARCHIVE_SUFFIXES)


def is_meant_as_report(name: str) -> bool:
    """Return whether somebody may take it for a report that they handed in: `tp5.json.txt`, `tp5.rar`."""
    lowered = get_last_part(name).lower()
    return (".json" in lowered or lowered.endswith(OTHER_ARCHIVE_SUFFIXES)) and not is_systems_own(name)


def is_systems_own(name: str) -> bool:
    """Return whether nobody handed it in: hidden files, what file managers leave, and what we keep."""
    last = get_last_part(name)
    return (
        last.startswith(".")
        or last.endswith(BACKUP_SUFFIX)
        or last.lower() in SYSTEM_FILES
        or "__MACOSX" in name
    )


def get_last_part(name: str) -> str:
    """Return a file's name without its folders, whichever way they are separated."""
    return name.replace("\\", "/").rpartition("/")[2]


def describe_passed_over(path: object) -> UserError:
    """Tell that a file was not read, and what is."""
    return UserError(
        N_("{path} was ignored."),
        N_("A report is a file that ends in .json; it may lie in a zip or a tar."),
        path=path,
    )
