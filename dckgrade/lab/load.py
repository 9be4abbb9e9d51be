"""A lab's file → the `Lab`, or every problem in it with file:line:column."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from dckgrade.i18n import N_, UserError
from dckgrade.lab import shape
from dckgrade.lab.lint import diagnoses, lint
from dckgrade.lab.model import Lab
from dckgrade.lab.problem import FileInvalid, Problem
from dckgrade.lab.strict_yaml import MAX_BYTES, Document, NotStrict, read


class LabInvalid(FileInvalid):
    """A lab that cannot be used."""


class LoadedLab(msgspec.Struct, frozen=True):
    """A lab and the digest of the bytes that it was read from."""

    lab: Lab
    digest: str
    path: Path


def load(path: Path) -> LoadedLab:
    """Read, convert and lint a file; raises `LabInvalid`, and `Trouble` when it cannot be read."""
    raw = content(path)
    return LoadedLab(lab=understood(raw, path), digest=f"sha256:{hashlib.sha256(raw).hexdigest()}", path=path)


def content(path: Path) -> bytes:
    """Read the file, or just enough of it to be refused."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UserError(N_("{path} cannot be read: {why}"), path=path, why=error.strerror) from None


def understood(raw: bytes, path: Path) -> Lab:
    """Turn the bytes of a file into a `Lab` or raise `LabInvalid`."""
    try:
        document = read(raw)
    except NotStrict as refused:
        shapeless = misshapen(refused.document) if refused.document else []
        raise LabInvalid(path, besides(refused.problems, shapeless), raw) from None
    try:
        lab = msgspec.convert(document.data, Lab)
    except msgspec.ValidationError as error:
        # Only now is the slower walk worth it, which finds every place where the shape is wrong.
        found = misshapen(document) or [Problem((1, 1), "{error}", error=error)]
        raise LabInvalid(path, found, raw) from None
    problems = [*nothings(document), *named_otherwise(lab, document, path), *lint(lab, document)]
    if problems:
        raise LabInvalid(path, problems, raw)
    return lab


def misshapen(document: Document) -> list[Problem]:
    """List what does not have the shape of a lab."""
    return besides(nothings(document), shape.problems(document, Lab))


def besides(problems: list[Problem], more: Sequence[Problem]) -> list[Problem]:
    """Add *more* problems, but none where something else is wrong anyway."""
    places = {problem.place for problem in problems}
    return [*problems, *(problem for problem in more if problem.place not in places)]


def nothings(document: Document) -> list[Problem]:
    """Refuse nulls: a key whose value was forgotten would pass for a key that was left out."""
    what = N_("nothing is written here; leave the key out, or quote the word if it is text")
    return [Problem(place, what) for place in document.nulls]


def named_otherwise(lab: Lab, document: Document, path: Path) -> Iterator[Problem]:
    """Want a lab to be called like its file, which is how it is found."""
    if lab.id != path.stem:
        place = document.place(("id",))
        yield Problem(place, N_("the file is called {file}, the lab {id}"), file=path.name, id=lab.id)


def repeated_codes(labs: Sequence[LoadedLab]) -> Iterator[LabInvalid]:
    """Find codes that two labs give to mistakes of their own: a code names one mistake, everywhere."""
    owners: dict[str, Path] = {}
    for loaded in labs:
        for path, _, one in diagnoses(loaded.lab):
            owner = owners.setdefault(one.code, loaded.path) if one.message else loaded.path
            if owner != loaded.path:
                raw = content(loaded.path)
                place = read(raw).place((*path, "code"))
                what = N_("{code} already names a mistake of {file}")
                yield LabInvalid(loaded.path, [Problem(place, what, code=one.code, file=owner)], raw)
