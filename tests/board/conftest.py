"""A board on each database: the same tests for both."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dckgrade.board.database import get_sqlite_address
from tests.conftest import need
from tests.support.postgres_server import PostgresServer, find_program
from tests.support.running_board import RunningBoard, run_board


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Give a PostgreSQL server, or say why there is none."""
    if not find_program("initdb"):
        need("no initdb of PostgreSQL", what="PostgreSQL")
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return get_sqlite_address(tmp_path / "board.sqlite3")
    make: Callable[[], str] = request.getfixturevalue("postgres").create_database
    return make()


@pytest.fixture
def running(address: str, tmp_path: Path) -> Iterator[RunningBoard]:
    """Give a board that runs."""
    with run_board(address, tmp_path) as board:
        yield board


@pytest.fixture(scope="session")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBoard]:
    """Give a board that is asked and not changed."""
    folder = tmp_path_factory.mktemp("quiet")
    with run_board(get_sqlite_address(folder / "board.sqlite3"), folder) as board:
        yield board
