"""The password of the database, from a file."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from dckgrade.board.database import add_password
from dckgrade.i18n import UserError
from tests.support.cli_runner import dckgrade

ADDRESS = "postgresql://dckgrade@database/dckgrade"


def test_the_password_of_the_database_comes_from_a_file_whatever_its_characters(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("a:/@?#% b\n")
    url = make_url(add_password(ADDRESS, str(file)))
    assert (url.username, url.password, url.host, url.database) == (
        "dckgrade",
        "a:/@?#% b",
        "database",
        "dckgrade",
    )


def test_a_password_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\xff\xfe")
    for path in (broken, tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UserError):
            add_password(ADDRESS, str(path))


def test_the_command_reads_the_password_file_and_says_where_there_is_none(tmp_path: Path) -> None:
    environ = {"DCKGRADE_DATABASE": ADDRESS, "DCKGRADE_DATABASE_PASSWORD_FILE": str(tmp_path / "nowhere")}
    done = dckgrade("board", "purge", "--older-than", "1", environ=environ)
    assert done.returncode == 2
    assert b"nowhere" in done.stderr
    assert b"Traceback" not in done.stderr
