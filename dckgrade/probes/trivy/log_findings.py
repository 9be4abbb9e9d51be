"""Read the log of a Trivy container: its complaint, or the table of an image."""

import re
from typing import Literal

from dckgrade.engine.protocol import Engine
from dckgrade.probes.trivy.cache import list_trivy_containers

TrivyComplaint = Literal["database", "no-access", "no-engine", "no-image", "cache-in-use", "disk-full"]
"""
The database was not downloaded; the engine's socket refused; the container has no socket; the image is
nowhere; another Trivy holds the cache; no space is left.
"""
COMPLAINT_PATTERNS: tuple[tuple[TrivyComplaint, str], ...] = (
    ("disk-full", r"no space left on device"),
    ("cache-in-use", r"cache may be in use by another process"),
    ("database", r"failed to download vulnerability DB|first run cannot skip downloading DB|TOOMANYREQUESTS"),
    ("no-access", r"permission denied .{0,80}docker\.sock|docker\.sock.{0,80}permission denied"),
    ("no-engine", r"Cannot connect to the Docker daemon|docker\.sock: connect: no such file"),
    ("no-image", r"unable to find the specified image"),
)


def find_complaint(engine: Engine) -> TrivyComplaint | None:
    """Read the newest container's last lines."""
    newest = next(iter(list_trivy_containers(engine)), None)
    if newest is None:
        return None
    log = engine.read_log_tail(str(newest.get("Id") or ""), tty=False)
    return next((named for named, pattern in COMPLAINT_PATTERNS if re.search(pattern, log)), None)


def shows_table(log: str, image: str) -> bool:
    """Return whether the table of the system's packages of *image* was printed."""
    return bool(
        re.search(rf"^{re.escape(image)} \(debian [0-9.]+\)\r?$", log, re.MULTILINE)
        and re.search(r"^Total: \d+ \(UNKNOWN: ", log, re.MULTILINE)
    )
