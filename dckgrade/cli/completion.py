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
    from dckgrade.render.text.sanitize import sanitize_line

    path = get_lab_path(name)
    return sanitize_line(read_lab_title(path, language.get_language())) if path else ""


def complete_checks(ctx: typer.Context, incomplete: str) -> Completions:
    """Offer the checks of the lab that is being typed, or of every lab."""
    from dckgrade.lab.checked import load_checked_lab
    from dckgrade.lab.discovery import get_lab_path, list_lab_paths
    from dckgrade.lab.problem import FileInvalid
    from dckgrade.render.text.sanitize import sanitize_line

    lab = ctx.params.get("lab") or ctx.info_name or ""
    path = get_lab_path(lab)
    for lab_path in [path] if path else list_lab_paths().values():
        with contextlib.suppress(FileInvalid, UserError):
            for check in load_checked_lab(lab_path).lab.checks:
                if check.id.startswith(incomplete):
                    yield check.id, sanitize_line(check.title.in_language(language.get_language()))


def complete_codes(incomplete: str) -> Completions:
    """Offer the codes of all mistakes, each with its message."""
    from dckgrade.lab.catalogue import iter_mistakes
    from dckgrade.lab.checked import load_checked_lab
    from dckgrade.lab.discovery import list_lab_paths
    from dckgrade.lab.model import PLACEHOLDER_PATTERN
    from dckgrade.lab.problem import FileInvalid
    from dckgrade.render.text.sanitize import sanitize_line

    for path in list_lab_paths().values():
        with contextlib.suppress(FileInvalid, UserError):
            for mistake in iter_mistakes(load_checked_lab(path).lab):
                diagnosis = mistake.diagnosis
                if diagnosis.code.startswith(incomplete.upper()) and diagnosis.message:
                    message = diagnosis.message.in_language(language.get_language())
                    yield diagnosis.code, sanitize_line(PLACEHOLDER_PATTERN.sub("…", message))


def complete_contexts(incomplete: str) -> Completions:
    """Offer Docker's contexts, each with its description."""
    from dckgrade.engine.endpoint import list_contexts as known
    from dckgrade.render.text.sanitize import sanitize_line

    for name, description in known(os.environ, Path.home()).items():
        if name.startswith(incomplete):
            yield name, sanitize_line(description)


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
                        yield sanitize_line(name), sanitize_line(str(listed.get("Image") or ""))


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
