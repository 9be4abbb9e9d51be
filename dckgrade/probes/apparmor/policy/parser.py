"""
Read an AppArmor policy by the grammar of `apparmor_parser` (man 5 apparmor.d).

What is new in AppArmor 4 passes: only what every version refuses is a fault.
"""

from collections.abc import Callable

from dckgrade.probes.apparmor.policy import vocabulary
from dckgrade.probes.apparmor.policy.lexer import IncludeReader
from dckgrade.probes.apparmor.policy.model import Policy, PolicyFile, add_prefix
from dckgrade.probes.apparmor.policy.rules import PATHS, RuleReader
from dckgrade.probes.apparmor.policy.token_reader import unquote

MAX_DEPTH = 30


class PolicyParser(RuleReader):
    """Reads a whole file."""

    def __init__(self, text: str, read_include: IncludeReader) -> None:
        super().__init__(text, read_include)
        self.variables: dict[str, list[str]] = {}
        self.booleans: dict[str, bool] = {}
        self.has_begun = False
        """The head of a profile has been read."""

    def parse(self) -> PolicyFile:
        """Read the whole file."""
        self.read_preamble()
        knows_all_variables = not self.lexer.unknown_includes
        profiles: list[Policy] = []
        while self.peek() != "end":
            if self.peek() not in {"profile", "hat", "id"}:
                raise self.make_error(self.classify_surprise())
            profile = self.read_profile()
            if any(profile.name == other.name for other in profiles):
                raise self.make_error("conflict", profile.line)
            profiles.append(profile)
        return PolicyFile(
            profiles,
            self.variables,
            knows_all_variables=knows_all_variables,
            unknown_includes=self.lexer.unknown_includes,
        )

    def read_preamble(self) -> None:
        """Read what stands before the profiles."""
        while True:
            match self.peek():
                case "alias":
                    self.take()
                    self.expect("id")
                    self.expect("->")
                    self.expect("id")
                    self.expect(",")
                case "variable":
                    self.read_assignment()
                case "boolean":
                    self.read_boolean()
                case "abi":
                    self.read_abi()
                case _:
                    return

    def read_assignment(self) -> None:
        """Read `@{NAME} = value…`, or `+=`."""
        name = strip_variable(self.take().text)
        sign = self.expect("=", "+=").kind
        values = [
            unquote(self.expect("value").text),
            *(unquote(token.text) for token in self.take_all("value")),
        ]
        is_known = name in self.variables
        if is_known if sign == "=" else not is_known and not self.lexer.unknown_includes:
            raise self.make_error("conflict" if is_known else "undeclared-variable")
        self.variables.setdefault(name, []).extend(values)

    def read_boolean(self) -> None:
        """Read `$NAME = true`."""
        name = strip_variable(self.take().text)
        self.expect("=")
        value = self.expect("value").text.lower()
        if value not in {"true", "false"} or name in self.booleans:
            raise self.make_error("unknown-word")
        self.booleans[name] = value == "true"

    def read_abi(self) -> None:
        """Read `abi <abi/3.0>,`."""
        self.take()
        try:
            self.lexer.read_include(self.expect("id").text)
        except LookupError:
            raise self.make_error("include-missing") from None
        self.expect(",")

    def read_profile(self, kind: str = "") -> Policy:
        """Read a profile with its rules; *kind* has been taken for a child."""
        kind = kind or (self.take().kind if self.peek() in {"profile", "hat"} else "")
        name = unquote(self.expect("id").text)
        attachment = unquote(token.text) if (token := self.take_if(*PATHS)) else ""
        line = self.lexer.line
        if self.take_if("condition-group"):
            self.read_group()
        profile = Policy(name, line, attachment, self.read_flags(), [], [], [])
        self.expect("{")
        self.has_begun = True
        self.lexer.included_blocks.append(set())
        self.read_rules(profile)
        self.lexer.included_blocks.pop()
        self.expect("}")
        if not (kind or name.startswith(("/", ":"))) or name.startswith("&"):
            raise self.make_error("syntax")
        if attachment and not attachment.startswith(("/", "@{")):
            raise self.make_error("syntax")
        return profile

    def read_flags(self) -> frozenset[str]:
        """Read `flags=(…)`, or the brackets alone."""
        if token := self.take_if("condition"):
            if token.text != "flags":
                raise self.make_error("unknown-word")
            self.expect("=")
        elif self.peek() != "(":
            return frozenset()
        self.expect("(")
        found = {unquote(token.text) for token in (self.expect("value"), *self.take_all("value"))}
        known = all(flag in vocabulary.FLAGS or flag.startswith(vocabulary.VALUED_FLAGS) for flag in found)
        if not known:
            raise self.make_error("unknown-word")
        if any(len(found & group) > 1 for group in vocabulary.EXCLUSIVE_FLAGS):
            raise self.make_error("conflict")
        self.expect(")")
        return frozenset(found)

    def read_rules(self, profile: Policy) -> None:
        """Read rules until the brace that ends them."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.make_error("braces")
        while self.peek() not in {"}", "end"}:
            match self.peek():
                case "abi":
                    self.read_abi()
                case "profile" | "hat":
                    kind = self.take().kind
                    child = self.read_profile(kind)
                    if any(child.name == other.name for other in profile.children):
                        raise self.make_error("conflict", child.line)
                    profile.children.append(child)
                case "if":
                    self.read_conditional(profile)
                case "set":
                    self.read_limit()
                case _:
                    self.read_rule(profile)
        self.depth -= 1

    def read_conditional(self, profile: Policy) -> None:
        """Read `if … { } else if … { } else { }`; of the branches only the first that holds counts."""
        ignored = Policy(profile.name, profile.line, "", frozenset(), [], [], [])
        is_decided = False
        while True:
            holds = not self.take_if("if") or self.read_condition_value()
            self.read_block(ignored if is_decided or not holds else profile)
            is_decided = is_decided or holds
            if not self.take_if("else"):
                return

    def read_condition_value(self) -> bool:
        """Return whether the condition holds."""
        negated = len(self.take_all("not")) % 2 == 1
        if self.take_if("defined"):
            name = strip_variable(self.expect("variable", "boolean").text)
            return (name in self.variables or name in self.booleans) != negated
        name = strip_variable(self.expect("boolean").text)
        if name not in self.booleans and not self.lexer.unknown_includes:
            raise self.make_error("undeclared-variable")
        return self.booleans.get(name, False) != negated

    def read_block(self, profile: Policy) -> None:
        """Read rules in braces of their own."""
        self.expect("{")
        self.read_rules(profile)
        self.expect("}")

    def read_rule(self, profile: Policy) -> None:
        """Read one rule with the words before it."""
        prefix = self.read_prefix()
        kind = self.peek()
        reader: Callable[[Policy], None] | None = {
            "network": self.read_network,
            "capability": self.read_capability,
            "mount": self.read_mount,
            "remount": self.read_mount,
            "umount": self.read_mount,
            "pivot_root": self.read_pivot_root,
            "change_profile": self.read_change_profile,
            **dict.fromkeys(vocabulary.ACCESSES, self.read_peer_rule),
            **dict.fromkeys(("userns", "io_uring", "mqueue"), self.skip_rule),
        }.get(kind)
        if kind == "{":
            begin = len(profile.rules)
            self.read_block(profile)
            profile.rules[begin:] = [add_prefix(rule, prefix) for rule in profile.rules[begin:]]
        elif reader:
            if prefix.owner:
                self.take()
                raise self.make_error("syntax")
            reader(profile)
        elif kind == "link":
            self.read_link(profile)
        else:
            profile.rules.append(self.read_file_rule(prefix))


def strip_variable(written: str) -> str:
    """Return the name of `@{NAME}`, `@NAME` or `$NAME`."""
    return written[1:].strip("{}")
