"""`dckgrade join`: take a place on the trainer's class board; `dckgrade leave`: give it up."""

import sys
from typing import Annotated

import typer

from dckgrade.cli import exit_codes, language, options, output, sending, settings
from dckgrade.i18n import N_, UserError, get_translator

BoardUrlArgument = Annotated[str, typer.Argument(metavar="URL", help=N_("The address that the board shows."))]
CodeArgument = Annotated[
    list[str], typer.Argument(metavar="CODE", help=N_("The code behind it; hyphens and case do not matter."))
]
NameOption = Annotated[str | None, typer.Option("--name", help=N_("Your name, as the trainer knows you."))]


def join(
    url: BoardUrlArgument, code: CodeArgument, name: NameOption = None, lang: options.Language = None
) -> None:
    """Join a class board: each graded run is sent to it from now on."""
    from dckgrade.classroom import board_client, membership

    path = sending.get_membership_path()
    if joined := membership.read_membership(path):
        raise UserError(
            N_("You are on the board of {name} already."),
            N_("`dckgrade leave` takes you off it."),
            name=joined.class_name,
        )
    join_code = membership.parse_join_code("".join(code))
    membership.parse_board_url(url)
    output.make_folder(path.parent)
    new = board_client.join_board(url, join_code, name or find_name())
    output.write_file_atomically(path, membership.encode_membership(new), private=True)
    message = N_(
        "You are on the board of {class_name} as {name}: each run is sent there, unless you say --no-send."
    )
    text = get_translator(language.get_language())(message)
    exit_codes.print_to_stderr([text.format(class_name=new.class_name, name=new.name)])


def find_name() -> str:
    """Return the name that is set for reports, else ask for it."""
    if setting := settings.load_settings().get("trainee"):
        return str(setting.value)
    if not sys.stdin.isatty():
        raise UserError(N_("A board wants a name."), N_("Give yours by --name."))
    return str(typer.prompt(get_translator(language.get_language())(N_("Your name")), err=True))


def leave(lang: options.Language = None) -> None:
    """Leave the class board: nothing is sent any more."""
    from dckgrade.classroom import board_client, membership

    path, outbox, troubles = sending.get_membership_path(), sending.get_outbox(), list[UserError]()
    if not path.exists():
        raise UserError(N_("You are on no board."))
    # Whatever the board says, and whatever has become of what waits: the trainee is free to go.
    try:
        if joined := membership.read_membership(path):
            board_client.deliver(joined, outbox)
            board_client.leave_board(joined)
    except UserError as trouble:
        troubles.append(trouble)
    except OSError as error:
        troubles.append(sending.make_unreadable_error(outbox, error))
    output.remove_file(path)
    try:
        outbox.clear()
    except OSError as error:
        troubles = [sending.make_unreadable_error(outbox, error)]
    lines = [line for trouble in troubles for line in trouble.translate_sentences(language.get_language())]
    text = get_translator(language.get_language())(N_("Nothing is sent to a board any more."))
    exit_codes.print_to_stderr([*lines, text])
