"""What a lab may demand of a fact, as data; whether a demand holds is the judge's business."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from dckgrade.lab.any_probe import AnyProbe
from dckgrade.probes.base import Strict

Scalar = str | int | float | bool
"""In a demand, a bare scalar means *equals*; type counts: 1 is not true, and "200" is not 200."""

Pattern = Annotated[str, Meta(min_length=1, max_length=500)]


class FactReference(Strict, frozen=True, kw_only=True):
    """A fact of another observation."""

    observe: AnyProbe
    """Another thing, or the same kind of thing elsewhere; it is observed in the same round."""
    fact: Annotated[str, Meta(min_length=1, max_length=64)]
    """Of the same type."""


class Matcher(Strict, frozen=True, kw_only=True, dict=True):
    """Demands on one fact; all that are written must hold."""

    equals: Scalar | UnsetType = UNSET
    """The same value, of the same type."""
    not_: "Wanted | UnsetType" = UNSET
    """The demand inside does not hold (of a fact that is there)."""
    one_of: Annotated[list[Scalar], Meta(min_length=1, max_length=100)] | UnsetType = UNSET
    """Equal to one of these."""
    matches: Pattern | UnsetType = UNSET
    """A regular expression (Python's) found within a line of the text; `^` and `$` are the line's ends."""
    contains: Scalar | UnsetType = UNSET
    """This text within the text, or this element within the list."""
    resembles: Annotated[str, Meta(min_length=4, max_length=100)] | UnsetType = UNSET
    """A name within two edits of this one, whatever the case, and yet not this one: a misspelling."""
    at_least: int | float | UnsetType = UNSET
    """This number or more."""
    at_most: int | float | UnsetType = UNSET
    """This number or less."""
    same_as: FactReference | UnsetType = UNSET
    """The same value as a fact of another observation, such as one volume that two containers mount."""
    present: bool | UnsetType = UNSET
    """Whether the fact has a value at all (it is not null)."""
    every: "Wanted | UnsetType" = UNSET
    """Each element of the list; never true of an empty list."""
    any: "Wanted | UnsetType" = UNSET
    """At least one element of the list."""
    count: "Wanted | UnsetType" = UNSET
    """The number of elements of the list."""
    where: "Expect | UnsetType" = UNSET
    """The fields of an element that is itself a mapping."""

    @cached_property
    def written_fields(self) -> dict[str, object]:
        """The demands that were written, by the names that labs give them."""
        names = zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True)
        pairs = ((name, getattr(self, field)) for field, name in names)
        return {name: value for name, value in pairs if value is not UNSET}

    @cached_property
    def references(self) -> tuple[FactReference, ...]:
        """The facts of other observations that it speaks of, inside too."""
        return tuple(
            reference for inner in self.written_fields.values() for reference in _find_references(inner)
        )


Wanted = Matcher | str | int | float | bool
Expect = Annotated[dict[str, Wanted], Meta(min_length=1)]
"""Fact name → what is wanted of it; all must hold."""


def get_written_fields(demand: Matcher) -> dict[str, object]:
    """Return the demands that were written, by the names that labs give them; found once a matcher."""
    return demand.written_fields


def iter_fact_references(expect: Mapping[str, Wanted]) -> Iterator[FactReference]:
    """Yield the facts of other observations that *expect* speaks of."""
    for wanted in expect.values():
        yield from _find_references(wanted)


def _find_references(inner: Any) -> Iterator[FactReference]:
    match inner:
        case FactReference():
            yield inner
        case Matcher():
            yield from inner.references
        case dict():
            yield from iter_fact_references(inner)
        case _:
            return
