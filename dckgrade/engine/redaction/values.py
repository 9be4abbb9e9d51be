"""What stands beside a name: a value and where it ends, or words that only tell something about a secret."""

import re

from dckgrade.engine.redaction.names import Secrecy, list_words
from dckgrade.lazy_patterns import compile_lazily

MASK = "***"
_MAX_AHEAD_CHARS = 300
"""How much of a value decides what it is."""

# A quote inside a value ends it unless a letter or digit follows, so that PostgreSQL's
# `"-e POSTGRES_PASSWORD=password" on "docker run"` keeps its shape.
BARE = r"""(?:[^\s"']|["'](?=[\w*]))+"""
STRING = r""""(?:\\.|[^"\\\r\n])*"?|'(?:''|\\.|[^'\\\r\n])*'?"""
_QUOTED_PATTERN = compile_lazily(
    r'''(?:[bru@f]|<<)?(?:
        (?P<triple>"""|\'\'\')(?:(?!(?P=triple))(?s:.))*(?:(?P=triple))?
      | "(?:\\.|[^"\\\r\n])*"?  | '(?:''|\\.|[^'\\\r\n])*'?  | `[^`\r\n]*`?
      | (?P<slashes>\\{1,3})(?P<quote>["'])(?:\\\\\\["'] | (?!(?P=slashes)(?P=quote))[^\r\n])*(?:\\{1,3}["'])?
    )''',
    re.VERBOSE,
)
_OPENING_QUOTE_PATTERN = compile_lazily(r"""(?:[bru@f]|<<)?(\\{1,3}["']|\"\"\"|\'\'\'|["'`])""")
_AFTER_QUOTED_PATTERN = compile_lazily(r"""(?=["'\w$])[^\s,;)}\]|&<>:=]++""")
# A member of JSON or YAML ends where the next begins, which a value of a variable may contain.
_IN_MEMBER = r"""["'](?=[\w*])|\\(?![nrt"'])|,(?=[^\s"'{\[])"""
_MEMBER_PATTERN = compile_lazily(
    rf"""(?:[^\s"'\\{{\[,}}\]<]|{_IN_MEMBER})(?:[^\s"'\\,}}\]<]|{_IN_MEMBER})*"""
)
_ASSIGNED_PATTERN = compile_lazily(BARE)
_PLACEHOLDER_PATTERN = compile_lazily(
    r"""(?x:
        \${1,2}\{[\w.]++(?::?\?[^}\r\n]*+|:?[-+])?\}\}?  | \$\([\w ./-]++\)  | \${1,2}[A-Z_][A-Z0-9_]*+
      | \$(?:http|arg|cookie|upstream|proxy|ssl|request|server|remote)_\w++ | \$[1-9@*]
      | \$\{\{[^{}\r\n]*+\}\}
      | \{\{[^{}\r\n]*+\}\}  | %\(?[\w#.+-]*+\)?[svdqr] | %\w++% | <[\w ./:|-]++>  | \[[\w -]++\] | \{\}
      | \*+ | x{3,} | X{3,} | \.{2,3} | \u2026 | -+
      | \(?(?i:redacted|hidden|masked|sensitive|nil|none|null|undefined|empty|unset
        |not[ ]set|n/a|~|true|false)\)?
    )(?=[\s)\]},;"'`\\<&|]|:\s|[.:]?(?:\s|$))"""
)
_NUMBER_PATTERN = compile_lazily(
    r"""["']?[-+]?\d[\d.,_]{0,14}(?:%|[KMGT]?i?B|[kmgt]b?|ns|us|µs|ms|[smhdw])?["')\]},;]*+(?=\s|$)"""
)
_FILE_PATTERN = compile_lazily(
    r"""\\{0,3}["']?(?:[A-Za-z]:)?[\w./@%+~-]{1,200}\.(?:pem|key|crt|cer|p12|pfx|jks|gpg|asc|pub|json"""
    r"""|ya?ml|txt|conf|cnf|ini|toml|env"""
    r"""|keystore)(?=\\{0,3}["']{0,3}(?:[\s,;)}\]:]|$))"""
)
_ABSOLUTE_PATTERN = compile_lazily(
    r"""\\{0,3}["']?(?:~|\.{1,2})?/[\w.@+-]++(?:/[\w.@+-]*+)*\\{0,3}["']{0,3}(?:[\s,;)}\]:]|$)"""
)
_SOURCE_PATTERN = compile_lazily(r"""["']?(?:id|source|src|type|target|name)=""")
"""What Docker's option `--secret` says: where one is."""
_SECRET_FILE_PATTERN = compile_lazily(r"""["']?/(?:var/)?run/secrets/""")
_SCHEME_PATTERN = compile_lazily(
    r"""["']?(?i:basic|bearer|token|apikey|digest|negotiate|splunk)[ ]++(?!realm\b|auth|tokens?\b"""
    r"""|and\b|or\b|is\b|for\b)[^\s"',;<>]{6,}+"""
)
"""How a header begins: the secret follows."""
_ESCAPED_SPACE_PATTERN = compile_lazily(r"\\[nrt](?![a-z])")
_LONE_QUOTE_PATTERN = compile_lazily(r"""\\{0,3}["'](?:[\s,\])};]|$)""")
_WORD_PATTERN = compile_lazily(r"""[^\s="'\\]++""")
_PROSE_PATTERN = compile_lazily(r"[a-z][\w.-]*+:[ ]|[a-z][a-z'-]*+(?:[ ]\(?[a-zA-Z'\"`/\[-]|:[ ]|,[ ][a-z])")
_RANDOM_PATTERN = compile_lazily(
    r"""\\?["']?(?=[^\s"'<>]*?\d)(?=[^\s"'<>]*?[A-Za-z])(?!\d{4}-\d\d)[\w+/=.!@#$%^&*-]{8,}+"""
)
_HOST_PATTERN = compile_lazily(r"""["']?[\w-]++(?:[.:/@][\w-]++)+["']?""")

_WEAK_WORDS = list_words(
    """
    yes no on off true false null none nil enabled disabled required optional auto always never default
    basic digest bearer ntlm kerberos negotiate oauth oauth2 oidc saml ldap pam htpasswd silly token
    password trust reject md5 scram-sha-256 scram-sha-1 plain login peer ident cert gss sspi native
    caching_sha2_password mysql_native_password sha256_password file redis memory local public private
    internal anonymous guest user host strict lax secure httponly value key id name string int bool
    keyword text number object array list map failed success ok rsa ecdsa ed25519 aes tls ssl x509 jwt
    jks pkcs12 pem
    """
)
"""Values of names that may be about a secret and not hold it."""
_STATES = list_words(
    """
    a an and any are as at authentication authorization because been being by can cannot can't could
    correct denied did disabled do does doesn't empty enabled error est et exceeded exists expected
    expired failed failure fatal file for forbidden found from get given got had has have if ignored in
    incorrect incorrecte insufficient invalid invalide is it key keys length malformed manquant mismatch
    missing more mounted must need needed needs neither never no not obligatoire of ok on one only open
    opening optional or pour protected provided read reading refused rejected requested required
    requires requis revoked set should signature signed skipping specified stat string stringarray
    strings stringslice string[] successful successfully succeeded that the their there this timeout to
    too trop trying unable unauthorized unexpected unknown unset unsupported updated use used using
    valid vide was weak were when which while via will with without would write wrong yes you your eof
    int int32 int64 uint uint64 uint32 float float64 bool boolean duration list value varchar text null
    none nil x509 crypto context connection dial lookup permission operation read-only
    is-a authenticated validated verified accepted generated created changed loaded saved removed
    deleted rotated stored
    """
)
"""Words that tell the state of a secret, are its type, or begin an error about it: labs look for them."""
_STATE_ENDS = ".,;:!?)]}"
# What the system says of a file is no secret, whatever the file is called.
_NO_FILE_PATTERN = compile_lazily(
    r"(?:No such (?:file|host|container|secret|image|volume|network|service|object|device)|(?:Is"
    r"|Not) an? directory|Permission denied"
    r"|Read-only file system|Operation not permitted|Too many|File exists|Access (?:is )?denied"
    r"|Authentication failed"
    r"|Input/output error|Invalid argument|Connection refused|Device or resource busy|Text file busy"
    r"|File name too long"
    r"|Aucun fichier|Permission non|Est un|N'est pas|Name or service|command not found|Unauthorized"
    r"|cannot|can't|[1-5]\d\d [A-Z]|[Pp]assword (?:updated|unchanged|expired|changed|authentication"
    r"|required|too|must|for|is|file|reset|success)|\([a-z]+ )"
)


def find_value_end(text: str, at: int, *, member: bool) -> int:
    """Return where the value ends that begins at *at*; *member*: a comma or brace ends it, too."""
    if quoted := _QUOTED_PATTERN.match(text, at):
        end = quoted.end()
        if not member and text[end - 1] in "\"'" and (more := _AFTER_QUOTED_PATTERN.match(text, end)):
            return more.end()
        return end
    if scheme := _SCHEME_PATTERN.match(text, at):
        return scheme.end()
    found = (_MEMBER_PATTERN if member else _ASSIGNED_PATTERN).match(text, at)
    return found.end() if found else at


def mask_value(value: str) -> str:
    """Mask *value*; its quotes stay."""
    quote = _OPENING_QUOTE_PATTERN.match(value)
    opening, mark = (quote[0], quote[1]) if quote else ("", "")
    closing = mark if mark and value.endswith(mark) and len(value) >= len(opening) + len(mark) else ""
    return f"{opening}{MASK}{closing}"


def is_empty(value: str) -> bool:
    """Return whether *value* is but quotes."""
    return not value.strip("\\\"'`")


def is_placeholder(text: str, at: int) -> bool:
    """Return whether what stands at *at* only stands for a value: a variable, null, or a mask."""
    opening = _OPENING_QUOTE_PATTERN.match(text, at)
    if text.startswith(("\\n", "\\r\\n"), at) or _LONE_QUOTE_PATTERN.match(text, at):
        return True
    return bool(_PLACEHOLDER_PATTERN.match(text, opening.end() if opening else at))


def is_harmless(text: str, at: int, secrecy: Secrecy, name: str) -> bool:
    """Return whether a value under *name* tells no secret, however it is written."""
    if is_placeholder(text, at) or _SECRET_FILE_PATTERN.match(text, at):
        return True
    lowered = name.lower()
    ahead = _ESCAPED_SPACE_PATTERN.sub(" ", text[at : at + _MAX_AHEAD_CHARS])
    is_path = _FILE_PATTERN.match(ahead) or _ABSOLUTE_PATTERN.match(ahead)
    if is_path and lowered.rstrip("s").endswith(("key", "keyring", "keystore")):
        return True
    if lowered == "secret" and _SOURCE_PATTERN.match(ahead):
        return True
    if secrecy is Secrecy.STRONG:
        is_many = lowered.endswith("s") and not lowered.endswith("pass")
        return is_many and bool(_NUMBER_PATTERN.match(ahead))
    return _is_word_about_secret(ahead, lowered)


def _is_word_about_secret(ahead: str, name: str) -> bool:
    """Return whether a value under a weak name is a number, a path or a word such as `basic`."""
    if _NUMBER_PATTERN.match(ahead) or _ABSOLUTE_PATTERN.match(ahead):
        return True
    if name in {"key", "keys", "private", "bearer"}:
        return not _RANDOM_PATTERN.match(ahead) or bool(_HOST_PATTERN.match(ahead))
    word = _WORD_PATTERN.match(ahead.lstrip("\\\"'`"))
    is_known = word is not None and word[0].strip(",;)}]").lower() in _WEAK_WORDS
    return is_known and not _SCHEME_PATTERN.match(ahead)


def reads_as_prose(text: str, at: int, *, any_word: bool) -> bool:
    """
    Return whether what stands at *at* goes on with a sentence: `password: authentication failed`.

    *any_word*: two plain words in a row are a sentence, too.
    """
    ahead = _ESCAPED_SPACE_PATTERN.sub(" ", text[at : at + _MAX_AHEAD_CHARS])
    if ahead.startswith(('"', "'", "\\")):
        return False
    word = _WORD_PATTERN.match(ahead)
    if word is None or _NO_FILE_PATTERN.match(ahead):
        return True
    if word[0].rstrip(_STATE_ENDS).lower() in _STATES:
        return True
    return any_word and bool(_PROSE_PATTERN.match(ahead))
