"""The schema, from the first one on, alike on both databases."""

from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from dckgrade.board import store
from dckgrade.board.database import (
    MIGRATIONS,
    create_postgresql_engine,
    create_sqlite_engine,
    get_sqlite_address,
    migrate_database,
    now_ms,
    use_database,
)
from dckgrade.board.schema import METADATA
from dckgrade.board.writer import MAX_WAITING, Writer, WriterBusy

REVISIONS = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]


def create_engine(address: str) -> sa.Engine:
    """Connect without migrating."""
    is_sqlite = address.startswith("sqlite")
    return create_sqlite_engine(address) if is_sqlite else create_postgresql_engine(address)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_database_of_each_schema_becomes_today_s_and_keeps_what_is_in_it(
    address: str, revision: str
) -> None:
    engine = create_engine(address)
    migrate_database(engine, revision)
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO settings (name, value) VALUES ('token', 'kept')"))
    engine.dispose()
    with use_database(address) as migrated, migrated.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert store.get_setting(connection, "token", "other") == "kept"


def test_what_is_committed_on_sqlite_is_on_the_disk_and_foreign_keys_hold(tmp_path: Path) -> None:
    with use_database(get_sqlite_address(tmp_path / "b")) as engine, engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    # FULL is 2: https://www.sqlite.org/pragma.html#pragma_synchronous
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_one_operation_that_fails_spoils_none_that_was_to_be_committed_with_it(address: str) -> None:
    with use_database(address) as engine:
        writer = Writer(engine)
        futures = [
            writer.submit(lambda connection: store.create_class(connection, "A", now_ms())),
            writer.submit(lambda connection: connection.execute(sa.text("SELECT * FROM nowhere"))),
            writer.submit(lambda connection: store.create_class(connection, "B", now_ms())),
        ]
        writer.start()
        writer.stop()
        assert [future.exception() is None for future in futures] == [True, False, True]
        with engine.connect() as connection:
            assert [row.name for row in store.list_classes(connection)] == ["A", "B"]


def test_what_comes_within_a_moment_is_committed_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dckgrade.board.writer.GATHERING_S", 0.5)
    commits: list[None] = []
    with use_database(get_sqlite_address(tmp_path / "b")) as engine:
        writer = Writer(engine, after_commit=lambda: commits.append(None))
        writer.start()
        futures = [
            writer.submit(partial(store.create_class, name=name, now=now_ms())) for name in ("A", "B", "C")
        ]
        for future in futures:
            future.result(20)
        writer.stop()
    assert len(commits) == 1


def test_nothing_is_told_before_it_is_committed(tmp_path: Path) -> None:
    with use_database(get_sqlite_address(tmp_path / "b")) as engine:
        seen: list[int] = []

        def look(_: object) -> None:
            with engine.connect().execution_options(reads_only=True) as connection:
                seen.append(len(store.list_classes(connection)))

        writer = Writer(engine)
        writer.submit(lambda connection: store.create_class(connection, "A", now_ms())).add_done_callback(
            look
        )
        writer.start()
        writer.stop()
        assert seen == [1]


def test_more_than_fits_in_memory_is_refused_and_not_lost_silently(tmp_path: Path) -> None:
    with use_database(get_sqlite_address(tmp_path / "b")) as engine:
        writer = Writer(engine)
        for _ in range(MAX_WAITING):
            writer.submit(lambda _: None)
        with pytest.raises(WriterBusy):
            writer.submit(lambda _: None)


def test_what_follows_a_commit_and_fails_ends_no_writing(tmp_path: Path) -> None:
    def fail() -> None:
        raise RuntimeError

    with use_database(get_sqlite_address(tmp_path / "b")) as engine:
        writer = Writer(engine, after_commit=fail)
        writer.start()
        for name in "AB":
            writer.submit(partial(store.create_class, name=name, now=now_ms())).result(20)
        writer.stop()


def test_no_two_people_of_one_name_join_at_the_same_time(address: str) -> None:
    with use_database(address) as engine, engine.begin() as connection:
        class_id = store.create_class(connection, "A", now_ms())
        first = store.Trainee("1", class_id, "Ada", "0" * 64)
        store.add_trainee(connection, first, "ada", now_ms())
        with pytest.raises(store.NameTaken):
            store.add_trainee(connection, first._replace(id="2"), "ada", now_ms())
