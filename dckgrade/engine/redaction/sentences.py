"""Secrets in sentences, and in SQL: `GENERATED ROOT PASSWORD: …`, `IDENTIFIED BY '…'`, `New value: …`."""

import re

from dckgrade.engine.redaction import values
from dckgrade.engine.redaction.members import replace_values
from dckgrade.lazy_patterns import compile_lazily

SENTENCE_TELLTALES = (
    *(
        "pass",
        "secret",
        "mot de",
        "pw",
        "mdp",
        "identified",
        "masterauth",
        "new value",
        "token",
        " key",
        "auth",
    ),
    *("code is", "setuser", " on >", " on #", ":543", ":643", ":*:"),
)
_WORD = r"(?:password|passwd|passphrase|secret|pass[ ]?code|mot[ ]de[ ]passe|(?<![a-z])(?:pw|mdp))"
_GAP = r"[^\S\r\n]"
_OWNER = (
    r"""(?:[ ](?:for|of|de|pour)[ ](?:the[ ]|user[ ]|l'utilisateur[ ])?["'\[\w@.%*-]{1,64}[\]'"]?"""
    r"""(?:[ ](?:user|account))?|[ ]\[[\w.-]{1,64}\])?(?:[ ]\([^()\r\n]{0,120}\))?"""
)
_COLON_PATTERN = compile_lazily(
    rf"(?<![\w-])(?:(?:root|admin|initial|user|new|your|unseal|recovery|access|secret|api|generated"
    rf"|temporary|bootstrap|default)[ ]){{0,3}}"
    rf"(?:{_WORD}|(?:root|admin|access|api|bearer|auth|refresh|session|unseal|enrollment|join|login"
    rf"|bootstrap)[ ](?:token|key)(?:[ ]\d)?|(?:api|secret|access|private|unseal|recovery|master)[ ]key"
    rf"(?:[ ]\d)?|(?:verification|recovery)[ ]code[ ]is|(?<=new[ ])value)"
    rf"(?:[ ](?:is|est|was|has[ ]been)(?:[ ](?:generated|created|set))?)?"
    rf"{_OWNER}{_GAP}{{0,2}}:{_GAP}{{1,4}}(?!(?:yes|no)\))",
    re.IGNORECASE,
)
_NEW_VALUE_PATTERN = compile_lazily(r"(?<![\w-])new[ ]value:[ ]{1,4}", re.IGNORECASE)
_PRONOUNCED_PATTERN = compile_lazily(
    rf"""{_WORD}[ ](?:(?:for|of|de|pour)[ ](?:user[ ]|the[ ])?["'\w@.%-]{{1,64}}[ ])?
    (?:is|was|est|has[ ]been)[ ](?:now[ ]|been[ ])?
    (?:set[ ]to[ ]|changed[ ]to[ ]|reset[ ]to[ ]|equal[ ]to[ ]|generated:[ ])?(?:[:][ ])?""",
    re.IGNORECASE | re.VERBOSE,
)
_CHANGED_PATTERN = compile_lazily(
    rf"""{_WORD}(?:[ ](?:for|of)[ ]["'\w@.%-]{{1,64}})?[ ](?:set|changed|reset|updated)[ ]"""
    rf"""(?:from[ ]\S{{1,64}}[ ])?to[ ](?!be[ ])""",
    re.IGNORECASE | re.VERBOSE,
)
_USED_PATTERN = compile_lazily(
    rf"(?:with|using|avec|by)[ ](?:the[ ]|its[ ]|le[ ])?(?:user(?:name)?[ ]\S{{1,64}}[ ](?:and"
    rf"|et)[ ])?(?:the[ ]|le[ ])?{_WORD}[ ](?=[^\s\"']*?[\d!@#$%^&*])",
    re.IGNORECASE,
)
_SPOKEN_PATTERN = compile_lazily(
    r"""(?<![\w-])(?:(?:api|access|auth|bearer|session|join|root)[ ](?:token|key)[ ](?=[^\s"']*\d)"""
    r"""(?=[^\s"']{6,})"""
    r"""|(?:user|role)[ ]\S{1,64}[ ](?:with[ ])?(?:encrypted[ ])?password[ ](?=\w*\d))""",
    re.IGNORECASE,
)
_DIRECTIVE_PATTERN = compile_lazily(
    rf"(?<![\w-])(?:passphrase|requirepass|masterauth|insecure-password|bindpw|rootpw){_GAP}{{1,4}}"
    rf"(?![(\[<,.;:=|-])",
    re.IGNORECASE,
)
_QUOTED_PATTERN = compile_lazily(
    r"""(?:password(?:[ ]for[ ][^\s=]{1,128})?|identified[ ](?:with[ ]\S{1,64}[ ])?(?:by|as)"""
    r"""(?:[ ]password)?)(?:\s{1,9}(?:=\s{0,9})?\(?|\s{0,9}[(=]\s{0,9})(?=\\{0,2}['"]|\$\$"""
    r"""|\$[a-z]{1,9}\$)""",
    re.IGNORECASE,
)
_UNQUOTED_PATTERN = compile_lazily(
    r"""identified[ ](?:with[ ]\S{1,64}[ ])?by[ ](?:password[ ])?(?!password\b|random\b|values\b)"""
    r"""(?=[\w$#!*])""",
    re.IGNORECASE,
)
_DOLLARS_PATTERN = compile_lazily(r"(\$\w*\$)[^$\r\n]*+\$\w*\$")
_SETUP_PATTERN = compile_lazily(r"(?<![\w-])password[ ]\w{1,64}[ ]=[ ]", re.IGNORECASE)
_NETRC_PATTERN = compile_lazily(
    r"(?:login|user|account)\s{1,9}\S{1,128}\s{1,9}password\s{1,9}", re.IGNORECASE
)
_PASS_PATTERN = compile_lazily(
    r"(?:^|(?<=[>\"\] ]))(?:PASS|AUTH(?: (?:PLAIN|LOGIN|default|\w{1,32}(?= [^\s]*\d)))?) (?=\S+[\"'\s]*$)",
    re.MULTILINE,
)
_REDIS_PATTERN = compile_lazily(
    r"""(?:(?i:"auth"(?:[ ]"[^"\r\n]{1,64}")?[ ](?=")|"config"[ ]"set"[ ]"(?:requirepass"""
    r"""|masterauth)"[ ](?=")))"""
)
_ACL_PATTERN = compile_lazily(
    r"((?:setuser[ ][\w.-]{1,64}[ ](?:[^\s>#]{1,64}[ ]){0,9}|user[ ][\w.-]{1,64}[ ]on[ ])[>#])[^\s\"']++",
    re.IGNORECASE,
)
_PGPASS_PATTERN = compile_lazily(
    r"^[ \t]*((?:(?=[\w.-]*[A-Za-z])[\w.-]{1,128}|\*|/[\w/]{1,64}):(?:543\d|643\d"
    r"|\*):[\w*-]{1,64}:[\w*.-]{1,64}:)[^\s:/][^\s:]{3,}(?=[ \t]*$)",
    re.MULTILINE,
)

_COLON_LIKE = (
    _COLON_PATTERN,
    _NEW_VALUE_PATTERN,
    _CHANGED_PATTERN,
    _PRONOUNCED_PATTERN,
    _USED_PATTERN,
    _SPOKEN_PATTERN,
    _SETUP_PATTERN,
    _NETRC_PATTERN,
    _DIRECTIVE_PATTERN,
    _PASS_PATTERN,
)
_TAIL_PATTERN = compile_lazily(r"""(?:[^\s"']|["'](?![\s,.;:)}\]]|\Z))+""")


def mask_sentences(text: str) -> str:
    """Mask what programs and people say a secret is."""
    for head in _COLON_LIKE:
        text = replace_values(text, head, _find_said_value)
    for head in (_QUOTED_PATTERN, _REDIS_PATTERN, _UNQUOTED_PATTERN):
        text = replace_values(text, head, _find_quoted_value)
    text = _ACL_PATTERN.sub(rf"\1{values.MASK}", text)
    return _PGPASS_PATTERN.sub(rf"\1{values.MASK}", text)


def _find_said_value(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    begin = match.end()
    if values.is_placeholder(text, begin) or values.reads_as_prose(text, begin, any_word=False):
        return None
    if (
        match.re.pattern == _NEW_VALUE_PATTERN.pattern
        and text[begin : begin + 24].split(None, 1)[0].strip("\"'.,").isdigit()
    ):
        return None
    if text[begin : begin + 1] in {'"', "'", "\\"}:
        return _find_quoted_value(text, match)
    found = _TAIL_PATTERN.match(text, begin)
    return (begin, found.end()) if found else None


def _find_quoted_value(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    begin = match.end()
    if dollars := _DOLLARS_PATTERN.match(text, begin):
        return begin, dollars.end()
    if values.is_placeholder(text, begin):
        return None
    end = values.find_value_end(text, begin, member=True)
    return None if values.is_empty(text[begin:end]) else (begin, end)
