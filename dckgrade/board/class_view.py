"""What a board shows of its classes, kept in memory and read again from the database where it changes."""

import threading
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace
from sqlalchemy import Connection, Engine, select

from dckgrade.board import store
from dckgrade.board.judging import Change
from dckgrade.board.schema import CLASSES, STANDINGS, TRAINEES
from dckgrade.board.standing import Standing
from dckgrade.report.decode import parse_json


class Hand(Struct, frozen=True, kw_only=True):
    """A raised hand."""

    text: str
    raised_at: int
    lab: str
    check: str


class TraineeState(Struct, frozen=True, kw_only=True):
    """One trainee as the board shows them."""

    id: str
    name: str
    joined_at: int
    has_left: bool = False
    standings: dict[str, Standing] = field(default_factory=dict)
    """By lab."""
    hand: Hand | None = None

    @property
    def last_seen(self) -> int:
        """Return when anything came last, in milliseconds since 1970."""
        times = [standing.received_at for standing in self.standings.values()]
        return max([self.joined_at, *times, *([self.hand.raised_at] if self.hand else [])])


class ClassState(Struct, frozen=True, kw_only=True):
    """One class, at one moment."""

    id: int
    name: str
    code: str
    code_until: int
    version: int
    """Grows with each change."""
    trainees: Mapping[str, TraineeState]


class ClassViews:
    """The classes that somebody looks at."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.lock = threading.Lock()
        self.loaded: dict[int, ClassState] = {}

    def get(self, class_id: int) -> ClassState | None:
        """Return a class as it is; None where there is none."""
        with self.lock:
            if class_id not in self.loaded:
                self.load(class_id)
            return self.loaded.get(class_id)

    def refresh(self, changes: Iterable[Change]) -> None:
        """Read again what has changed, of the classes that are loaded; a trainee '' means the whole class."""
        by_class: dict[int, set[str]] = {}
        for change in changes:
            by_class.setdefault(change.class_id, set()).add(change.trainee_id)
        with self.lock:
            for class_id, trainee_ids in by_class.items():
                if class_id in self.loaded:
                    self.load(class_id, None if "" in trainee_ids else trainee_ids)

    def load(self, class_id: int, only: set[str] | None = None) -> None:
        """Read a class, or some of its trainees."""
        known = self.loaded.get(class_id)
        with self.engine.connect().execution_options(reads_only=True) as connection:
            row = connection.execute(select(CLASSES).where(CLASSES.c.id == class_id)).first()
            if row is None:
                self.loaded.pop(class_id, None)
                return
            read = read_trainees(connection, class_id, only)
        kept = dict(known.trainees) if known and only is not None else {}
        for gone in (only or set()) - read.keys():
            kept.pop(gone, None)
        self.loaded[class_id] = ClassState(
            id=row.id,
            name=row.name,
            code=row.code,
            code_until=row.code_until,
            version=known.version + 1 if known else 1,
            trainees=kept | read,
        )


def read_trainees(connection: Connection, class_id: int, only: set[str] | None) -> dict[str, TraineeState]:
    """Read the trainees of a class, or some of them, with their standings and hands."""
    standings: dict[str, dict[str, Standing]] = {}
    query = select(STANDINGS).join(TRAINEES).where(TRAINEES.c.class_id == class_id)
    people = select(TRAINEES).where(TRAINEES.c.class_id == class_id)
    if only is not None:
        query, people = query.where(TRAINEES.c.id.in_(only)), people.where(TRAINEES.c.id.in_(only))
    for row in connection.execute(query):
        standings.setdefault(row.trainee_id, {})[row.lab] = share_texts(parse_json(row.standing, Standing))
    hands = {row.trainee_id: make_hand(row) for row in store.list_hands(connection, only, class_id)}
    return {
        row.id: TraineeState(
            id=row.id,
            name=row.name,
            joined_at=row.joined_at,
            has_left=row.has_left,
            standings=standings.get(row.id, {}),
            hand=hands.get(row.id),
        )
        for row in connection.execute(people)
    }


def share_texts(standing: Standing) -> Standing:
    """Let all trainees have the same objects of what many have: most of a class's memory."""
    return replace(
        standing,
        titles={check: share_text(title) for check, title in standing.titles.items()},
        mistakes={
            check: replace(mistake, message=share_text(mistake.message))
            for check, mistake in standing.mistakes.items()
        },
    )


@lru_cache(maxsize=4096)
def share_text(text: str) -> str:
    """Return the same object for equal texts."""
    return text


def make_hand(row: Any) -> Hand:
    """Read a hand."""
    return Hand(text=row.text, raised_at=row.raised_at, lab=row.lab, check=row.check_id)
