"""Send what was graded to the class board that was joined: after it is shown, and never in its way."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dckgrade.cli import exit_codes, language, settings
from dckgrade.i18n import N_, UserError, get_translator

if TYPE_CHECKING:
    from dckgrade.classroom.membership import Membership
    from dckgrade.classroom.outbox import Outbox
    from dckgrade.report.report import Report

MAX_WAIT_S = 1.0
"""Seconds that a run may end later because of the board."""


def get_membership_path() -> Path:
    """Return the path of what is kept of the board that was joined, which need not exist."""
    return settings.get_config_path().with_name("board.json")


def get_outbox() -> "Outbox":
    """Return where reports wait."""
    from platformdirs import user_state_path

    from dckgrade.classroom.outbox import Outbox

    return Outbox(user_state_path("dckgrade") / "outbox")


@contextmanager
def send_to_board(*, wanted: bool) -> "Iterator[Callable[[Sequence[Report]], None]]":
    """
    Give what sends reports to the board that was joined; without one, or not *wanted*, it does nothing.

    In the end it is waited for, a second at most, and what waits on is said.
    """
    sender = open_sender() if wanted and get_membership_path().exists() else None
    if sender is None:
        yield lambda _: None
        return
    try:
        yield sender.send
    finally:
        sender.finish()


def open_sender() -> "ReportSender | None":
    """Begin to send; a membership that is damaged is said."""
    from dckgrade.classroom.membership import read_membership

    try:
        membership = read_membership(get_membership_path())
    except UserError as trouble:
        exit_codes.print_to_stderr(trouble.translate_sentences(language.get_language()))
        return None
    return ReportSender(membership, get_outbox()) if membership else None


class ReportSender:
    """Keeps each report on disk, and delivers what waits in a thread of its own."""

    def __init__(self, membership: "Membership", outbox: "Outbox") -> None:
        self.membership, self.outbox = membership, outbox
        self.wanted, self.idle = threading.Event(), threading.Event()
        self.idle.set()
        self.troubles: list[UserError] = []
        self.deadline = 0.0
        self.thread = threading.Thread(target=self.run, name="board-sender", daemon=True)
        self.thread.start()

    def send(self, reports: "Sequence[Report]") -> None:
        """Keep *reports*, and have them delivered; returns at once."""
        from dckgrade.report import signature

        key = signature.TraineeKey(self.membership.name, self.membership.secret)
        try:
            for report in reports:
                self.outbox.add(signature.sign_report(report, key))
        except OSError as error:
            self.troubles = [
                UserError(N_("The report cannot be kept for the board: {why}."), why=error.strerror or error)
            ]
            return
        self.deadline = time.monotonic() + MAX_WAIT_S
        self.idle.clear()
        self.wanted.set()

    def run(self) -> None:
        """Deliver what waits, each time that something is added."""
        from dckgrade.classroom import board_client

        while True:
            self.wanted.wait()
            self.wanted.clear()
            try:
                self.troubles = board_client.deliver(self.membership, self.outbox)
            except UserError as trouble:
                self.troubles = [trouble]
            except OSError as error:
                self.troubles = [make_unreadable_error(self.outbox, error)]
            if not self.wanted.is_set():
                self.idle.set()

    def finish(self) -> None:
        """Wait for what is being delivered, a second at most since it was kept; say in a line what waits."""
        is_done = self.idle.wait(max(0.0, self.deadline - time.monotonic()))
        try:
            waiting = len(self.outbox.list_waiting())
        except OSError as error:
            # A run that was graded ends as it was graded, whatever has become of this folder.
            waiting, self.troubles = 0, [make_unreadable_error(self.outbox, error)]
            is_done = True
        lang = language.get_language()
        lines = (
            [" ".join(trouble.translate_sentences(lang)) for trouble in self.troubles[:1]] if is_done else []
        )
        if waiting:
            say = get_translator(lang)
            lines = lines or [say(N_("The board does not answer."))]
            lines.append(say(N_("Kept to be sent with the next run: {count}.")).format(count=waiting))
        if lines:
            exit_codes.print_to_stderr([" ".join(lines)])


def make_unreadable_error(outbox: "Outbox", error: OSError) -> UserError:
    """Make the error of an *outbox* that cannot be read."""
    return UserError(N_("{path} cannot be read: {why}"), path=outbox.folder, why=error)
