"""What the shell's completion offers, with titles; an error offers nothing and is not shown."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import typer

from dckgrade.cli import language
from dckgrade.i18n import UserError

Completions = Iterator[tuple[str, str]]
"""Words that can be typed, each with what it stands for."""
MAX_ENGINE_WAIT_S = 2.0
ZSH_QUOTES = {ord("'"): "\N{RIGHT SINGLE QUOTATION MARK}", ord('"'): "\N{RIGHT DOUBLE QUOTATION MARK}"}


def make_description(text: str) -> str:
    """
    Make *text* safe to show beside a word; with typographic quotes in zsh, which loses the straight ones.

    Typer doubles them, and zsh takes two quotes that touch for none.
    """
    from dckgrade.render.text.sanitize import sanitize_line

    safe = sanitize_line(text)
    return safe.translate(ZSH_QUOTES) if "zsh" in os.environ.get("_DCKGRADE_COMPLETE", "") else safe


def complete_labs(incomplete: str) -> Completions:
    """Offer the labs."""
    from dckgrade.lab.discovery import list_lab_paths

    for name in list_lab_paths():
        if name.startswith(incomplete):
            yield name, get_lab_title(name)


def get_lab_title(name: str) -> str:
    """Return a lab's title; nothing for bash, which does not show it."""
    if "bash" in os.environ.get("_DCKGRADE_COMPLETE", ""):
        return ""
    from dckgrade.lab.discovery import get_lab_path, read_lab_title

    path = get_lab_path(name)
    return make_description(read_lab_title(path, language.get_language())) if path else ""


def complete_checks(ctx: typer.Context, incomplete: str) -> Completions:
    """Offer the checks of the lab that is being typed, or of every lab."""
    from dckgrade.lab.checked import load_checked_lab
    from dckgrade.lab.discovery import get_lab_path, list_lab_paths
    from dckgrade.lab.problem import FileInvalid

    lab = ctx.params.get("lab") or ctx.info_name or ""
    path = get_lab_path(lab)
    for lab_path in [path] if path else list_lab_paths().values():
        with contextlib.suppress(FileInvalid, UserError):
            for check in load_checked_lab(lab_path).lab.checks:
                if check.id.startswith(incomplete):
                    yield check.id, make_description(check.title.in_language(language.get_language()))


def complete_codes(incomplete: str) -> Completions:
    """Offer the codes of all mistakes, each with its message."""
    from dckgrade.lab.catalogue import iter_mistakes, translate_with_blanks
    from dckgrade.lab.checked import load_checked_lab
    from dckgrade.lab.discovery import list_lab_paths
    from dckgrade.lab.problem import FileInvalid

    for path in list_lab_paths().values():
        with contextlib.suppress(FileInvalid, UserError):
            for mistake in iter_mistakes(load_checked_lab(path).lab):
                diagnosis = mistake.diagnosis
                if diagnosis.code.startswith(incomplete.upper()) and diagnosis.message:
                    message = translate_with_blanks(diagnosis.message, language.get_language())
                    yield diagnosis.code, make_description(message)


def complete_contexts(incomplete: str) -> Completions:
    """Offer Docker's contexts, each with its description."""
    from dckgrade.engine.endpoint import list_contexts as known

    for name, description in known(os.environ, Path.home()).items():
        if name.startswith(incomplete):
            yield name, make_description(description)


def complete_containers(ctx: typer.Context, _words: list[str], incomplete: str) -> Completions:
    """Offer the containers of a local engine, each with its image; another engine takes too long."""
    from dckgrade.engine.answers import OutOfReach
    from dckgrade.engine.connection import connect_engine
    from dckgrade.engine.endpoint import resolve_endpoint
    from dckgrade.probes.support.lookup import list_container_names
    from dckgrade.render.text.sanitize import sanitize_line

    with contextlib.suppress(UserError, OutOfReach):
        where = resolve_endpoint(ctx.params.get("host"), ctx.params.get("context"), os.environ, Path.home())
        if not where.socket:
            return
        with connect_engine(where, MAX_ENGINE_WAIT_S) as engine:
            for listed in engine.take_snapshot().list_containers():
                for name in list_container_names(listed):
                    if name.startswith(incomplete):
                        yield sanitize_line(name), make_description(str(listed.get("Image") or ""))


def complete_folders(_ctx: typer.Context, _words: list[str], incomplete: str) -> Completions:
    """Offer the folders whose path goes on from what is typed."""
    typed = Path(incomplete).expanduser()
    inside, beginning = (typed, "") if incomplete.endswith(("/", os.sep)) else (typed.parent, typed.name)
    with contextlib.suppress(OSError):
        for path in sorted(inside.iterdir()):
            if path.name.startswith(beginning) and path.is_dir():
                yield f"{path}{os.sep}", ""


COMPLETIONS_BY_INPUT_TYPE: Mapping[str, Callable[..., Completions]] = {
    "container": complete_containers,
    "folder": complete_folders,
}
"""What the shell offers for the value of an input; other types have nothing to choose from."""
