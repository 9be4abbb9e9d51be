"""Mask secrets in texts. Names of variables stay, their values become ***."""

import re

from dckgrade.lazy_patterns import compile_lazily

_MASK = "***"

# Every pattern runs in linear time: a look-behind lets a run of characters match only from its first one, and
# possessive quantifiers never give back. Groups are repeated greedily: the Python 3.11.2 of Debian 12 gets
# possessive ones wrong. They cannot be split in two ways, and what follows does not send them back.
# A quote inside a value ends it unless a letter or digit follows, so that PostgreSQL's
# `"-e POSTGRES_PASSWORD=password" on "docker run"` keeps its shape.
# A look-ahead checks the name before it is matched: matching `CMD="x --token=y"` would skip the token.
_MARKED_NAME = (
    r"(?=[\w.-]*?(?i:pass|pwd|secret|token|key|cred|auth|dsn|private|session|cookie|(?:pw|mdp)(?![a-z])))"
)
_NAME = rf"(?<![\w.-]){_MARKED_NAME}([\w.-]++)"
_BARE = r"""(?:[^\s"']|["'](?=[\w*]))+"""
_STRING = r""""(?:\\.|[^"\\\r\n])*"?|'(?:''|[^'\r\n])*'?"""
_PEM_PATTERN = compile_lazily(r"-----BEGIN [A-Z0-9 ]++-----.*?(?:-----END [A-Z0-9 ]++-----|\Z)", re.DOTALL)
_HEADER_PATTERN = compile_lazily(
    r"(?<![\w-])((?:proxy-)?authorization|(?:set-)?cookie|x-[\w-]*+(?<=token|.-key|-auth))(\s?:\s?)[^\r\n\"']++",
    re.IGNORECASE,
)
_USERINFO_PATTERN = compile_lazily(r"""(?<=\w)://[^\s/"'<>]*@""")
_LOGIN_PATTERN = compile_lazily(r"""(?<![\w-])((?:-u|--user)[ =]{1,2}["']?[^\s:"']{1,128}:)[^\s"']++""")
_QUOTED = compile_lazily(rf"""(["']){_MARKED_NAME}([\w.-]++)=((?:(?!\1)[^\r\n])+)(?=\1)""")
# What the system says of a file is no secret, whatever the file is called.
_NO_FILE_ERROR = (
    r"(?!(?:No[ ]such[ ]file|(?:Is|Not)[ ]a[ ]directory|Permission[ ]denied|Read-only[ ]file[ ]system"
    r"|Operation[ ]not[ ]permitted)\b)"
)
_MEMBER = compile_lazily(
    rf"""{_NAME}(\\?["']\s{{0,9}}:\s{{0,9}}){_NO_FILE_ERROR}({_STRING}|\\"[^"\\]*+|[^\s"'\\{{\[,}}\]]++)"""
)
_ASSIGNED = compile_lazily(rf"""{_NAME}([ \t]{{0,2}}=[ \t]{{0,2}})(?!=)({_STRING}|{_BARE})""")
_FLAG = compile_lazily(
    rf"""(?<![\w.-]){_MARKED_NAME}(--?\w[\w.-]*+)(["']?,?[ \t]{{1,4}}["']?)(?!-)({_BARE})"""
)
# Sentences contain secrets too. Words that tell the state of one are what labs look for, and stay.
_WORD = r"(?:password|passwd|passphrase|secret|mot[ ]de[ ]passe|(?<![a-z])(?:pw|mdp))"
_STATE = r"""(?:an?|and|are|as|authentication|been|being|cannot|correct|disabled|enabled|empty|est|et|expired
  |file|for|from|given|has|if|in|incorrecte?|invalide?|is|manquant|missing|mounted|must|needed|no|not|obligatoire
  |of|ok|on|optional|or|protected|pour|provided|required|requis|set|specified|the|to|too|trop|unset|used|using
  |vide|was|weak|will|with|wrong)[.,;:!?)"']*(?=\s|$)"""
_OPENING_QUOTE_PATTERN = compile_lazily(r"""\\?["']""")
_GAP = r"[^\S\r\n]"
_TAIL = r"""(?:[^\s"']|["'](?![\s,.;:)}\]]|\Z))+"""
_SENTENCE_PATTERNS = tuple(
    compile_lazily(f"{pattern}({_STRING}|{_TAIL})", re.IGNORECASE | re.VERBOSE)
    for pattern in (
        rf"({_WORD})({_GAP}{{0,2}}:{_GAP}{{1,4}}){_NO_FILE_ERROR}(?!{_STATE}[ ]\w)(?!(?:yes|no)\))",
        rf"({_WORD})([ ](?:is|was|est)[ ](?:now[ ])?(?:set[ ]to[ ])?)(?!{_STATE})",
        rf"(passphrase|requirepass|masterauth)({_GAP}{{1,4}})(?!{_STATE})(?![(\[<,.;:=|-])",
        r"(password|identified[ ](?:with[ ]\S{1,64}[ ])?by(?:[ ]password)?)(\s{0,9}[\s(]\s{0,9}\\?)(?=')",
    )
)
_TOKEN_PATTERN = compile_lazily(
    r"""(?<![\w-])(?:
        eyJ[\w-]{5,}+\.[\w-]{5,}+(?:\.[\w-]*+)?            # JSON web tokens
      | (?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])              # AWS access keys
      | (?:gh[pousr]_|github_pat_|dckr_(?:pat|oat)_|glpat-)[\w-]{10,}+
      | SWMTKN-[\w-]{5,}+                                   # join tokens of a swarm
      | sk-[\w-]{20,}+ | xox[a-z]-[\w-]{5,}+              # OpenAI, Slack
      | (?i:bearer)[ ][\w.~+/-]{8,}+=*+
    )""",
    re.VERBOSE,
)

_TELLTALES = (
    *("pass", "pw", "secret", "token", "key", "cred", "auth", "dsn", "private", "session", "cookie", "mdp"),
    *("-----begin ", "@", "-u", "identified", "eyj", "akia", "asia", "dckr_", "glpat-", "swmtkn-"),
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "sk-", "xox", "bearer"),
)
"""In small letters: whatever a pattern matches contains one of these."""


def mask_secrets(text: str) -> str:
    """Mask values of secret-looking variables, flags, members, headers, sentences, logins, tokens, keys."""
    return mask_matches(text) if may_hold_secret(text) else text


def may_hold_secret(text: str) -> bool:
    """Return whether a pattern could match: most texts are short, and compiling the patterns takes long."""
    # Other alphabets have letters that a pattern takes for one of these (U+017F for an s).
    lowered = text.lower()
    return not text.isascii() or any(telltale in lowered for telltale in _TELLTALES)


def mask_matches(text: str) -> str:
    """Replace what each pattern matches."""
    text = _PEM_PATTERN.sub(_MASK, text)
    text = _HEADER_PATTERN.sub(rf"\1\2{_MASK}", text)
    text = _USERINFO_PATTERN.sub(f"://{_MASK}@", text)
    text = _LOGIN_PATTERN.sub(rf"\1{_MASK}", text)
    text = _QUOTED.sub(rf"\1\2={_MASK}", text)
    for pattern in (_MEMBER, _ASSIGNED, _FLAG, *_SENTENCE_PATTERNS):
        text = pattern.sub(_mask_value, text)
    return _TOKEN_PATTERN.sub(_MASK, text)


def _mask_value(match: re.Match[str]) -> str:
    name, between, value = match.groups()
    if value in {"null", "true", "false"}:
        return match[0]
    quote = _OPENING_QUOTE_PATTERN.match(value)
    opening = quote[0] if quote else ""
    closing = opening if opening and value.endswith(opening) and len(value) > len(opening) else ""
    return f"{name}{between}{opening}{_MASK}{closing}"
