"""How words look in a policy: each kind of rule has words of its own, which its mode of the lexer lists."""

import re
from typing import NamedTuple

MODES_PATTERN = r"(?:[PpCc]?[IiUu][Xx]|[PpCc][Xx]|[RrWwaLlMmkXx])+"
NAME_PATTERN = r"[A-Za-z][A-Za-z0-9_]*"
VARIABLE_PATTERN = rf"@(?:\{{{NAME_PATTERN}\}}|{NAME_PATTERN})"
QUOTED_PATTERN = r'"(?:\\"|[^\0"])*"'
WORD_PATTERN = r'(?:\\[ \t"!,]|,[^ \t\r\n"!,]|[^ \t\r\n"!,])'
VALUE_PATTERN = r'(?:\\[ \t"!,()]|[^ \t\n"!,()])+'
AFTER_VARIABLE_PATTERN = r'(?:\\[ \t"!,()]|,[^ \t\n"!,=+]|[^ \t\n"!,=+])'
LABEL_PATTERN = rf"(?:/|{VARIABLE_PATTERN}{AFTER_VARIABLE_PATTERN}|:|&){WORD_PATTERN}*"
IN_RULE_WORD_PATTERN = r'[^ \t\n"!,=()+&](?:,[^ \t\n"!,=]|[^ \t\n"!,=])*'
INCLUDE_IF_EXISTS_PATTERN = r"include[ \t]+if[ \t]+exists"

# Words that a word of letters may be; each of the first begins a rule that is cut by rules of its own.
RULE_MODES = {
    "network": "network", "unix": "unix", "change_profile": "change_profile", "rlimit": "rlimit",
    "mount": "mount", "remount": "mount", "umount": "mount", "unmount": "mount",
    "dbus": "dbus", "signal": "signal", "ptrace": "ptrace", "abi": "abi",
    # AppArmor 4.
    "userns": "unix", "io_uring": "unix", "mqueue": "unix",
}  # fmt: skip
KEYWORDS = {
    *RULE_MODES, "capability", "if", "else", "not", "defined", "unsafe", "safe", "link", "owner", "user",
    "other", "subset", "audit", "deny", "allow", "set", "alias", "rewrite", "file", "pivot_root", "in",
    "send", "receive", "bind", "read", "write", "eavesdrop", "peer", "trace", "tracedby", "readby",
    "prompt",
}  # fmt: skip
SAME_KEYWORD = {"user": "owner", "unmount": "umount", "rewrite": "alias"}
RULE_KEYWORDS = {
    "unix": (
        *("create", "listen", "accept", "connect", "getattr", "setattr", "getopt", "setopt", "shutdown"),
        *("bind", "send", "receive", "read", "write", "delete", "open", "sqpoll", "override_creds"),
    ),
    "dbus": ("bind", "eavesdrop", "send", "receive", "read", "write"),
    "signal": ("send", "receive", "read", "write"),
    "ptrace": ("trace", "readby", "tracedby", "read", "write"),
}


class Word(NamedTuple):
    """How a word looks in one mode, and what it does; group 1, where there is one, is the word."""

    regex: re.Pattern[str]
    kind: str
    """The kind of its token; '' for none."""
    mode: str = ""
    """`<` ends the mode, `=name` replaces it, `name` begins another within it."""


def compile_word(regex: str, kind: str, mode: str = "") -> Word:
    """Return the word; its regular expression is compiled."""
    return Word(re.compile(regex), kind, mode)


BLANK = compile_word(r"[ \t]+", "")
NEWLINE = compile_word(r"\r?\n", "newline")
CONDITIONS = (
    compile_word(r"((?:peer|xattrs))[ \t]*=[ \t]*\(", "condition-group", "group"),
    compile_word(rf"({NAME_PATTERN})[ \t]*=", "condition", "equals"),
    compile_word(rf"({NAME_PATTERN})[ \t]+in[ \t]*\(", "condition", "equals"),
)
END_OF_RULE = compile_word(",", ",")
FILENAME = (
    rf'<[^">\t\r\n]+>|<{QUOTED_PATTERN}>|{QUOTED_PATTERN}'
    r'|(?:\\[ \t"!,]|,[^<> \t\r\n"!,]|[^<> \t\r\n"!,])+'
)
ANY_WORD = rf"{WORD_PATTERN}+|{QUOTED_PATTERN}"


def make_rule_mode(name: str) -> tuple[Word, ...]:
    """Return the patterns of a rule that has conditions."""
    brackets = () if name == "mount" else (
        compile_word(r"\(", "(", "list"), compile_word(r"((?:r|w|rw|wr))[\s,]", "modes"),
    )  # fmt: skip
    return (
        BLANK,
        *CONDITIONS,
        *(compile_word(word, word) for word in RULE_KEYWORDS.get(name, ())),
        *brackets,
        *((compile_word("->", "->"),) if name == "mount" else ()),
        compile_word(f"{IN_RULE_WORD_PATTERN}|{LABEL_PATTERN}|{QUOTED_PATTERN}", "id"),
        compile_word(",", ",", "<"),
        NEWLINE,
    )


MODES: dict[str, tuple[Word, ...]] = {
    "plain": (
        BLANK,
        *CONDITIONS,
        compile_word(rf"(#{INCLUDE_IF_EXISTS_PATTERN})[ \t].*\r?\n", "", "include-if-exists"),
        compile_word(rf"({INCLUDE_IF_EXISTS_PATTERN})[ \t]", "", "include-if-exists"),
        compile_word(r"(#include).*\r?\n", "", "include"),
        compile_word(r"(include)[ \t]", "", "include"),
        compile_word(r"#.*\r?\n", "newline"),
        compile_word(r"\^", "hat", "name"),
        compile_word("->", "->", "target"),
        compile_word("=", "=", "assign"),
        compile_word(r"\+=", "+=", "assign"),
        compile_word(VARIABLE_PATTERN, "variable"),
        compile_word(rf"\$(?:\{{{NAME_PATTERN}\}}|{NAME_PATTERN})", "boolean"),
        compile_word(r"\{", "{"),
        compile_word(r"\}", "}"),
        compile_word(rf'{LABEL_PATTERN}|"[/@:&](?:\\"|[^\0"])*"', "id"),
        compile_word(rf"({MODES_PATTERN})[\s,]", "modes"),
        compile_word(r"hat[ \t]*", "hat", "name"),
        compile_word(r"profile[ \t]*", "profile", "name"),
        compile_word(":", ":"),
        compile_word(r"\(", "(", "list"),
        compile_word(NAME_PATTERN, "word"),
        compile_word("<=", "<="),
        END_OF_RULE,
        NEWLINE,
    ),
    "name": (compile_word(ANY_WORD, "id", "<"),),
    "target": (BLANK, compile_word(ANY_WORD, "id", "<"), NEWLINE),
    "value": (compile_word(ANY_WORD, "value", "<"),),
    "list": (
        BLANK,
        compile_word(r"\)", ")", "<"),
        compile_word(",", ""),
        compile_word(f"{VALUE_PATTERN}|{QUOTED_PATTERN}", "value"),
        NEWLINE,
    ),
    "equals": (
        BLANK,
        compile_word(r"(=[ \t]*)[^( \t\n]", "=", "=value"),
        compile_word("=", "="),
        compile_word(r"\(", "(", "=list"),
        compile_word("in", "in"),
        NEWLINE,
    ),
    "group": (BLANK, compile_word("=", "="), compile_word(r"\(", "(", "=group-list"), NEWLINE),
    "group-list": (
        BLANK,
        compile_word(r"\)", ")", "<"),
        compile_word(",", ""),
        compile_word(r'[^ \t\n"!,=]+', "condition"),
        compile_word(r"=[ \t]*\(", "=", "group-values"),
        compile_word("=", "=", "group-value"),
        NEWLINE,
    ),
    "group-value": (BLANK, compile_word(f"{VALUE_PATTERN}|{QUOTED_PATTERN}", "value", "<"), NEWLINE),
    "group-values": (
        BLANK,
        compile_word(r"\)", "", "<"),
        compile_word(f"{VALUE_PATTERN}|{QUOTED_PATTERN}", "value"),
        NEWLINE,
    ),
    "assign": (
        BLANK,
        compile_word(ANY_WORD, "value"),
        compile_word(",", "trailing-comma"),
        compile_word(r"\\\n", "newline"),
        compile_word(r"\r?\n", "newline", "<"),
    ),
    "network": (BLANK, compile_word(rf"{WORD_PATTERN}+", "id"), compile_word(",", ",", "<"), NEWLINE),
    "change_profile": (
        BLANK,
        compile_word("safe", "safe"),
        compile_word("unsafe", "unsafe"),
        compile_word("->", "->", "target"),
        compile_word(ANY_WORD, "id"),
        compile_word(",", ",", "<"),
        NEWLINE,
    ),
    "rlimit": (
        BLANK,
        compile_word(r"-?[0-9]+|infinity", "value"),
        compile_word(r"[A-Za-z_]+", "id"),
        compile_word("<=", "<="),
        compile_word(",", ",", "<"),
        NEWLINE,
    ),
    "abi": (BLANK, compile_word(FILENAME, "id", "<"), NEWLINE),
    "include": (BLANK, compile_word(FILENAME, "filename", "<"), NEWLINE),
    "include-if-exists": (BLANK, compile_word(FILENAME, "filename-if-exists", "<"), NEWLINE),
    **{name: make_rule_mode(name) for name in ("mount", *RULE_KEYWORDS)},
}
