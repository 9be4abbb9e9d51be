"""`dckgrade` alone: which labs there are."""

from pathlib import Path
from typing import TYPE_CHECKING

from dckgrade.cli import language
from dckgrade.i18n import N_, get_plural_translator, get_translator

if TYPE_CHECKING:
    from dckgrade.lab.kept import LabHead


def print_labs() -> None:
    """List the labs with their titles and points, and how to go on."""
    from dckgrade.lab.discovery import list_lab_paths
    from dckgrade.lab.kept import find_kept_head

    lang = language.get_language()
    translate, ngettext = get_translator(lang), get_plural_translator(lang)
    for name, path in list_lab_paths().items():
        head = find_kept_head(path) or load_head(path)
        points = ngettext("{count} point", "{count} points", head.points).format(count=head.points)
        print(f"{name}  {head.title.in_language(lang)}  ({points})")
    print("\n" + translate(N_("Grade one with `dckgrade LAB`; `dckgrade --help` shows the rest.")))


def load_head(path: Path) -> "LabHead":
    """Check the lab in *path*, which was not checked before."""
    from dckgrade.lab.checked import load_lab_head

    return load_lab_head(path)
