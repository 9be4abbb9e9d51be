"""Tell a container's own processes from those that came in by `docker exec` or a health check."""

from collections.abc import Mapping

from dckgrade.engine.answers import OutOfReach
from dckgrade.report.observation import UnobservableReason


def find_descendants(parents: Mapping[int, int], first: int) -> set[int]:
    """
    Return the ids of the process *first* and of its descendants, of a mapping of ids to their parents' ids.

    Raises `OutOfReach` where the first one is not among them: nothing can be said of its container then.
    """
    if first not in parents:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"no process {first}")
    own = {first}
    while adopted := {pid for pid, parent in parents.items() if parent in own} - own:
        own |= adopted
    return own
