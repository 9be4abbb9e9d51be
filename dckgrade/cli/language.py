"""Command line and environment → the language of this run, known before anything is shown."""

import gettext
import os
from collections.abc import Mapping, Sequence

from dckgrade.i18n import CATALOGUES, N_, Lang, UserError

LANGS: tuple[Lang, ...] = ("fr", "en")


class UnknownLang(UserError):
    """A language that dckgrade does not speak."""


def chosen(arguments: Sequence[str], environ: Mapping[str, str], settled: str = "") -> Lang:
    """Take `--lang`, else DCKGRADE_LANG, else what the user has *settled*, else the locale, else French."""
    asked = written(arguments) or environ.get("DCKGRADE_LANG", "") or settled
    if asked and asked not in LANGS:
        raise UnknownLang(N_("Unknown language “{asked}”."), N_("There are fr and en."), asked=asked)
    locale = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return next(
        (lang for lang in LANGS if lang == asked),
        next((lang for lang in LANGS if locale.startswith(lang)), "fr"),
    )


def written(arguments: Sequence[str]) -> str:
    """Find `--lang X` or `--lang=X`, wherever it stands."""
    for at, argument in enumerate(arguments):
        if argument == "--lang":
            return next(iter(arguments[at + 1 :]), "")
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
    return ""


def spoken() -> Lang:
    """Give the language that `speak` has settled for this process."""
    return "en" if os.environ.get("LANGUAGE") == "en" else "fr"


def speak(lang: Lang) -> None:
    """Have Typer's own words in *lang* too: it takes them from the default domain when it is imported."""
    os.environ["LANGUAGE"] = lang
    gettext.bindtextdomain("messages", str(CATALOGUES))
