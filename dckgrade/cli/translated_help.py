"""Help in the user's language, translated when it is shown: a run needs none, nor reads the catalogue."""

from typing import Any

import typer
from typer.core import TyperCommand

from dckgrade.cli import language
from dckgrade.i18n import N_, get_translator

HELP_OPTION_NAMES = ["-h", "--help"]
TYPER_HELP_TEXTS = (
    N_("Show this message and exit."),
    N_("Install completion for the current shell."),
    N_("Show completion for the current shell, to copy it or customize the installation."),
)
"""What Typer says in help texts of its own; it marks none of it for translation."""


class TranslatedHelp:
    """What a command or group does before it shows its help, or offers its options to a shell."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, in the user's language."""
        self.translate_help()
        super().format_help(ctx, formatter)  # type: ignore[misc]

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Offer options with their help, in the user's language."""
        self.translate_help()
        return super().shell_complete(ctx, incomplete)  # type: ignore[misc]

    def translate_help(self) -> None:
        """Put the help and that of the options into the user's language; what is translated stays."""
        command: Any = self
        translate = get_translator(language.get_language())
        command.help = translate(command.help) if command.help else command.help
        # Typer's own options are English otherwise; the help option is made when it is first asked for.
        for param in (
            *command.params,
            command.get_help_option(typer.Context(command, help_option_names=HELP_OPTION_NAMES)),
        ):
            if getattr(param, "help", None):
                param.help = translate(param.help)


class TranslatedCommand(TranslatedHelp, TyperCommand):
    """A command with such a help."""
