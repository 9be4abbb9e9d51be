"""What each recording was made of: a digest of the case's files, its images and the code that looked."""

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import dckgrade
from dckgrade.lab.model import LoadedLab
from dckgrade.prove.case import Case, read_proof_settings

PACKAGE = Path(dckgrade.__file__).parent
CODE_OF_EVERY_RECORDING = ("engine", "grading", "probes/support")
STAMPS_FILE = "recorded.json"
DIGEST_CHARS = 16
NOT_APPLIED = ("recording.", "expect.yaml")
"""How the names begin of files of a case that change nothing about what an engine is asked or shown."""


def compute_digest(loaded: LoadedLab, fixtures: Path, case: Case) -> str:
    """Compute the digest of what a recording of *case* would be made of now."""
    digest = hashlib.sha256()
    for part in (digest_case_files(case.folder), digest_lab_parts(loaded, fixtures)):
        digest.update(part.encode())
    # What is expected decides nothing but how long is waited.
    digest.update(repr((case.expectation.timeout, sorted(case.expectation.budget.items()))).encode())
    return digest.hexdigest()[:DIGEST_CHARS]


def digest_lab_parts(loaded: LoadedLab, fixtures: Path) -> str:
    """Digest what all cases of a lab have in common."""
    topics = {type(probe).__module__.split(".")[2] for probe in loaded.lab.list_probes()}
    rooms = (*CODE_OF_EVERY_RECORDING, *(f"probes/{topic}" for topic in topics))
    parts = [digest_code(PACKAGE / room) for room in sorted(set(rooms))]
    builders = ["images", *(["guest"] if read_proof_settings(fixtures, loaded.lab.id).guest else [])]
    parts += [digest_files(fixtures / builder) for builder in builders]
    return " ".join(parts)


def digest_case_files(folder: Path) -> str:
    """Digest what is applied; a link counts as the file that it leads to."""
    return digest_each(
        folder,
        (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(NOT_APPLIED)),
    )


@cache
def digest_files(folder: Path) -> str:
    """Digest the recipes in *folder*."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix not in {".md", ".pyc"})
    return digest_each(folder, paths)


def digest_each(folder: Path, paths: Iterable[Path]) -> str:
    """Digest files by their place below *folder* and what is in them: of Python, what it does."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(digest_source(path).encode() if path.suffix == ".py" else path.read_bytes())
    return digest.hexdigest()


@cache
def digest_code(folder: Path) -> str:
    """Digest the Python files of *folder*, by what they do."""
    return digest_each(folder, folder.rglob("*.py"))


@cache
def digest_source(path: Path) -> str:
    """Digest a Python file; comments, docstrings and layout make no difference."""
    tree = ast.parse(path.read_bytes())
    return hashlib.sha256("".join(describe_syntax(tree)).encode()).hexdigest()


def describe_syntax(node: object) -> Iterator[str]:
    """
    Describe a syntax tree, the same in every version of Python.

    Unlike `ast.dump`, what is empty is left out: later versions add fields, and print fewer of them.
    """
    if isinstance(node, ast.AST):
        yield f"{type(node).__name__}("
        for name, value in ast.iter_fields(node):
            kept = value[1:] if name == "body" and has_docstring(node) else value
            if kept is not None and kept != []:
                yield f"{name}="
                yield from describe_syntax(kept)
        yield ")"
    elif isinstance(node, list):
        for element in node:
            yield from describe_syntax(element)
            yield ","
    else:
        yield repr(node)


def has_docstring(node: ast.AST) -> bool:
    """Return whether the body of *node* begins with a docstring."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None


def read_stamps(fixtures: Path, lab: str) -> dict[str, str]:
    """Read what the lab's recordings were made of: case → digest."""
    path = fixtures / lab / STAMPS_FILE
    return dict(json.loads(path.read_bytes())) if path.exists() else {}


def stamp_recordings(loaded: LoadedLab, fixtures: Path, cases: Sequence[Case]) -> None:
    """Write down that the recordings of *cases* were made of what is there now."""
    stamps = read_stamps(fixtures, loaded.lab.id)
    stamps |= {case.name: compute_digest(loaded, fixtures, case) for case in cases}
    path = fixtures / loaded.lab.id / STAMPS_FILE
    path.write_text(json.dumps(stamps, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def find_stale_recordings(loaded: LoadedLab, fixtures: Path, cases: Sequence[Case]) -> set[str]:
    """Name the cases whose recordings were made of something else than what is there now."""
    stamps = read_stamps(fixtures, loaded.lab.id)
    applied = (case for case in cases if case.can_be_applied)
    return {case.name for case in applied if stamps.get(case.name) != compute_digest(loaded, fixtures, case)}
