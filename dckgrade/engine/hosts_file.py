"""Find what the hosts file of this machine says of a name: an engine on it looks there first."""

from collections.abc import Sequence
from pathlib import Path

from dckgrade.engine import local_files
from dckgrade.engine.answers import OutOfReach
from dckgrade.report.observation import UnobservableReason

HOSTS_FILE = Path("/etc/hosts")


def find_hosts_addresses(name: str, path: Path = HOSTS_FILE) -> Sequence[str]:
    """
    Return the addresses that the file gives to *name*, in whatever case; none where there is no such file.

    Raises `OutOfReach` where it may not be read.
    """
    try:
        content = local_files.read_plain_file(path, path.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"{path.name}: {error.strerror}") from error
    lines = (line.partition("#")[0].split() for line in content.decode("utf-8", "replace").splitlines())
    wanted = name.casefold()
    return [words[0] for words in lines if wanted in map(str.casefold, words[1:])]
