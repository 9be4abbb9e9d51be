"""What a policy file declares, as it is written."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec.structs
from msgspec import Struct

from dckgrade.probes.apparmor.policy.permissions import Permissions


class FileRule(Struct, frozen=True):
    """A rule about files, as it is written."""

    path: str
    permissions: Permissions
    is_denial: bool
    owner: str
    """owner, other, or '' for both."""
    target: str
    """The profile to which execution passes, or what a link leads to; '' without one."""
    line: int


class Mention(NamedTuple):
    """Where a text stands in which variables are replaced."""

    text: str
    line: int
    is_pattern: bool = False
    """It is a path pattern too."""


class Policy(Struct, frozen=True):
    """A profile, or a child of one."""

    name: str
    line: int
    attachment: str
    flags: frozenset[str]
    rules: list[FileRule]
    mentions: list[Mention]
    """Texts of other rules."""
    children: list["Policy"]


class PolicyFile(Struct, frozen=True):
    """What a file declares."""

    profiles: Sequence[Policy]
    variables: Mapping[str, Sequence[str]]
    knows_all_variables: bool
    """Each include before the profiles could be read; within them nothing is declared."""
    unknown_includes: Mapping[str, int]
    """Those that could not be read, and their lines."""


class Prefix(NamedTuple):
    """The words before a rule."""

    is_denial: bool
    owner: str


def add_prefix(rule: FileRule, prefix: Prefix) -> FileRule:
    """Return the rule of a block with the words before the block."""
    return msgspec.structs.replace(
        rule, is_denial=rule.is_denial or prefix.is_denial, owner=rule.owner or prefix.owner
    )


def iter_policies(profiles: Sequence[Policy]) -> Iterator[Policy]:
    """Yield the profiles and their children."""
    for profile in profiles:
        yield profile
        yield from iter_policies(profile.children)
