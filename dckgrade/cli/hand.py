"""`dckgrade hand`: raise a hand on the class board, and lower it."""

from typing import Annotated

import typer

from dckgrade.cli import exit_codes, language, options, sending
from dckgrade.i18n import N_, UserError, get_translator

TextArgument = Annotated[str, typer.Argument(metavar="[TEXT]", help=N_("What you want to ask."))]
DownOption = Annotated[bool, typer.Option("--down", help=N_("Lower it."))]


def hand(text: TextArgument = "", down: DownOption = False, lang: options.Language = None) -> None:
    """Raise your hand on the class board."""
    from dckgrade.classroom import board_client, membership

    joined = membership.read_membership(sending.get_membership_path())
    if joined is None:
        raise UserError(
            N_("You are on no board."),
            N_("Type the line that your trainer shows: `dckgrade join https://… CODE`."),
        )
    board_client.set_hand(joined, None if down else text)
    message = N_("Your hand is down.") if down else N_("Your hand is up.")
    exit_codes.print_to_stderr([get_translator(language.get_language())(message)])
