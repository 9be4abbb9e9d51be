"""Judge what was kept with the board's own labs, in the order in which it came; no claim is believed."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, delete, select, text, update
from sqlalchemy.exc import OperationalError

from dckgrade.board import store
from dckgrade.board.schema import HANDS, REPORTS, STANDINGS, TRAINEES
from dckgrade.board.standing import Standing, advance_standing
from dckgrade.classroom.attempts import judge_attempt, load_trainer_lab
from dckgrade.i18n import Lang, UserError
from dckgrade.report import codec
from dckgrade.report.characters import is_visible
from dckgrade.report.decode import parse_json
from dckgrade.report.result import CheckResult, Verdict

MAX_TOGETHER = 100
"""Reports judged in one transaction."""
JUDGING_LOCK = 0x64636B68
"""PostgreSQL's advisory lock of whichever replica judges."""
CHANNEL = "dckgrade_board"
"""PostgreSQL's channel of what has changed."""
UNJUDGEABLE = "unjudgeable"
MAX_REASON_CHARS = 500


class Change(NamedTuple):
    """A trainee of whom something is to be shown anew."""

    class_id: int
    trainee_id: str


def encode_changes(changes: Sequence[Change]) -> str:
    """Write changes for the replicas."""
    return json.dumps([[change.class_id, change.trainee_id] for change in changes])


def decode_changes(payload: str) -> list[Change]:
    """Read what `encode_changes` wrote."""
    return [Change(int(class_id), str(trainee_id)) for class_id, trainee_id in json.loads(payload)]


def announce_changes(connection: Connection, changes: Sequence[Change]) -> None:
    """Tell the replicas, once this is committed; SQLite has none."""
    if connection.dialect.name == "postgresql" and changes:
        # A payload has at most 8,000 bytes.
        for at in range(0, len(changes), MAX_TOGETHER):
            connection.execute(
                text("SELECT pg_notify(:channel, :payload)"),
                {"channel": CHANNEL, "payload": encode_changes(changes[at : at + MAX_TOGETHER])},
            )


def judge_pending(engine: Engine, lang: Lang) -> list[Change]:
    """Judge everything that is not judged; returns of whom there is news."""
    changes: dict[Change, None] = {}
    while True:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": JUDGING_LOCK})
            query = select(REPORTS, TRAINEES.c.name, TRAINEES.c.class_id).join(TRAINEES)
            query = query.where(REPORTS.c.judged_as.is_(None)).order_by(REPORTS.c.id).limit(MAX_TOGETHER)
            pending = connection.execute(query).all()
            new = dict.fromkeys(Change(row.class_id, row.trainee_id) for row in pending)
            for row in pending:
                judge_row(connection, row, lang)
            announce_changes(connection, list(new))
        changes |= new
        if len(pending) < MAX_TOGETHER:
            return list(changes)


def judge_row(connection: Connection, row: Any, lang: Lang) -> None:
    """Judge one report, and move its trainee on; one that cannot be judged is kept, with the reason."""
    try:
        with connection.begin_nested():
            values = judge_and_advance(connection, row, lang)
    except OperationalError:
        # The database's trouble, not the report's: it is judged when that is over.
        raise
    except UserError as trouble:
        values = make_refusal(" ".join(trouble.translate_sentences(lang)))
    except Exception as bug:  # noqa: BLE001 - one report, however hostile, costs the class nothing
        values = make_refusal(repr(bug))
    connection.execute(update(REPORTS).where(REPORTS.c.id == row.id).values(values))


def judge_and_advance(connection: Connection, row: Any, lang: Lang) -> dict[str, Any]:
    """Judge one report, and move its trainee on; returns what is noted of it."""
    report = codec.from_json(row.raw, "report")
    attempt, lines = judge_attempt(
        report, row.name, str(row.id), lang, now=datetime.now(UTC), trust="corroborated", signed="valid"
    )
    before = find_standing(connection, row.trainee_id, attempt.lab)
    if before is None or row.id > before.report_id:
        after = advance_standing(before, attempt, lines, row.id, row.received_at)
        save_standing(connection, row.trainee_id, after)
        lower_answered_hand(connection, row.trainee_id, attempt.lab, lines)
    return {
        "judged_as": describe_judge(row.lab, lang),
        "earned": attempt.score.earned,
        "possible": attempt.score.possible,
        "refusal": None,
    }


def make_refusal(reason: str) -> dict[str, Any]:
    """Note that a report cannot be judged, in characters that every database takes."""
    visible = "".join(character for character in reason if is_visible(character))
    return {"judged_as": UNJUDGEABLE, "refusal": visible[:MAX_REASON_CHARS]}


def describe_judge(lab: str, lang: Lang) -> str:
    """Return by which version of the lab, and in which language, is judged now."""
    return f"{load_trainer_lab(lab).digest}:{lang}"


def find_standing(connection: Connection, trainee_id: str, lab: str) -> Standing | None:
    """Find where a trainee stands in a lab."""
    query = select(STANDINGS.c.standing).where(STANDINGS.c.trainee_id == trainee_id, STANDINGS.c.lab == lab)
    found = connection.execute(query).scalar()
    return parse_json(found, Standing) if found else None


def save_standing(connection: Connection, trainee_id: str, standing: Standing) -> None:
    """Write where a trainee stands."""
    values = {"report_id": standing.report_id, "standing": msgspec.json.encode(standing)}
    new = store.insert_unless_there(connection, STANDINGS).values(
        trainee_id=trainee_id, lab=standing.attempt.lab, **values
    )
    connection.execute(new.on_conflict_do_update(index_elements=["trainee_id", "lab"], set_=values))


def lower_answered_hand(
    connection: Connection, trainee_id: str, lab: str, lines: Sequence[CheckResult]
) -> None:
    """Lower a hand that was raised about a check which passes now."""
    passed = [line.id for line in lines if line.verdict is Verdict.PASSED]
    connection.execute(
        delete(HANDS).where(
            HANDS.c.trainee_id == trainee_id, HANDS.c.lab == lab, HANDS.c.check_id.in_(passed)
        )
    )


def find_stuck_check(connection: Connection, trainee_id: str) -> tuple[str, str]:
    """Return the lab that a trainee sent last, and the check that they are stuck on; empty for none."""
    query = select(STANDINGS.c.standing).where(STANDINGS.c.trainee_id == trainee_id)
    latest = connection.execute(query.order_by(STANDINGS.c.report_id.desc()).limit(1)).scalar()
    if latest is None:
        return "", ""
    standing = parse_json(latest, Standing)
    return (standing.attempt.lab, standing.stuck_on) if standing.stuck_on else ("", "")


def forget_outdated(connection: Connection, lang: Lang) -> int:
    """
    Have everything judged again that another version of its lab judged, or in another language.

    Returns how many reports that is.
    """
    judged = connection.execute(select(REPORTS.c.lab, REPORTS.c.judged_as).distinct()).all()
    outdated = {row.lab for row in judged if row.judged_as and row.judged_as != find_judge(row.lab, lang)}
    count = 0
    for lab in outdated:
        connection.execute(delete(STANDINGS).where(STANDINGS.c.lab == lab))
        count += connection.execute(
            update(REPORTS).where(REPORTS.c.lab == lab).values(judged_as=None)
        ).rowcount
    return count


def find_judge(lab: str, lang: Lang) -> str:
    """Return what judges reports of *lab* now; that nothing can, where the board has no such lab."""
    try:
        return describe_judge(lab, lang)
    except Exception:  # noqa: BLE001 - a lab of the trainer's own may be damaged
        return UNJUDGEABLE
