"""What the parser refuses of a policy that it could read: variables, patterns, ways to execute."""

import re
from collections.abc import Mapping, Sequence
from itertools import combinations

from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.apparmor.path_patterns import PatternComparison, is_exact, is_valid_path_pattern
from dckgrade.probes.apparmor.policy.lexer import InvalidPolicy
from dckgrade.probes.apparmor.policy.model import FileRule, Mention, Policy, PolicyFile, iter_policies

MAX_EXPANDED_CHARS, MAX_NESTED_VARIABLES, MAX_EXECUTION_RULES = 4000, 50, 120
VARIABLE_REFERENCE_PATTERN = compile_lazily(r"(?<!\\)@\{(|[A-Za-z][A-Za-z0-9_]*)\}")
USUAL_VARIABLES: Mapping[str, Sequence[str]] = {
    "PROC": ["/proc/"],
    "HOMEDIRS": ["/home/"],
    "HOME": ["@{HOMEDIRS}/*/", "/root/"],
    "sys": ["/sys/"],
    "run": ["/run/", "/var/run/"],
    "etc_ro": ["/etc/", "/usr/etc/"],
    "etc_rw": ["/etc/"],
    "pid": ["[0-9]*"],
    "pids": ["[0-9]*"],
    "tid": ["[0-9]*"],
    "multiarch": ["*-linux-gnu*"],
}
"""What the tunables declare, for where they cannot be read."""
BASE_INCLUDE = "<abstractions/base>"
"""Read or not, it speaks of @{PROC}, which the tunables declare."""
OWN_VARIABLES = {"profile_name", "attach_path", "exec_path"}
"""The kernel's parser sets these itself; the last two since version 4."""


class VariableExpander:
    """Replaces variables by their values, as `{first,second}` where there are several."""

    def __init__(self, found: PolicyFile, profile_name: str) -> None:
        self.found = found
        self.expanded: dict[str, str] = dict.fromkeys(OWN_VARIABLES, profile_name)

    def expand(self, text: str, within: frozenset[str] = frozenset()) -> str:
        """Return *text* without variables; `LookupError` for one that nothing declares, or only itself."""
        expanded = VARIABLE_REFERENCE_PATTERN.sub(lambda found: self.replace(found[1], within), text)
        if len(expanded) > MAX_EXPANDED_CHARS:
            raise OverflowError
        return expanded

    def replace(self, name: str, within: frozenset[str]) -> str:
        """Return what stands for the variable."""
        if name not in self.expanded:
            if name in within:
                raise LookupError(name)
            if len(within) > MAX_NESTED_VARIABLES:
                raise OverflowError
            values = [self.expand(value, within | {name}) for value in self.list_values(name)]
            several = "{" + ",".join(values) + "}"
            self.expanded[name] = values[0] if len(values) == 1 else several if values else f"@{{{name}}}"
        return self.expanded[name]

    def list_values(self, name: str) -> Sequence[str]:
        """Return the values of a variable; the usual ones, or none, where its declaration is unknown."""
        if (values := self.found.variables.get(name)) is not None:
            return values
        if self.found.knows_all_variables:
            raise LookupError(name)
        return USUAL_VARIABLES.get(name, ())

    def expand_leniently(self, text: str) -> str:
        """Return *text* without variables and double slashes; '' where that cannot be told."""
        try:
            expanded = self.expand(text)
        except (LookupError, OverflowError):
            return ""
        return "" if "@{" in expanded else re.sub("//+", "/", expanded)


def check_policy(found: PolicyFile) -> None:
    """Raise `InvalidPolicy` for the first fault in variables, patterns, ways to execute."""
    base_line = found.unknown_includes.get(BASE_INCLUDE)
    if base_line and found.knows_all_variables and "PROC" not in found.variables:
        raise InvalidPolicy("undeclared-variable", base_line)
    for profile in iter_policies(found.profiles):
        variables = VariableExpander(found, profile.name)
        name = Mention(profile.attachment or profile.name, profile.line, is_pattern=True)
        rules = [Mention(rule.path, rule.line, is_pattern=True) for rule in profile.rules]
        for mention in (name, *profile.mentions, *rules):
            check_mention(mention, variables)
        check_execution(profile, variables)


def check_mention(mention: Mention, variables: VariableExpander) -> None:
    """Refuse variables that nothing declares, and patterns that are ill formed."""
    try:
        expanded = variables.expand(mention.text)
    except LookupError:
        raise InvalidPolicy("undeclared-variable", mention.line) from None
    except OverflowError:
        return
    if mention.is_pattern and not is_valid_path_pattern(VARIABLE_REFERENCE_PATTERN.sub("x", expanded)):
        raise InvalidPolicy("path-pattern", mention.line)


def check_execution(profile: Policy, variables: VariableExpander) -> None:
    """Refuse two ways to execute the same file, of which neither names it more exactly."""
    compared = PatternComparison()
    rules = [
        (rule, path)
        for rule in profile.rules
        if rule.permissions.execution is not None
        and not rule.is_denial
        and (path := variables.expand_leniently(rule.path))
    ]
    for (rule, path), (other, other_path) in combinations(rules[:MAX_EXECUTION_RULES], 2):
        if differ_in_execution(rule, other) and (
            path == other_path
            or (is_exact(path) == is_exact(other_path) and compared.overlap(path, other_path))
        ):
            raise InvalidPolicy("conflict", other.line)


def differ_in_execution(rule: FileRule, other: FileRule) -> bool:
    """Return whether two rules execute in different ways, for the same owner."""
    if {rule.owner, other.owner} == {"owner", "other"}:
        return False
    return (rule.permissions.execution, rule.target) != (other.permissions.execution, other.target)
