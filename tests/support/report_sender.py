"""A trainee who sends one report after the other, as the commands do, while something breaks."""

import contextlib
import hashlib
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from dckgrade.classroom import board_client
from dckgrade.classroom.membership import Membership
from dckgrade.classroom.outbox import Outbox
from dckgrade.i18n import UserError


class Sender(threading.Thread):
    """A trainee who sends one report after the other, and notes which were acknowledged."""

    def __init__(
        self,
        joined: Membership,
        folder: Path,
        report: bytes,
        *,
        interval_s: float = 0.05,
        enter_network: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        super().__init__(daemon=True)
        self.joined, self.outbox, self.report = joined, Outbox(folder), report
        self.interval_s, self.enter_network = interval_s, enter_network
        self.sent: set[str] = set()
        self.over = threading.Event()

    def run(self) -> None:
        with self.enter_network():
            # Within what a trainee may send in an hour, and what a client keeps.
            while not self.over.wait(self.interval_s):
                if len(self.outbox.list_waiting()) < 3:
                    self.add_report()
                with contextlib.suppress(UserError):
                    board_client.deliver(self.joined, self.outbox)

    def add_report(self) -> None:
        """Make a report that has not been sent yet, and note it once it waits."""
        number = b'"duration_ms": %d1' % (len(self.sent) + 1)
        content = self.report.replace(b'"duration_ms": 1', number, 1)
        self.outbox.add(content)
        self.sent.add(hashlib.sha256(content).hexdigest())

    @property
    def acknowledged(self) -> set[str]:
        """Return what the trainee does not keep any more."""
        noted = set(self.sent)
        contents = map(board_client.read_waiting, self.outbox.list_waiting())
        return noted - {hashlib.sha256(content).hexdigest() for content in contents if content}
