"""Help in the user's language, translated when it is shown: a run needs none, nor reads the catalogue."""

from typing import Any

import typer
from typer.core import TyperCommand

from dckgrade.cli import language
from dckgrade.i18n import N_, Lang, Translate, get_translator
from dckgrade.lazy_patterns import compile_lazily

HELP_OPTION_NAMES = ["-h", "--help"]
TYPER_HELP_TEXTS = (
    N_("Show this message and exit."),
    N_("Install completion for the current shell."),
    N_("Show completion for the current shell, to copy it or customize the installation."),
)
"""What Typer says in help texts of its own; it marks none of it for translation."""


METAVARS = (
    N_("CHECK"), N_("DIR"), N_("FILE"), N_("KEY"), N_("LAB"), N_("NAME"), N_("NUMBER"), N_("PATH"),
    N_("REPORT"), N_("ROSTER"), N_("SECONDS"), N_("TEXT"), N_("WORD"),
)  # fmt: skip
"""What stands for a value that a user gives."""
TYPE_METAVARS = {
    **dict.fromkeys(("int", "int range", "float", "float range"), "NUMBER"),
    "str": "TEXT",
}
"""By the parser's names of types, for options that say no more of their value."""
METAVAR_PATTERN = compile_lazily(r"[A-Z]{3,}")
RANGE_PATTERN = compile_lazily(r"(-?[\d.]+)<=x<=(-?[\d.]+)")
WHOLE_DEFAULT_PATTERN = compile_lazily(r"(?<=: )(\d+)\.0(?=[];])")


def translate_metavar(metavar: str, translate: Translate) -> str:
    """Translate the words in capitals that stand for a value."""
    return METAVAR_PATTERN.sub(
        lambda found: translate(found[0]) if found[0] in METAVARS else found[0], metavar
    )


def typeset_help(text: str, lang: Lang) -> str:
    """Put into *lang* what the formatter of the help says itself in a part of it."""
    text = WHOLE_DEFAULT_PATTERN.sub(r"\1", RANGE_PATTERN.sub(r"\1…\2", text))
    if lang != "fr":
        return text
    for english, french in FORMATTER_WORDS:
        text = text.replace(english, french)
    return f"{text[:-2]}\xa0:\n" if text.endswith(":\n") and not text.endswith("\xa0:\n") else text


FORMATTER_WORDS = (("Usage: ", "Utilisation\xa0: "), ("COMMAND [ARGS]...", "COMMANDE [MOTS]…"))
"""What the formatter says and marks nowhere for translation."""


class TranslatedHelp:
    """What a command or group does before it shows its help, or offers its options to a shell."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, in the user's language."""
        self.translate_help()
        super().format_help(ctx, formatter)  # type: ignore[misc]
        formatter.buffer[:] = [typeset_help(part, language.get_language()) for part in formatter.buffer]

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Offer options with their help, in the user's language."""
        from dckgrade.cli.completion import make_description

        self.translate_help()
        found = super().shell_complete(ctx, incomplete)  # type: ignore[misc]
        for item in found:
            item.help = make_description(item.help) if item.help else item.help
        return found

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
            if metavar := param.metavar or TYPE_METAVARS.get(getattr(param.type, "name", "")):
                is_flag = getattr(param, "is_flag", False)
                param.metavar = param.metavar if is_flag else translate_metavar(metavar, translate)


class TranslatedCommand(TranslatedHelp, TyperCommand):
    """A command with such a help."""
