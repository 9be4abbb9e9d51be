"""`dckgrade` alone: which labs there are."""

from dckgrade.cli import language
from dckgrade.i18n import N_, get_translator


def print_labs() -> None:
    """List the labs with their titles and points, and how to go on."""
    from dckgrade.lab.discovery import list_lab_paths
    from dckgrade.lab.load import load_lab

    lang = language.get_language()
    translate = get_translator(lang)
    for name, path in list_lab_paths().items():
        lab = load_lab(path).lab
        points = translate(N_("{points} points")).format(points=sum(check.points for check in lab.checks))
        print(f"{name}  {lab.title.in_language(lang)}  ({points})")
    print("\n" + translate(N_("Grade one with `dckgrade LAB`; `dckgrade --help` shows the rest.")))
