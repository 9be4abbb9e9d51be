"""The base of everything that an author may write in a lab: nothing unknown, nothing mutable."""

from msgspec import Struct


class Strict(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename="kebab"
):
    """A mapping of a lab. `kw_only` is not inherited: each subclass says it again (msgspec's own rule)."""
