"""Describe what an author may write of a kind of probe: parameters and facts, with types and meaning."""

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise

import msgspec
from msgspec import Struct
from msgspec.inspect import ListType, LiteralType, Metadata, NoneType, StructType, Type, UnionType

from dckgrade.lab.fact_types import TYPE_NAMES, get_field_types, simplify_union
from dckgrade.lab.shape import get_type_info


class FieldReference(Struct, frozen=True):
    """One parameter or fact; *about* is empty where the name says it all."""

    name: str
    type: str
    about: str = ""


@cache
def describe_fields(cls: type[Struct]) -> list[FieldReference]:
    """List the fields of *cls* in the order of its code, whose docstrings say what they are."""
    docstrings = read_field_docstrings(cls)
    fields = {field.name: field.encode_name for field in msgspec.structs.fields(cls)}
    types = {field.encode_name: field.type for field in getattr(get_type_info(cls), "fields", ())}
    return [
        FieldReference(name, describe_type(types[name]), docstrings.get(field, ""))
        for field, name in fields.items()
    ]


def read_field_docstrings(cls: type) -> dict[str, str]:
    """Read the texts that stand below the fields of *cls*; Python itself throws them away."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    lines = body.body if isinstance(body, ast.ClassDef) else []
    return {
        field.target.id: " ".join(below.value.value.split())
        for field, below in pairwise(lines)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }


def describe_type(wanted: Type) -> str:
    """Name a type, as a person writes it."""
    if isinstance(wanted, UnionType):
        nullable = any(isinstance(member, NoneType) for member in wanted.types)
        return describe_type(simplify_union(wanted)) + (" or null" if nullable else "")
    match wanted:
        case Metadata():
            return describe_type(wanted.type)
        case LiteralType():
            return " | ".join(map(str, wanted.values))
        case ListType():
            return f"list of: {describe_type(wanted.item_type)}"
        case StructType():
            inside = ", ".join(
                f"{name}: {describe_type(type_)}" for name, type_ in get_field_types(wanted).items()
            )
            return f"{{{inside}}}"
        case _:
            return TYPE_NAMES[type(wanted)].removeprefix("a ")
