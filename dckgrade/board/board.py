"""The board's parts, put together: database, writer, views, live updates."""

import asyncio
import contextlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine

from dckgrade.board import judging, store
from dckgrade.board.class_view import ClassViews
from dckgrade.board.database import now_ms
from dckgrade.board.judging import Change
from dckgrade.board.live import LiveUpdates, ReplicaListener
from dckgrade.board.metrics import BoardMetrics
from dckgrade.board.writer import Operation, Writer
from dckgrade.i18n import N_, Lang, get_translator

SWEEP_INTERVAL_S = 5.0
"""Seconds after which reports are judged that whoever accepted them did not get to."""
REREAD_INTERVAL_S = 60.0
"""Seconds after which is seen what another program has done to the database, such as `board purge`."""
NONCE_LIFETIME_MS = 10 * 60_000
_NONCE_PURPOSE = b"dckgrade-board nonce\0"


class Board:
    """One process of the board; several may share a PostgreSQL database."""

    def __init__(self, engine: Engine, lang: Lang, *, cloned: bool = False) -> None:
        self.engine, self.lang, self.cloned = engine, lang, cloned
        with engine.begin() as connection:
            self.token = store.get_setting(connection, "token", secrets.token_urlsafe(24))
            self.secret = store.get_setting(connection, "secret", secrets.token_hex(32))
            judging.forget_outdated(connection, lang)
        self.views = ClassViews(engine)
        self.live = LiveUpdates(self.views)
        self.metrics = BoardMetrics()
        self.writer = Writer(engine, after_commit=self.judge)
        self.listener = ReplicaListener(engine, self.live) if engine.dialect.name == "postgresql" else None
        self.known: dict[str, store.Trainee] = {}
        self.stopped = threading.Event()
        self.end: Callable[[], None] = self.stopped.set
        """Ends the serving, from the thread that serves."""

    def prepare_classes(self, name: str | None) -> list[tuple[str, str]]:
        """Make the class *name*, or a first one; returns the classes with their codes, none run out."""
        say = get_translator(self.lang)
        with self.engine.begin() as connection:
            if name or not store.list_classes(connection):
                store.create_class(connection, name or say(N_("My class")), now_ms())
            for row in store.list_classes(connection):
                if row.code_until <= now_ms():
                    store.renew_code(connection, row.id, now_ms())
            return [(row.name, row.code) for row in store.list_classes(connection)]

    @contextlib.contextmanager
    def run_threads(self) -> Iterator[None]:
        """Have what is written written and judged while this lasts; nothing accepted is left unwritten."""
        self.writer.start()
        sweeper = threading.Thread(target=self.sweep, name="board-sweeper", daemon=True)
        sweeper.start()
        if self.listener:
            self.listener.start()
        try:
            yield
        finally:
            self.stopped.set()
            if self.listener:
                self.listener.stopped.set()
                self.listener.join()
            self.writer.stop()
            sweeper.join()
            self.engine.dispose()

    def sweep(self) -> None:
        """Have judged, now and then, whatever is not, and read anew what nobody has told of."""
        read_at = time.monotonic()
        while True:
            with contextlib.suppress(Exception):
                self.writer.submit(lambda _: None)
            if time.monotonic() - read_at >= REREAD_INTERVAL_S:
                read_at = time.monotonic()
                self.live.add_whole_classes()
            if self.stopped.wait(SWEEP_INTERVAL_S):
                return

    def judge(self) -> None:
        """Judge what was accepted, and tell."""
        changes = judging.judge_pending(self.engine, self.lang)
        self.metrics.judged.inc(len(changes))
        if not self.listener:
            self.live.add_changes(changes)

    async def write(
        self, operation: Operation, find_changes: Callable[[Any], Sequence[Change]] = lambda _: ()
    ) -> Any:
        """
        Run *operation*; return what it returns once it is committed.

        What *find_changes* makes of that is told to who looks at the class, at every replica.
        """

        def write_and_announce(connection: Connection) -> Any:
            result = operation(connection)
            judging.announce_changes(connection, find_changes(result))
            return result

        result = await asyncio.wrap_future(self.writer.submit(write_and_announce))
        if not self.listener:
            self.live.add_changes(find_changes(result))
        return result

    async def read(self, operation: Operation) -> Any:
        """Run *operation*, which changes nothing."""

        def read() -> Any:
            with self.engine.connect().execution_options(reads_only=True) as connection:
                return operation(connection)

        return await asyncio.to_thread(read)

    async def find_trainee(self, trainee_id: str, *, anew: bool = False) -> store.Trainee | None:
        """Find a trainee; *anew*: another replica may have given them another key."""
        if anew or trainee_id not in self.known:
            found = await self.read(lambda connection: store.find_trainee(connection, trainee_id))
            if found is None:
                self.known.pop(trainee_id, None)
                return None
            self.known[trainee_id] = found
        return self.known[trainee_id]

    def make_nonce(self) -> str:
        """Make a nonce: a time and chance, vouched for by this board's secret."""
        text = f"{now_ms()}.{secrets.token_hex(8)}"
        return f"{text}.{self.vouch(text)}"

    def is_nonce_fresh(self, nonce: str) -> bool:
        """Return whether a nonce is this board's own, and of the last ten minutes."""
        text, _, mark = nonce.rpartition(".")
        if not text or not hmac.compare_digest(self.vouch(text).encode(), mark.encode("utf-8", "replace")):
            return False
        return abs(now_ms() - int(text.partition(".")[0])) < NONCE_LIFETIME_MS

    def vouch(self, text: str) -> str:
        """Return what only this board, and its replicas, can make of *text*."""
        return hmac.digest(bytes.fromhex(self.secret), _NONCE_PURPOSE + text.encode(), "sha256").hex()[:24]
