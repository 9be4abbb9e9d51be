"""Compare plain data with a msgspec type, and find every place where it does not fit."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any, Union

from msgspec import inspect

from dckgrade.i18n import N_
from dckgrade.lab.problem import MAX_PROBLEMS, Problem, guess_nearest_word
from dckgrade.lab.strict_yaml import ValuePath, YamlDocument
from dckgrade.probes.registry import kinds_by_name

# msgspec itself stops at the first error (its issues 264 and 1158); authors want them all.

MAX_AUTHOR_VALUE_CHARS = 60

PYTHON_TYPES_AND_NAMES: dict[type[inspect.Type], tuple[tuple[type, ...], str]] = {
    inspect.StrType: ((str,), N_("text")),
    inspect.IntType: ((int,), N_("a whole number")),
    inspect.FloatType: ((int, float), N_("a number")),
    inspect.BoolType: ((bool,), N_("true or false")),
    inspect.NoneType: ((type(None),), N_("nothing")),
    inspect.ListType: ((list,), N_("a list")),
    inspect.DictType: ((dict,), N_("a mapping")),
    inspect.StructType: ((dict,), N_("a mapping")),
    inspect.LiteralType: ((str, int), N_("one of a few words")),
}


@cache
def get_type_info(cls: type) -> inspect.Type:
    """Return msgspec's description of *cls*."""
    return inspect.type_info(cls)


@cache
def get_union_of_kinds() -> inspect.Type:
    """Return msgspec's description of a probe of any kind, for which a lab's own types have a stand-in."""
    return inspect.type_info(Union[tuple(kinds_by_name().values())])  # noqa: UP007 - found at run time


def find_type_problems(document: YamlDocument, cls: type) -> list[Problem]:
    """Compare the whole *document* with the shape of *cls*."""
    return list(
        islice(ShapeComparison(document).compare(document.data, get_type_info(cls), ()), MAX_PROBLEMS)
    )


class ShapeComparison:
    """Goes down data and type together; yields a `Problem` wherever they part."""

    def __init__(self, document: YamlDocument) -> None:
        self.document = document

    def make_problem(self, path: ValuePath, what: str, *, of_key: bool = False, **values: object) -> Problem:
        """Place *what* at *path*."""
        return Problem(self.document.find_place(path, of_key=of_key), what, **values)

    def compare(self, data: Any, wanted: inspect.Type, path: ValuePath) -> Iterator[Problem]:
        """Compare one value with the type wanted of it."""
        if isinstance(wanted, inspect.CustomType):
            wanted = get_union_of_kinds()
        if isinstance(wanted, inspect.UnionType):
            yield from self.compare_union(data, wanted, path)
        elif not is_of_type(data, wanted):
            yield self.make_type_problem(data, (get_type_name(wanted),), path)
        elif isinstance(wanted, inspect.StructType):
            yield from self.compare_struct(data, wanted, path)
        elif isinstance(wanted, inspect.LiteralType):
            if data not in wanted.values:
                yield self.make_unknown_word_problem(data, [str(value) for value in wanted.values], path)
        elif isinstance(wanted, inspect.IntType):
            yield from self.compare_range(data, wanted, path)
        elif isinstance(wanted, inspect.StrType | inspect.ListType | inspect.DictType):
            yield from self.compare_size(data, wanted, path)
            yield from self.compare_inside(data, wanted, path)

    def compare_union(self, data: Any, wanted: inspect.UnionType, path: ValuePath) -> Iterator[Problem]:
        """Choose the member by its tag, else by the kind of value; then compare with that one alone."""
        tagged = {
            member.tag: member
            for member in wanted.types
            if isinstance(member, inspect.StructType) and member.tag_field
        }
        if tagged and isinstance(data, dict):
            yield from self.compare_tagged(data, tagged, path)
            return
        member = next((member for member in wanted.types if is_of_type(data, member)), None)
        if member:
            yield from self.compare(data, member, path)
        else:
            names = dict.fromkeys(
                get_type_name(member) for member in wanted.types if not isinstance(member, inspect.NoneType)
            )
            yield self.make_type_problem(data, tuple(names), path)

    def compare_tagged(
        self, data: dict[str, Any], tagged: dict[Any, inspect.StructType], path: ValuePath
    ) -> Iterator[Problem]:
        """Compare with the member that the tag names."""
        field = next(iter(tagged.values())).tag_field or ""
        if field not in data:
            yield self.make_problem(path, N_("needs `{key}`"), key=field)
        elif not isinstance(data[field], str) or data[field] not in tagged:
            yield self.make_unknown_word_problem(data[field], list(tagged), (*path, field))
        else:
            yield from self.compare_struct(data, tagged[data[field]], path)

    def compare_struct(
        self, data: dict[str, Any], wanted: inspect.StructType, path: ValuePath
    ) -> Iterator[Problem]:
        """Name unknown and missing keys, and look into the known ones."""
        fields = {field.encode_name: field for field in wanted.fields}
        known = [*fields, *([wanted.tag_field] if wanted.tag_field else [])]
        for key in data:
            if key not in known:
                near = guess_nearest_word(key, [word for word in known if word not in data])
                yield self.make_problem(
                    (*path, key), N_("unknown key `{key}`"), of_key=True, key=key, near=near
                )
        for name, field in fields.items():
            if name in data:
                yield from self.compare(data[name], field.type, (*path, name))
            elif field.required:
                yield self.make_problem(path, N_("needs `{key}`"), key=name)

    def compare_inside(
        self, data: Any, wanted: inspect.StrType | inspect.ListType | inspect.DictType, path: ValuePath
    ) -> Iterator[Problem]:
        """Compare every element or value; hold a text to its pattern."""
        match wanted:
            case inspect.DictType():
                for key, value in data.items():
                    yield from self.compare(value, wanted.value_type, (*path, key))
            case inspect.ListType():
                for index, value in enumerate(data):
                    yield from self.compare(value, wanted.item_type, (*path, index))
            case inspect.StrType() if wanted.pattern and not re.search(wanted.pattern, data):
                what = N_("{found} is not of the form {pattern}")
                yield self.make_problem(path, what, found=format_author_value(data), pattern=wanted.pattern)

    def compare_range(self, data: int, wanted: inspect.IntType, path: ValuePath) -> Iterator[Problem]:
        """Check that a number is in its range."""
        least, most = wanted.ge, wanted.le
        if (least is not None and data < least) or (most is not None and data > most):
            what = N_("should be from {least} to {most}, is {found}")
            yield self.make_problem(path, what, least=least, most=most, found=data)

    def compare_size(
        self, data: Any, wanted: inspect.StrType | inspect.ListType | inspect.DictType, path: ValuePath
    ) -> Iterator[Problem]:
        """Check the size of a text, a list or a mapping."""
        least, most = wanted.min_length or 0, wanted.max_length
        if not data and least:
            yield self.make_problem(path, N_("is empty"))
        elif len(data) < least:
            yield self.make_problem(
                path, N_("too short: {length}, at least {least}"), length=len(data), least=least
            )
        elif most is not None and len(data) > most:
            yield self.make_problem(
                path, N_("too long: {length}, at most {most}"), length=len(data), most=most
            )

    def make_type_problem(self, data: Any, wanted: tuple[str, ...], path: ValuePath) -> Problem:
        """Make the problem that *data* is of another type than any *wanted*."""
        return self.make_problem(
            path, N_("should be {wanted}, is {found}"), wanted=wanted, found=format_author_value(data)
        )

    def make_unknown_word_problem(self, word: Any, known: list[str], path: ValuePath) -> Problem:
        """Make the problem that *word* is none of the *known* ones."""
        near = guess_nearest_word(str(word), known)
        what = N_("{found} is not one of: {known}")
        return self.make_problem(
            path, what, found=format_author_value(word), known=", ".join(known), near=near
        )


def is_of_type(data: Any, wanted: inspect.Type) -> bool:
    """Return whether *data* is of the type *wanted*, at the surface; a boolean is not a number."""
    if isinstance(data, bool):
        return isinstance(wanted, inspect.BoolType)
    expected = PYTHON_TYPES_AND_NAMES.get(type(wanted))
    return expected is not None and isinstance(data, expected[0])


def get_type_name(wanted: inspect.Type) -> str:
    """Name a type for an author."""
    return PYTHON_TYPES_AND_NAMES[type(wanted)][1]


def format_author_value(data: Any) -> str:
    """Show an author's value, cut to a readable length."""
    match data:
        case dict():
            return "{…}"
        case list():
            return "[…]"
        case None | bool():
            return str({None: "null", True: "true", False: "false"}[data])
        case str():
            return (
                f"“{data}”" if len(data) <= MAX_AUTHOR_VALUE_CHARS else f"“{data[:MAX_AUTHOR_VALUE_CHARS]}…”"
            )
        case _:
            return str(data)
