"""`dckgrade explain ST-01`: explain one mistake; alone, list all that labs know."""

from typing import TYPE_CHECKING, Annotated

import typer

from dckgrade.cli import completion as names
from dckgrade.cli import exit_codes, language, options, output
from dckgrade.i18n import N_, UserError

if TYPE_CHECKING:
    from dckgrade.lab.catalogue import KnownMistake


class NoSuchCode(UserError):
    """A code that names no mistake."""


def explain(
    code: Annotated[
        str | None,
        typer.Argument(
            autocompletion=names.complete_codes,
            help=N_("The code, such as ST-01; without it, all are listed."),
        ),
    ] = None,
    lang: options.Language = None,
) -> None:
    """Explain a mistake: what was seen, why it happens, how to look for oneself, what to read."""
    from dckgrade.render.explanation import render_mistake, render_mistake_index

    known = load_mistakes()
    if not known:
        raise exit_codes.NothingToGrade(N_("No lab defines a mistake."))
    spoken = language.get_language()
    output.print_on_terminal(
        render_mistake(find_mistake(code, known), spoken)
        if code
        else render_mistake_index(known.values(), spoken)
    )


def load_mistakes() -> "dict[str, KnownMistake]":
    """Read the mistakes of all labs."""
    from dckgrade.lab.catalogue import collect_mistakes
    from dckgrade.lab.checked import load_checked_lab
    from dckgrade.lab.discovery import list_lab_paths

    return collect_mistakes(load_checked_lab(path).lab for path in list_lab_paths().values())


def find_mistake(code: str, known: "dict[str, KnownMistake]") -> "KnownMistake":
    """Find a mistake by its code, in capitals or not, or by its short name."""
    from dckgrade.lab.problem import guess_nearest_word

    names = {mistake.diagnosis.name: key for key, mistake in known.items() if mistake.diagnosis.name}
    exact = code.upper() if code.upper() in known else names.get(code.lower(), "")
    if exact:
        return known[exact]
    near = guess_nearest_word(code.upper(), known) or names.get(guess_nearest_word(code.lower(), names) or "")
    raise NoSuchCode(
        N_("No lab defines the mistake “{code}”."),
        N_("Did you mean {near}?") if near else N_("`dckgrade explain` lists them all."),
        code=code,
        near=near,
    )
