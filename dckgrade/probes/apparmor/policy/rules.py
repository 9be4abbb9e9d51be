"""Read the rules of a profile, one by one."""

from collections.abc import Sequence

from dckgrade.probes.apparmor.policy import vocabulary
from dckgrade.probes.apparmor.policy.lexer import Token
from dckgrade.probes.apparmor.policy.model import FileRule, Mention, Policy, Prefix
from dckgrade.probes.apparmor.policy.permissions import (
    FILE_RULE_PERMISSIONS,
    ConflictingPermissions,
    Permissions,
    parse_permissions,
)
from dckgrade.probes.apparmor.policy.rule_words import (
    NEWER_NETWORK_PATTERN,
    is_dbus_rule,
    is_limit_value,
    is_network,
    is_unix_rule,
    is_unix_value,
    spell_out,
)
from dckgrade.probes.apparmor.policy.token_reader import TokenReader, unquote

EVERY_FILE_PATTERN = "/{**,}"
PATHS = ("id", "variable")


class RuleReader(TokenReader):
    """Reads rules that hold no others."""

    def read_limit(self) -> None:
        """Read `set rlimit NAME <= VALUE [UNIT],`."""
        self.take()
        self.expect("rlimit")
        name = self.expect("id").text
        self.expect("<=")
        value = self.expect("value").text
        unit = token.text if (token := self.take_if("id")) else ""
        self.expect(",")
        if name not in vocabulary.LIMITS or (
            value != "infinity" and not is_limit_value(name, int(value), unit)
        ):
            raise self.make_error("unknown-word")

    def read_prefix(self) -> Prefix:
        """Read `audit`, `deny` and `owner`, in this order."""
        if self.peek() == "condition" and self.ahead and self.ahead.text == "priority":
            self.take()
            self.expect("=")
            self.expect("value")
        self.take_if("audit")
        mode = self.take_if("allow", "deny", "prompt")
        owner = self.take_if("owner", "other")
        return Prefix(mode is not None and mode.kind == "deny", owner.kind if owner else "")

    def read_file_rule(self, prefix: Prefix) -> FileRule:
        """Read `PATH rw,` or `rw PATH,`, with what may stand around it."""
        line = self.lexer.line
        if self.take_if("file") and self.peek() == ",":
            self.take()
            return self.make_file_rule(EVERY_FILE_PATTERN, FILE_RULE_PERMISSIONS, prefix, "", line)
        is_about_execution = self.take_if("safe", "unsafe")
        if token := self.take_if("modes"):
            permissions = self.parse_letters(token)
            if token.text == "all" and self.take_if(","):
                # AppArmor 4: `all,` grants whatever there is.
                return self.make_file_rule(EVERY_FILE_PATTERN, FILE_RULE_PERMISSIONS, prefix, "", line)
            subset = self.take_if("subset", "<=")
            path = unquote(self.expect(*PATHS).text)
            target = self.read_target()
            is_link = "l" in permissions.letters
            if (subset and permissions != Permissions(frozenset("l"), None)) or (
                is_link and target and permissions.execution is not None
            ):
                raise self.make_error("conflict")
        else:
            if self.peek() not in PATHS:
                raise self.make_error(self.classify_surprise())
            path = unquote(self.take().text)
            permissions = self.parse_letters(self.expect("modes"))
            target = self.read_target()
        self.expect(",")
        if is_about_execution and permissions.execution is None:
            raise self.make_error("conflict")
        return self.make_file_rule(path, permissions, prefix, target, line)

    def make_file_rule(
        self, path: str, permissions: Permissions, prefix: Prefix, target: str, line: int
    ) -> FileRule:
        """Return the rule, if `x` is qualified where it must be, and only there."""
        execution = permissions.execution
        if execution if prefix.is_denial else execution == "" and not target:
            raise self.make_error("conflict")
        return FileRule(path, permissions, prefix.is_denial, prefix.owner, target, line)

    def parse_letters(self, token: Token) -> Permissions:
        """Return what the letters grant."""
        try:
            return parse_permissions(token.text)
        except ConflictingPermissions:
            raise self.make_error("conflict") from None

    def read_target(self) -> str:
        """Read `-> NAME`; '' where there is none."""
        return unquote(self.expect(*PATHS).text) if self.take_if("->") else ""

    def read_link(self, profile: Policy) -> None:
        """Read `link [subset] PATH -> PATH,`."""
        self.take()
        self.take_if("subset", "<=")
        for end in ("->", ","):
            token = self.expect(*PATHS)
            profile.mentions.append(Mention(unquote(token.text), token.line, is_pattern=True))
            self.expect(end)

    def read_network(self, _: Policy) -> None:
        """Read `network [FAMILY] [TYPE or PROTOCOL],`."""
        self.take()
        words = [token.text for token in self.take_all("id")]
        self.expect(",")
        if not is_network([word for word in words if not NEWER_NETWORK_PATTERN.fullmatch(word)]):
            raise self.make_error("unknown-word")

    def read_capability(self, _: Policy) -> None:
        """Read `capability [NAME…],`."""
        self.take()
        while token := self.take_if("id"):
            if token.text not in vocabulary.CAPABILITIES:
                raise self.make_error("unknown-word")
        self.expect(",")

    def read_mount(self, profile: Policy) -> None:
        """Read `mount [CONDITION…] [SOURCE] [-> PLACE],`."""
        is_mount = self.take().kind == "mount"
        for name, values in self.read_conditions():
            is_option = name in {"options", "option"}
            if name not in vocabulary.MOUNT_CONDITIONS or (
                is_option and not set(values) <= vocabulary.MOUNT_OPTIONS
            ):
                raise self.make_error("unknown-word")
        paths = [token for token in (self.take_if("id"),) if token]
        if is_mount and self.take_if("->"):
            paths.append(self.expect("id"))
        self.expect(",")
        profile.mentions.extend(Mention(unquote(token.text), token.line) for token in paths)

    def read_pivot_root(self, profile: Policy) -> None:
        """Read `pivot_root [oldroot=PATH] [PATH] [-> PROFILE],`."""
        self.take()
        if any(name != "oldroot" for name, _ in self.read_conditions()):
            raise self.make_error("unknown-word")
        if token := self.take_if("id"):
            profile.mentions.append(Mention(unquote(token.text), token.line))
        self.read_target()
        self.expect(",")

    def read_change_profile(self, profile: Policy) -> None:
        """Read `change_profile [safe] [PATH] [-> PROFILE],`."""
        self.take()
        line = self.lexer.line
        mode = self.take_if("safe", "unsafe")
        path = unquote(token.text) if (token := self.take_if("id")) else ""
        target = self.read_target()
        self.expect(",")
        if (mode and not path) or (path and not path.startswith(("/", "@{"))):
            raise self.make_error("conflict")
        profile.mentions.extend(Mention(text, line, is_pattern=True) for text in (path, target) if text)

    def read_peer_rule(self, profile: Policy) -> None:
        """Read a rule about signals, ptrace, D-Bus or unix sockets."""
        kind = self.take().kind
        line = self.lexer.line
        accesses = self.read_accesses(kind)
        conditions = self.read_conditions()
        peer: Sequence[tuple[str, Sequence[str]]] = ()
        if kind in vocabulary.PEER_CONDITIONS and (token := self.take_if("condition-group")):
            if token.text != "peer":
                raise self.make_error("unknown-word")
            peer = self.read_group()
        self.expect(",")
        self.check_conditions(kind, conditions, vocabulary.CONDITIONS[kind])
        self.check_conditions(kind, peer, vocabulary.PEER_CONDITIONS.get(kind, frozenset()))
        fits = {"dbus": is_dbus_rule, "unix": is_unix_rule}.get(kind)
        if fits and not fits(accesses, {name for name, _ in conditions}, {name for name, _ in peer}):
            raise self.make_error("conflict")
        for _, values in (*conditions, *peer):
            profile.mentions.extend(Mention(value, line) for value in values)

    def read_accesses(self, kind: str) -> set[str]:
        """Read what the rule allows: a word, letters, or a list in brackets."""
        known = vocabulary.ACCESSES[kind]
        if token := self.take_if("modes", *known):
            return {token.text} if token.kind != "modes" else spell_out(token.text)
        found: set[str] = set()
        if self.take_if("("):
            for token in self.take_all("value"):
                word = unquote(token.text)
                if word not in known and not set(word.lower()) <= {"r", "w"}:
                    raise self.make_error("unknown-word")
                found |= {word} if word in known else spell_out(word)
            self.expect(")")
        return found

    def read_conditions(self) -> list[tuple[str, Sequence[str]]]:
        """Read `NAME=VALUE`, `NAME=(VALUE…)` and `NAME in (VALUE…)`."""
        found: list[tuple[str, Sequence[str]]] = []
        while token := self.take_if("condition"):
            values: list[Token] = []
            if (sign := self.take_if("=", "in")) and self.take_if("("):
                values = [self.expect("value"), *self.take_all("value")]
                self.expect(")")
            elif sign:
                values = [self.expect("value")]
            found.append((token.text, [unquote(value.text) for value in values]))
        return found

    def read_group(self) -> list[tuple[str, Sequence[str]]]:
        """Read `=(NAME=VALUE…)`."""
        self.expect("=")
        self.expect("(")
        found: list[tuple[str, Sequence[str]]] = []
        while token := self.take_if("condition"):
            values = [value for _ in self.take_all("=") for value in self.take_all("value")]
            found.append((token.text, [unquote(value.text) for value in values]))
        self.expect(")")
        return found

    def check_conditions(
        self, kind: str, found: Sequence[tuple[str, Sequence[str]]], known: frozenset[str]
    ) -> None:
        """Refuse conditions that the rule does not know, that come twice, or with unknown values."""
        names = [name for name, _ in found]
        if not set(names) <= known:
            raise self.make_error("unknown-word")
        for name, values in found:
            if name == "set":
                if not set(values) <= vocabulary.SIGNALS:
                    raise self.make_error("unknown-word")
            elif len(values) != 1 or names.count(name) > 1:
                raise self.make_error("conflict")
            elif kind == "unix" and not is_unix_value(name, values[0]):
                raise self.make_error("unknown-word")

    def skip_rule(self, _: Policy) -> None:
        """Pass over a rule of AppArmor 4 up to its comma."""
        while self.peek() not in {",", "end", "}"}:
            self.take()
        self.expect(",")
