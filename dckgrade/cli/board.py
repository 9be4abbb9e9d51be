"""`dckgrade board`: serve the live class board, keep a copy of it, delete what is old."""

import os
import re
import sys
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

import dckgrade
from dckgrade.cli import exit_codes, language, options, output
from dckgrade.i18n import N_, UserError, get_translator

EXTRA_MODULES = (
    "starlette", "uvicorn", "sqlalchemy", "alembic", "sse_starlette", "psycopg", "prometheus_client",
    "cryptography",
)  # fmt: skip
"""What `dckgrade[board]` brings."""
DATABASE_VARIABLE, PASSWORD_FILE_VARIABLE = "DCKGRADE_DATABASE", "DCKGRADE_DATABASE_PASSWORD_FILE"
_AGE_PATTERN = re.compile(r"(\d{1,5})d?", re.ASCII)


class BoardAction(StrEnum):
    """What is to be done with the board."""

    SERVE = "serve"
    BACKUP = "backup"
    RESTORE = "restore"
    PURGE = "purge"


ActionArgument = Annotated[
    BoardAction,
    typer.Argument(help=N_("Serve it; write all of it to FILE; take FILE back; delete what is old.")),
]
FileArgument = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help=N_("The copy that backup writes and restore reads."))
]
ListenOption = Annotated[
    str | None,
    typer.Option(
        "--listen",
        metavar="HOST[:PORT]",
        help=N_("Where trainees reach it; beyond this machine by TLS, and the page stays on this machine."),
    ),
]
PageOption = Annotated[
    str, typer.Option("--page", metavar="[HOST:]PORT", help=N_("Where this machine serves the page."))
]
UrlOption = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help=N_("The address of a proxy in front, which does the TLS.")),
]
ClassNameOption = Annotated[
    str | None, typer.Option("--class", metavar="NAME", help=N_("Make this class, unless there is one."))
]
RosterOption = Annotated[
    Path | None, typer.Option("--roster", metavar="CSV", help=N_("Who is expected: name, email, username…"))
]
ClonedOption = Annotated[
    bool, typer.Option("--cloned", help=N_("The machines are copies of one image: engines share their id."))
]
OlderThanOption = Annotated[
    str | None,
    typer.Option("--older-than", metavar="DAYS", help=N_("With purge: delete reports older than that.")),
]
StackOption = Annotated[
    bool,
    typer.Option("--stack", help=N_("Print the stack file of a board on a swarm, with PostgreSQL.")),
]


def board(
    action: ActionArgument = BoardAction.SERVE,
    file: FileArgument = None,
    listen: ListenOption = None,
    page: PageOption = "127.0.0.1:8000",
    url: UrlOption = None,
    class_name: ClassNameOption = None,
    roster: RosterOption = None,
    cloned: ClonedOption = False,
    older_than: OlderThanOption = None,
    stack: StackOption = False,
    lang: options.Language = None,
) -> None:
    """Serve the live class board: who is stuck where, now."""
    if stack:
        sys.stdout.buffer.write((Path(dckgrade.__file__).parent / "board" / "stack.yaml").read_bytes())
        return
    if missing := [name for name in EXTRA_MODULES if find_spec(name) is None]:
        raise UserError(
            N_("The board needs more than is installed ({missing})."),
            N_("`pip install 'dckgrade[board]'` brings it."),
            missing=", ".join(missing),
        )
    match action:
        case BoardAction.SERVE:
            serve(listen, page, url, class_name, roster, cloned=cloned)
        case BoardAction.PURGE:
            purge(older_than)
        case BoardAction.BACKUP | BoardAction.RESTORE:
            copy_board(action, file)


def get_board_folder() -> Path:
    """Return the folder of the database and the certificate, its owner's alone."""
    from platformdirs import user_state_path

    folder = user_state_path("dckgrade") / "board"
    output.make_folder(folder)
    folder.chmod(0o700)
    return folder


def get_database_address() -> str:
    """Return the address of the database: the environment's, else a file in the state folder."""
    from dckgrade.board.database import add_password, get_sqlite_address

    address = os.environ.get(DATABASE_VARIABLE)
    if not address:
        return get_sqlite_address(get_board_folder() / "board.sqlite3")
    password_file = os.environ.get(PASSWORD_FILE_VARIABLE)
    return add_password(address, password_file) if password_file else address


def serve(
    listen: str | None,
    page: str,
    url: str | None,
    class_name: str | None,
    roster: Path | None,
    *,
    cloned: bool,
) -> None:
    """Serve until interrupted."""
    import asyncio

    from dckgrade.board.board import Board
    from dckgrade.board.database import open_database
    from dckgrade.board.serve import BoardSockets, serve_board
    from dckgrade.classroom.people import Roster, read_roster

    sockets = BoardSockets.open(page, listen, url, get_board_folder() / "certificate.pem")
    expected = read_roster(roster) if roster else Roster()
    running = Board(open_database(get_database_address()), language.get_language(), cloned=cloned)
    codes = running.prepare_classes(class_name)

    def tell() -> None:
        say = get_translator(language.get_language())
        link = f"{sockets.public.page_url}/enter?token={running.token}"
        lines = [say(N_("The board, for the trainer: {link}")).format(link=link), say(N_("Trainees type:"))]
        lines += [f"{name}: {sockets.public.format_join_line(code)}" for name, code in codes]
        exit_codes.print_to_stderr(lines)

    asyncio.run(serve_board(running, expected, sockets, tell))


def purge(older_than: str | None) -> None:
    """Delete the reports that are older."""
    from dckgrade.board import store
    from dckgrade.board.database import now_ms, use_database

    found = _AGE_PATTERN.fullmatch(older_than or "")
    if not found:
        raise UserError(
            N_("How old is old?"), N_("An example: {example}."), example="board purge --older-than 180"
        )
    with use_database(get_database_address()) as engine, engine.begin() as connection:
        count = store.purge_reports(connection, now_ms() - int(found[1]) * 24 * store.HOUR_MS)
    say = get_translator(language.get_language())
    exit_codes.print_to_stderr([say(N_("Deleted: {count} reports.")).format(count=count)])


def copy_board(action: BoardAction, file: Path | None) -> None:
    """Write the whole board to a file, or take it back from there."""
    from dckgrade.board import backup
    from dckgrade.board.database import use_database

    if file is None:
        raise UserError(
            N_("Name the file of the copy."), N_("An example: {example}."), example="board backup board.copy"
        )
    say = get_translator(language.get_language())
    with use_database(get_database_address()) as engine:
        if action is BoardAction.BACKUP:
            count = backup.write_backup(engine, file)
            text = say(N_("{path}: {count} reports. It holds the keys of the class: keep it to yourself."))
        else:
            count = backup.restore_backup(engine, file)
            text = say(N_("{path} is back: {count} reports."))
    exit_codes.print_to_stderr([text.format(path=file, count=count)])
