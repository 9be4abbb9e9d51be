"""The reports that wait to be sent to the board, a file each: bounded, in the order of their making."""

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

MAX_WAITING = 200
"""Reports that are kept; of more, the oldest are let go."""
_NAME_PATTERN = re.compile(r"\d{20}-[0-9a-f]{16}\.json", re.ASCII)


class Outbox:
    """The folder of what waits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, content: bytes) -> None:
        """Keep a report until it is delivered; raises `OSError` where it cannot be kept."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        waiting = self.list_waiting()
        # A clock that was set back does not change the order.
        number = max(time.time_ns(), int(waiting[-1].name[:20]) + 1 if waiting else 0)
        path = self.folder / f"{number:020}-{hashlib.sha256(content).hexdigest()[:16]}.json"
        draft = path.with_suffix(f".{os.getpid()}.part")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        for oldest in [*waiting, path][:-MAX_WAITING]:
            self.remove(oldest)

    def list_waiting(self) -> Sequence[Path]:
        """List what waits, the oldest first."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return sorted(path for path in self.folder.iterdir() if _NAME_PATTERN.fullmatch(path.name))
        return []

    def remove(self, path: Path) -> None:
        """Let go of what was delivered, or will never be."""
        path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Let go of all."""
        for path in self.list_waiting():
            self.remove(path)
        with contextlib.suppress(OSError):
            self.folder.rmdir()
