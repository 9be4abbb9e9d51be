"""Copy the whole board to one file and back, whichever database it lives in."""

import os
from pathlib import Path

from sqlalchemy import Connection, Engine, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from dckgrade.board.database import create_sqlite_engine, get_sqlite_address, migrate_database
from dckgrade.board.schema import METADATA, REPORTS, TRAINEES
from dckgrade.i18n import N_, UserError

ROWS_AT_ONCE = 100


def write_backup(engine: Engine, path: Path) -> int:
    """Write everything to *path*, as it is at one moment; returns how many reports that is."""
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.unlink(missing_ok=True)
        copy = create_sqlite_engine(get_sqlite_address(draft))
        try:
            migrate_database(copy)
            with engine.connect() as source, copy.begin() as target:
                if engine.dialect.name == "postgresql":
                    source.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
                count = copy_tables(source, target)
            with copy.connect() as closing:
                # One file, without the log beside it.
                closing.exec_driver_sql("COMMIT")
                closing.exec_driver_sql("PRAGMA journal_mode = DELETE")
                closing.exec_driver_sql("BEGIN")
        finally:
            copy.dispose()
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(path)
    except OSError as error:
        raise UserError(N_("{path} cannot be written: {why}."), path=path, why=error.strerror) from None
    except DBAPIError as error:
        raise UserError(N_("{path} cannot be written: {why}."), path=path, why=error.orig) from None
    finally:
        draft.unlink(missing_ok=True)
    return count


def restore_backup(engine: Engine, path: Path) -> int:
    """Take everything back from *path* into an empty board; returns how many reports that is."""
    if not path.is_file():
        raise UserError(N_("There is no file or folder {path}."), path=path)
    copy = create_sqlite_engine(get_sqlite_address(path))
    try:
        migrate_database(copy)
        with copy.connect() as source, engine.begin() as target:
            if target.execute(select(func.count()).select_from(TRAINEES)).scalar_one():
                raise UserError(
                    N_("This board is not empty: nothing was restored."),
                    N_("Stop it, and move its database away first."),
                )
            for table in reversed(METADATA.sorted_tables):
                target.execute(table.delete())
            count = copy_tables(source, target)
            if engine.dialect.name == "postgresql":
                go_on_numbering(target)
    except DBAPIError as error:
        raise UserError(N_("{path} is no copy of a board: {why}."), path=path, why=error.orig) from None
    finally:
        copy.dispose()
    return count


def copy_tables(source: Connection, target: Connection) -> int:
    """Copy every row; returns how many reports there are."""
    for table in METADATA.sorted_tables:
        rows = source.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table))
        for part in rows.mappings().partitions(ROWS_AT_ONCE):
            target.execute(insert(table), [dict(row) for row in part])
    return int(target.execute(select(func.count()).select_from(REPORTS)).scalar_one())


def go_on_numbering(target: Connection) -> None:
    """Have PostgreSQL number what comes next behind what was restored."""
    for table in ("classes", "reports"):
        target.execute(
            text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")  # noqa: S608
        )
