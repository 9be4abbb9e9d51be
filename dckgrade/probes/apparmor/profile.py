"""Parse AppArmor profiles: what they declare, which writes they deny and grant, or what is wrong."""

import re
from collections.abc import Sequence

from msgspec import Struct

from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.apparmor.path_patterns import matches_path_pattern
from dckgrade.probes.apparmor.policy.check import VariableExpander, check_policy
from dckgrade.probes.apparmor.policy.lexer import UTF8_MARK, IncludeReader, InvalidPolicy
from dckgrade.probes.apparmor.policy.model import Policy, PolicyFile
from dckgrade.probes.apparmor.policy.parser import PolicyParser

PROFILE_HEAD_PATTERN = compile_lazily(r'^\s*(?:profile\b|hat\s|"?/[^\n{]*\{)', re.MULTILINE)
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
INCLUDES_WITHOUT_DENIALS = (
    *("<tunables/", "<abi/", "<abstractions/base", "<abstractions/nameservice", "<abstractions/openssl"),
    *("<abstractions/ssl_certs", "<abstractions/consoles"),
)
"""Debian's and Ubuntu's own, which neither deny writing nor grant much; read or not."""


class ApparmorProfile(Struct, frozen=True):
    """One profile of a file."""

    name: str
    flags: frozenset[str]
    denied: Sequence[str]
    """Patterns of paths to which writing is denied by name, variables replaced."""
    granted: Sequence[str]
    """Those to which it is allowed."""
    knows_all_rules: bool
    """False: an include may deny or grant more, and could not be read."""

    def denies(self, path: str) -> bool:
        """Return whether a deny rule forbids to write to *path*, a real path without links."""
        return any(matches_path_pattern(pattern, path) for pattern in self.denied)

    def grants(self, path: str) -> bool:
        """Return whether a rule allows to write to *path*, unless another denies it."""
        return any(matches_path_pattern(pattern, path) for pattern in self.granted)


def know_no_include(_: str) -> None:
    """Return None: what includes name cannot be read."""


def parse_apparmor_profiles(
    content: bytes, read_include: IncludeReader = know_no_include
) -> list[ApparmorProfile]:
    """Parse the profiles; raises `InvalidPolicy` when `apparmor_parser` would load none."""
    # The parser reads bytes: a letter each.
    text = content.decode("latin-1")
    parser = PolicyParser(text, read_include)
    try:
        found = parser.parse()
        check_policy(found)
    except InvalidPolicy as fault:
        if content.startswith(UTF16_MARKS) or b"\0" in content[:200]:
            raise InvalidPolicy("not-text", 1) from None
        if not parser.has_begun and not PROFILE_HEAD_PATTERN.search(text.removeprefix(UTF8_MARK)):
            raise InvalidPolicy("no-profile", 1) from fault
        raise
    if not found.profiles:
        raise InvalidPolicy("no-profile", 1)
    return [make_profile(profile, found) for profile in found.profiles]


def make_profile(profile: Policy, found: PolicyFile) -> ApparmorProfile:
    """Return what a profile says of writing, children left out: they are profiles of their own."""
    variables = VariableExpander(found, profile.name)
    writing = [
        (rule.is_denial, variables.expand_leniently(rule.path))
        for rule in profile.rules
        if {"w", "a"} & rule.permissions.letters and not rule.owner.startswith("other")
    ]
    return ApparmorProfile(
        name=profile.name.encode("latin-1").decode(errors="replace"),
        flags=profile.flags,
        denied=[path for is_denial, path in writing if is_denial and path],
        granted=[path for is_denial, path in writing if not is_denial and path],
        knows_all_rules=all(name.startswith(INCLUDES_WITHOUT_DENIALS) for name in found.unknown_includes)
        and all(path for _, path in writing),
    )
