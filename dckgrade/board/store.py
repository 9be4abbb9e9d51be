"""What is written and read, each a function of a connection."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from dckgrade.board.schema import CLASSES, HANDS, REPORTS, SETTINGS, STANDINGS, TRAINEES, USED_NONCES
from dckgrade.classroom.people import fold_name
from dckgrade.report.board_request import CODE_CHARS

HOUR_MS = 3_600_000
MAX_REPORTS_PER_HOUR = 600
CODE_LIFETIME_MS = 8 * HOUR_MS
REJOIN_LIFETIME_MS = 15 * 60_000
MAX_TRAINEES = 20_000
"""In a class."""
CODE_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Accepted(Enum):
    """What came of a report."""

    NEW = "new"
    KNOWN = "known"
    TOO_MANY = "too-many"


class Trainee(NamedTuple):
    """A trainee as their requests are verified."""

    id: str
    class_id: int
    name: str
    secret: str


class Joined(NamedTuple):
    """What a trainee gets who joins."""

    trainee: Trainee
    class_name: str


class CodeRefused(Exception):
    """There is no such code, or its time is over."""


class NameTaken(Exception):
    """Somebody of that name has joined, and may not join again."""


def insert_unless_there(connection: Connection, table: Any) -> Any:
    """Begin an insertion that does nothing for what is there already."""
    return _INSERTS[connection.dialect.name](table)


def get_setting(connection: Connection, name: str, otherwise: str) -> str:
    """Return a setting; the first time it is *otherwise*, for every replica."""
    connection.execute(
        insert_unless_there(connection, SETTINGS).values(name=name, value=otherwise).on_conflict_do_nothing()
    )
    return str(connection.execute(select(SETTINGS.c.value).where(SETTINGS.c.name == name)).scalar_one())


def make_code() -> str:
    """Make a join code."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_CHARS))


def create_class(connection: Connection, name: str, now: int) -> int:
    """Make a class, unless there is one of that name; returns its number."""
    connection.execute(
        insert_unless_there(connection, CLASSES)
        .values(name=name, code=make_code(), code_until=now + CODE_LIFETIME_MS)
        .on_conflict_do_nothing()
    )
    return int(connection.execute(select(CLASSES.c.id).where(CLASSES.c.name == name)).scalar_one())


def renew_code(connection: Connection, class_id: int, now: int) -> None:
    """Give a class another join code."""
    connection.execute(
        update(CLASSES)
        .where(CLASSES.c.id == class_id)
        .values(code=make_code(), code_until=now + CODE_LIFETIME_MS)
    )


def list_classes(connection: Connection) -> Sequence[Any]:
    """List the classes, in the order of their making."""
    return connection.execute(select(CLASSES).order_by(CLASSES.c.id)).all()


def join_class(connection: Connection, code: str, name: str, now: int) -> Joined:
    """Take in a trainee, or give one who may join again another key; raises `CodeRefused`, `NameTaken`."""
    found = connection.execute(
        select(CLASSES).where(CLASSES.c.code == code, CLASSES.c.code_until > now)
    ).first()
    if found is None:
        raise CodeRefused
    folded, secret = fold_name(name), secrets.token_hex(32)
    known = connection.execute(
        select(TRAINEES).where(TRAINEES.c.class_id == found.id, TRAINEES.c.folded_name == folded)
    ).first()
    if known is None:
        trainee = Trainee(secrets.token_hex(16), found.id, name, secret)
        add_trainee(connection, trainee, folded, now)
    elif known.rejoin_until <= now:
        raise NameTaken
    else:
        trainee = Trainee(known.id, found.id, known.name, secret)
        changes = {"secret": secret, "rejoin_until": 0, "has_left": False}
        connection.execute(update(TRAINEES).where(TRAINEES.c.id == known.id).values(changes))
    return Joined(trainee, found.name)


def add_trainee(connection: Connection, trainee: Trainee, folded: str, now: int) -> None:
    """Add a trainee; raises `NameTaken` where another replica was faster, `CodeRefused` for a full class."""
    there = select(func.count()).select_from(TRAINEES).where(TRAINEES.c.class_id == trainee.class_id)
    if connection.execute(there).scalar_one() >= MAX_TRAINEES:
        raise CodeRefused
    added = connection.execute(
        insert_unless_there(connection, TRAINEES)
        .values(**trainee._asdict(), folded_name=folded, joined_at=now)
        .on_conflict_do_nothing()
        .returning(TRAINEES.c.id)
    )
    if not added.first():
        raise NameTaken


def allow_rejoin(connection: Connection, trainee_id: str, now: int) -> None:
    """Let a trainee who lost their key join again under their name."""
    connection.execute(
        update(TRAINEES).where(TRAINEES.c.id == trainee_id).values(rejoin_until=now + REJOIN_LIFETIME_MS)
    )


def find_trainee(connection: Connection, trainee_id: str) -> Trainee | None:
    """Find a trainee by number."""
    columns = [TRAINEES.c[name] for name in Trainee._fields]
    found = connection.execute(select(*columns).where(TRAINEES.c.id == trainee_id)).first()
    return Trainee(*found) if found else None


def leave_class(connection: Connection, trainee_id: str) -> None:
    """Note that a trainee has left: the key is void, the reports stay; the trainer may let them in again."""
    connection.execute(
        update(TRAINEES)
        .where(TRAINEES.c.id == trainee_id)
        .values(has_left=True, secret=secrets.token_hex(32))
    )
    connection.execute(delete(HANDS).where(HANDS.c.trainee_id == trainee_id))


_KEPT = select(
    bindparam("trainee_id", type_=REPORTS.c.trainee_id.type),
    bindparam("digest", type_=REPORTS.c.digest.type),
    bindparam("lab", type_=REPORTS.c.lab.type),
    bindparam("received_at", type_=REPORTS.c.received_at.type),
    bindparam("raw", type_=REPORTS.c.raw.type),
).where(
    select(func.count())
    .select_from(REPORTS)
    .where(REPORTS.c.trainee_id == bindparam("trainee_id"), REPORTS.c.received_at > bindparam("since"))
    .scalar_subquery()
    < MAX_REPORTS_PER_HOUR
)
_KEEP = {
    name: begin(REPORTS)
    .from_select(["trainee_id", "digest", "lab", "received_at", "raw"], _KEPT)
    .on_conflict_do_nothing()
    .returning(REPORTS.c.id)
    for name, begin in _INSERTS.items()
}


def keep_report(connection: Connection, trainee_id: str, lab: str, raw: bytes, now: int) -> Accepted:
    """Keep a report once, however often it comes, within the bound of an hour."""
    digest = hashlib.sha256(raw).digest()
    values = {
        "trainee_id": trainee_id, "digest": digest, "lab": lab,
        "received_at": now, "raw": raw, "since": now - HOUR_MS,
    }  # fmt: skip
    if connection.execute(_KEEP[connection.dialect.name], values).first():
        return Accepted.NEW
    same = select(REPORTS.c.id).where(REPORTS.c.trainee_id == trainee_id, REPORTS.c.digest == digest)
    return Accepted.KNOWN if connection.execute(same).first() else Accepted.TOO_MANY


def use_nonce(connection: Connection, nonce: str, now: int, lifetime_ms: int) -> bool:
    """Take a nonce; returns whether it had not been taken. Those that are too old anyway are forgotten."""
    connection.execute(delete(USED_NONCES).where(USED_NONCES.c.used_at < now - 2 * lifetime_ms))
    taken = insert_unless_there(connection, USED_NONCES).values(nonce=nonce, used_at=now)
    taken = taken.on_conflict_do_nothing().returning(USED_NONCES.c.nonce)
    return connection.execute(taken).first() is not None


def raise_hand(connection: Connection, trainee_id: str, text: str, about: tuple[str, str], now: int) -> None:
    """Raise a trainee's hand, or say something else by it; *about*: the lab and the check, or empty."""
    lower_hand(connection, trainee_id)
    connection.execute(
        insert(HANDS).values(trainee_id=trainee_id, text=text, raised_at=now, lab=about[0], check_id=about[1])
    )


def lower_hand(connection: Connection, trainee_id: str) -> None:
    """Lower a trainee's hand."""
    connection.execute(delete(HANDS).where(HANDS.c.trainee_id == trainee_id))


def list_hands(connection: Connection, trainee_ids: Iterable[str] | None, class_id: int) -> Sequence[Any]:
    """List the hands of a class, or of some of its trainees."""
    query = select(HANDS).join(TRAINEES).where(TRAINEES.c.class_id == class_id)
    if trainee_ids is not None:
        query = query.where(HANDS.c.trainee_id.in_(list(trainee_ids)))
    return connection.execute(query).all()


def list_history(connection: Connection, trainee_id: str, most: int) -> Sequence[Any]:
    """List a trainee's reports without their content, the latest first."""
    columns = [column for column in REPORTS.c if column is not REPORTS.c.raw]
    query = select(*columns).where(REPORTS.c.trainee_id == trainee_id).order_by(REPORTS.c.id.desc())
    return connection.execute(query.limit(most)).all()


def find_report(connection: Connection, report_id: int) -> Any:
    """Find a report with its trainee's name and class; None where there is none."""
    query = select(REPORTS, TRAINEES.c.name, TRAINEES.c.class_id).join(TRAINEES)
    return connection.execute(query.where(REPORTS.c.id == report_id)).first()


def purge_reports(connection: Connection, before: int) -> int:
    """Delete reports received before, and trainees of whom nothing is left; returns how many reports."""
    gone = connection.execute(delete(REPORTS).where(REPORTS.c.received_at < before)).rowcount
    connection.execute(delete(STANDINGS).where(STANDINGS.c.report_id.not_in(select(REPORTS.c.id))))
    still = select(REPORTS.c.trainee_id)
    connection.execute(delete(TRAINEES).where(TRAINEES.c.joined_at < before, TRAINEES.c.id.not_in(still)))
    return gone
