"""Load a lab's file, or report every problem in it with file:line:column."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from dckgrade.i18n import N_
from dckgrade.lab import shape
from dckgrade.lab.any_probe import decode_probe
from dckgrade.lab.lint import iter_located_diagnoses, lint_lab
from dckgrade.lab.model import Lab, LoadedLab
from dckgrade.lab.problem import FileInvalid, Problem
from dckgrade.lab.source import read_lab_bytes, read_lab_source
from dckgrade.lab.strict_yaml import NotStrict, YamlDocument, parse_strict_yaml
from dckgrade.report.decode import convert_data


class LabInvalid(FileInvalid):
    """A lab that cannot be used."""


def load_lab(path: Path) -> LoadedLab:
    """Read, convert and lint a file; raises `LabInvalid`, and `UserError` when it cannot be read."""
    source = read_lab_source(path)
    return LoadedLab(lab=parse_lab(source.raw, path), digest=source.digest, path=path)


def parse_lab(raw: bytes, path: Path) -> Lab:
    """Turn the bytes of a file into a `Lab` or raise `LabInvalid`."""
    try:
        document = parse_strict_yaml(raw)
    except NotStrict as refused:
        shapeless = find_shape_problems(refused.document) if refused.document else []
        raise LabInvalid(path, merge_problems(refused.problems, shapeless), raw) from None
    try:
        lab = convert_data(document.data, Lab, decode_probe)
    except msgspec.ValidationError as error:
        # Only now is the slower walk worth it, which finds every place where the shape is wrong.
        found = find_shape_problems(document) or [Problem((1, 1), "{error}", error=error)]
        raise LabInvalid(path, found, raw) from None
    problems = [
        *find_null_problems(document),
        *find_file_name_problems(lab, document, path),
        *lint_lab(lab, document),
    ]
    if problems:
        raise LabInvalid(path, problems, raw)
    return lab


def find_shape_problems(document: YamlDocument) -> list[Problem]:
    """List what does not have the shape of a lab."""
    return merge_problems(find_null_problems(document), shape.find_type_problems(document, Lab))


def merge_problems(problems: list[Problem], more: Sequence[Problem]) -> list[Problem]:
    """Add *more* problems, but none where something else is wrong anyway."""
    places = {problem.place for problem in problems}
    return [*problems, *(problem for problem in more if problem.place not in places)]


def find_null_problems(document: YamlDocument) -> list[Problem]:
    """Refuse nulls: a key whose value was forgotten would pass for a key that was left out."""
    what = N_("nothing is written here; leave the key out, or quote the word if it is text")
    return [Problem(place, what) for place in document.null_places]


def find_file_name_problems(lab: Lab, document: YamlDocument, path: Path) -> Iterator[Problem]:
    """Find a lab whose id differs from the name of its file, by which it is found."""
    if lab.id != path.stem:
        place = document.find_place(("id",))
        yield Problem(place, N_("the file is called {file}, the lab {id}"), file=path.name, id=lab.id)


def find_conflicting_inputs(labs: Sequence[LoadedLab]) -> Iterator[LabInvalid]:
    """Find inputs that two labs declare with different types: one name means one thing in all labs."""
    owners: dict[str, tuple[str, Path]] = {}
    for loaded in labs:
        for at, declared in enumerate(loaded.lab.inputs):
            known, owner = owners.setdefault(declared.name, (declared.type, loaded.path))
            if known != declared.type:
                raw = read_lab_bytes(loaded.path)
                place = parse_strict_yaml(raw).find_place(("inputs", at, "type"))
                what = N_("`{name}` is of the type {known} in {file}")
                problem = Problem(place, what, name=declared.name, known=known, file=owner)
                yield LabInvalid(loaded.path, [problem], raw)


def find_repeated_codes(labs: Sequence[LoadedLab]) -> Iterator[LabInvalid]:
    """Find codes that two labs give to mistakes of their own: a code names one mistake, everywhere."""
    owners: dict[str, Path] = {}
    for loaded in labs:
        for path, _, diagnosis in iter_located_diagnoses(loaded.lab):
            owner = owners.setdefault(diagnosis.code, loaded.path) if diagnosis.message else loaded.path
            if owner != loaded.path:
                raw = read_lab_bytes(loaded.path)
                place = parse_strict_yaml(raw).find_place((*path, "code"))
                what = N_("{code} already names a mistake of {file}")
                yield LabInvalid(loaded.path, [Problem(place, what, code=diagnosis.code, file=owner)], raw)
