"""The language of this run, from command line and environment, before anything is shown."""

import gettext
import os
from collections.abc import Mapping, Sequence

from dckgrade.i18n import CATALOGUES_FOLDER, N_, Lang, UserError

LANGUAGES: tuple[Lang, ...] = ("fr", "en")


class UnknownLanguage(UserError):
    """A language that dckgrade does not speak."""


def choose_language(arguments: Sequence[str], environ: Mapping[str, str], settled: str = "") -> Lang:
    """Take `--lang`, else DCKGRADE_LANG, else what the user has *settled*, else the locale, else French."""
    asked = find_lang_argument(arguments) or environ.get("DCKGRADE_LANG", "") or settled
    if asked and asked not in LANGUAGES:
        raise UnknownLanguage(N_("Unknown language “{asked}”."), N_("Available: fr, en."), asked=asked)
    locale = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return next(
        (lang for lang in LANGUAGES if lang == asked),
        next((lang for lang in LANGUAGES if locale.startswith(lang)), "fr"),
    )


def find_lang_argument(arguments: Sequence[str]) -> str:
    """Find `--lang X` or `--lang=X`, wherever it stands."""
    for at, argument in enumerate(arguments):
        if argument == "--lang":
            return next(iter(arguments[at + 1 :]), "")
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
    return ""


def get_language() -> Lang:
    """Return the language that `speak` has settled for this process."""
    return "en" if os.environ.get("LANGUAGE") == "en" else "fr"


def set_language(lang: Lang) -> None:
    """Have Typer's own words in *lang* too: it takes them from the default domain when it is imported."""
    os.environ["LANGUAGE"] = lang
    gettext.bindtextdomain("messages", str(CATALOGUES_FOLDER))
