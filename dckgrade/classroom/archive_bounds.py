"""How much of an archive is read, and what is said of a file in one that was not."""

from msgspec import Struct

from dckgrade.i18n import N_, UserError
from dckgrade.report import codec

MAX_ARCHIVE_BYTES = 1024 * 1024 * 1024
"""Bytes of one archive once unpacked; read one file at a time, none of it is kept."""
MIN_ARCHIVE_BYTES = 64 * 1024 * 1024
"""Bytes that any archive may unpack to: reports of one lab resemble each other, and pack well together."""
MAX_ARCHIVE_MEMBERS = 50_000
MAX_UNPACK_RATIO = 100
"""Unpacked by packed: JSON reaches 20, a bomb 1000."""
MAX_FILE_BYTES = codec.MAX_DOCUMENT_BYTES + 1
"""Bytes that are read of one file: enough to see that it is larger than any report."""
MAX_NAME_BYTES = 4096

TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
ARCHIVE_SUFFIXES = (".zip", *TAR_SUFFIXES)

TOO_LARGE = N_("{path} is larger than any report.")
UNPACKS_TO_TOO_MUCH = N_("{path} unpacks to far more than a report.")
WITHIN_ARCHIVE = N_("{path} is an archive within an archive.")
ENCRYPTED = N_("{path} is encrypted.")
DAMAGED = N_("{path} is damaged: {why}")
NOT_UTF_8 = N_("The name of {path} is not written in UTF-8.")
NAME_TOO_LONG = N_("The name of {path} is longer than any.")
OVERLAPPING = N_("{path} shares its bytes with another file of the archive.")
ENDS_EARLY = N_("{path} is damaged: it ends early.")
NO_PLAIN_FILE = N_("{path} is a link or a device, not a file.")
REST_DAMAGED = N_("{path} is damaged; what follows the damage was read as far as it can be told apart.")
NOT_WHOLE = N_("{path} is not a whole archive: {why}")


class ArchiveMember(Struct, frozen=True, kw_only=True):
    """One file in an archive: its content as far as it is read, or why it was not."""

    name: str
    """'' for the archive itself."""
    content: bytes = b""
    refusal: str = ""
    """A message id; `{path}` is the member and `{why}` is *why*."""
    why: str = ""


class ArchiveTooLarge(UserError):
    """An archive that is larger than any class's reports."""

    def __init__(self, path: object) -> None:
        super().__init__(N_("{path} holds more than the reports of a class."), path=path)


def compute_most_bytes(packed: int, most: int | None = None) -> int:
    """Return to how many bytes an archive of *packed* bytes may unpack, *most* at most."""
    return min(MAX_ARCHIVE_BYTES if most is None else most, max(MIN_ARCHIVE_BYTES, MAX_UNPACK_RATIO * packed))
