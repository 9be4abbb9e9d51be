"""What may stand where on the command line, with titles, for the shell's completion; it never complains."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import typer

from dckgrade.cli import language
from dckgrade.i18n import UserError

Completions = Iterator[tuple[str, str]]
"""What can be typed, and what it is."""


def complete_labs(incomplete: str) -> Completions:
    """Offer the labs."""
    from dckgrade.lab.discovery import list_lab_paths

    for name in list_lab_paths():
        if name.startswith(incomplete):
            yield name, get_lab_title(name)


def get_lab_title(name: str) -> str:
    """Give a lab's title alone; what bash would not show is not looked up."""
    if "bash" in os.environ.get("_DCKGRADE_COMPLETE", ""):
        return ""
    from dckgrade.lab.discovery import get_lab_path, read_lab_title
    from dckgrade.render.text.sanitize import sanitize_line

    path = get_lab_path(name)
    return sanitize_line(read_lab_title(path, language.get_language())) if path else ""


def complete_checks(ctx: typer.Context, incomplete: str) -> Completions:
    """Offer the checks of the lab that is being typed, or of every lab."""
    from dckgrade.lab.discovery import get_lab_path, list_lab_paths
    from dckgrade.lab.load import LabInvalid, load_lab
    from dckgrade.render.text.sanitize import sanitize_line

    lab = ctx.params.get("lab") or ctx.info_name or ""
    path = get_lab_path(lab)
    for one in [path] if path else list_lab_paths().values():
        with contextlib.suppress(LabInvalid, UserError):
            for check in load_lab(one).lab.checks:
                if check.id.startswith(incomplete):
                    yield check.id, sanitize_line(check.title.in_language(language.get_language()))


def complete_codes(incomplete: str) -> Completions:
    """Offer the codes of all mistakes, each with what is said of it."""
    from dckgrade.lab.catalogue import iter_mistakes
    from dckgrade.lab.discovery import list_lab_paths
    from dckgrade.lab.load import LabInvalid, load_lab
    from dckgrade.lab.model import PLACEHOLDER_PATTERN
    from dckgrade.render.text.sanitize import sanitize_line

    for path in list_lab_paths().values():
        with contextlib.suppress(LabInvalid, UserError):
            for one in iter_mistakes(load_lab(path).lab):
                if one.diagnosis.code.startswith(incomplete.upper()) and one.diagnosis.message:
                    said = one.diagnosis.message.in_language(language.get_language())
                    yield one.diagnosis.code, sanitize_line(PLACEHOLDER_PATTERN.sub("…", said))


def complete_contexts(incomplete: str) -> Completions:
    """Offer Docker's contexts, each with its description."""
    from dckgrade.engine.endpoint import list_contexts as known
    from dckgrade.render.text.sanitize import sanitize_line

    for name, description in known(os.environ, Path.home()).items():
        if name.startswith(incomplete):
            yield name, sanitize_line(description)
