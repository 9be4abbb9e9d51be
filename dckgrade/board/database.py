"""Open the board's database, and bring its schema to today's: SQLite, or PostgreSQL by its address."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from dckgrade.i18n import N_, UserError

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_S = 10
# Of libpq: a server whose machine is gone closes no connection, and who listens for changes sends it nothing.
_POSTGRESQL_OPTIONS = {
    "connect_timeout": BUSY_TIMEOUT_S,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
MIGRATION_LOCK = 0x64636B67
"""PostgreSQL's advisory lock while the schema changes: replicas start together."""


def now_ms() -> int:
    """Return the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def get_sqlite_address(path: Path) -> str:
    """Return the address of a SQLite file."""
    return f"sqlite:///{path}"


def open_database(address: str) -> Engine:
    """Open *address*, and migrate it; raises `UserError` where that cannot be."""
    try:
        url = make_url(address)
        kind = url.get_backend_name()
        if kind not in {"sqlite", "postgresql"}:
            raise UserError(N_("dckgrade keeps its board in SQLite or PostgreSQL, not in {kind}."), kind=kind)
        engine = create_sqlite_engine(address) if kind == "sqlite" else create_postgresql_engine(address)
        migrate_database(engine)
    except (ArgumentError, NoSuchModuleError):
        raise UserError(
            N_("DCKGRADE_DATABASE is no address of a database."),
            N_("An example: {example}."),
            example="postgresql+psycopg://user:password@host/database",
        ) from None
    except DBAPIError as error:
        raise UserError(N_("The board's database cannot be used: {why}"), why=describe_error(error)) from None
    return engine


def add_password(address: str, path: str) -> str:
    """Return *address* with the password that is in the file *path*; raises `UserError` where none is."""
    try:
        password = Path(path).read_text(encoding="utf-8").rstrip("\n")
        return make_url(address).set(password=password).render_as_string(hide_password=False)
    except OSError as error:
        raise UserError(N_("{path} cannot be read: {why}"), path=path, why=error.strerror or error) from None
    except UnicodeDecodeError as error:
        raise UserError(N_("{path} cannot be read: {why}"), path=path, why=error.reason) from None
    except ArgumentError:
        return address


@contextmanager
def use_database(address: str) -> Iterator[Engine]:
    """Open *address* for a while."""
    engine = open_database(address)
    try:
        yield engine
    finally:
        engine.dispose()


def describe_error(error: DBAPIError) -> str:
    """Return what the database said, on one line, without the statement and its values."""
    return " ".join(str(error.orig).split())


def create_sqlite_engine(address: str) -> Engine:
    """Open a file that only its owner reads; what is committed is on the disk."""
    if path := make_url(address).database:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    engine = create_engine(address, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False})

    def set_up(connection: Any, _record: object) -> None:
        # The driver would begin transactions by itself, too late for IMMEDIATE.
        connection.isolation_level = None
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    def begin(connection: Connection) -> None:
        # A reader that turns writer is refused at once, whatever the timeout (SQLITE_BUSY_SNAPSHOT).
        is_reader = connection.get_execution_options().get("reads_only", False)
        connection.exec_driver_sql("BEGIN" if is_reader else "BEGIN IMMEDIATE")

    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", begin)
    return engine


def create_postgresql_engine(address: str) -> Engine:
    """Open a server; a connection that it has closed meanwhile is made anew."""
    return create_engine(
        make_url(address).set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_size=5,
        connect_args=_POSTGRESQL_OPTIONS,
    )


def migrate_database(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to *revision*."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
