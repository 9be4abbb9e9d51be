"""
Names with their values, in the languages of configurations.

The environment, INI, TOML and properties (`name = value`), YAML, JSON and Python (`name: value`), Logstash,
Ruby and PHP (`name => value`), XML, Dockerfiles and directives (`name value`), pairs of name and value.
"""

import re
from collections.abc import Callable

from dckgrade.engine.redaction import values
from dckgrade.engine.redaction.names import MARKED, NAME, Secrecy, rate_name
from dckgrade.engine.redaction.values import MASK
from dckgrade.lazy_patterns import compile_lazily

MEMBER_TELLTALES = ("=", ":")
_HEAD_PATTERN = compile_lazily(
    rf"""{NAME}(?P<close>\\{{0,3}}["'`]|&quot;)?(?P<index>\]|%5D)?(?P<gap>[ \t]*+|[^\S\r\n]{{0,2}})"""
    rf"""(?P<sep>=>|:=|\?=|\+=|=(?![=~])|:(?![:/]{{1,2}}(?!\w*:)))(?P<space>[^\S\r\n]*+)"""
)
_LINE_START_PATTERN = compile_lazily(
    r"""[\s>#*;|]*(?:-\s+)?(?:(?:export|set|local|declare|readonly|-x|ENV|ARG|const|let|var)\s+)*[\$"'`@:]?"""
)
_NEXT_LINE_PATTERN = compile_lazily(r"\s{0,60}")
_LIST_PATTERN = compile_lazily(r"""\[(?:[^\]\["'{}]|"(?:\\.|[^"\\])*"|'[^']*')*\]?""")
_TAG_PATTERN = compile_lazily(
    r"![\w/!]+[ ]+(?![|>])|(?:new\s+)?(?:String|Secret|Password|SecretStr|Some|str|getenv)\("
)
_REST_OF_LINE_PATTERN = compile_lazily(
    r"(?:[ \t]++(?![#(;-])[^\s=|&<>'\"]++={0,2}(?![=:\w]))*(?=[ \t]*(?:$|[#;(]))", re.MULTILINE
)
_TAG_NAME_PATTERN = compile_lazily(
    r"[\w.-]++:\d{1,5}(?:/|\b)|v?\d[\w.-]*|(?:latest|alpine|stable|slim|ro|rw|z|Z)\b"
)
_UNTIL_QUOTE_PATTERNS = {quote: compile_lazily(rf"[^{quote}\r\n]*+") for quote in ('"', "'")}
_FIRST_LETTER_PATTERN = compile_lazily(r"[\w*]")
_UNEXPECTED_PATTERN = compile_lazily(
    r"(?:unexpected|unrecognized|unknown|syntax|illegal|foreign|duplicate|primary|missing|---)[ ]$",
    re.IGNORECASE,
)
_EXACT_NAMES = frozenset({"password", "passphrase", "pass", "pwd", "pw", "mdp"})


def replace_values(
    text: str, head: re.Pattern[str], find_value: Callable[[str, re.Match[str]], tuple[int, int] | None]
) -> str:
    """Mask the value that follows each match of *head*, where *find_value* says from where to where it is."""
    done: list[str] = []
    copied = at = 0
    while match := head.search(text, at):
        found = find_value(text, match)
        if found is None or found[1] <= found[0]:
            at = max(match.end(), at + 1)
            continue
        begin, end = found
        done += [text[copied:begin], values.mask_value(text[begin:end])]
        copied = at = end
    return "".join(done) + text[copied:]


def mask_members(text: str) -> str:
    """Mask the values of secret names that `=`, `:` or `=>` assigns."""
    return replace_values(text, _HEAD_PATTERN, _find_member_value)


def _find_member_value(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    name = match[1]
    secrecy = rate_name(name)
    is_path = match["close"] and text[match.start() - 1 : match.start()] in {"/", "\\"}
    if secrecy is Secrecy.NONE or is_path:
        return None
    begin = _find_begin(text, match)
    if values.is_harmless(text, begin, secrecy, name):
        return None
    if text.startswith("[", begin):
        return _find_list(text, begin, name)
    if not _is_member(text, match, begin, secrecy):
        return None
    end = _find_end(text, match, begin)
    return None if values.is_empty(text[begin:end]) else (begin, end)


def _find_begin(text: str, match: re.Match[str]) -> int:
    """Find where a value begins: behind a tag of YAML or the name of a type, perhaps on the next line."""
    begin = match.end()
    may_break = match["sep"] == "=>" or (match["close"] and match["sep"] == ":")
    if may_break and (gap := _NEXT_LINE_PATTERN.match(text, begin)):
        begin = gap.end()
    tag = _TAG_PATTERN.match(text, begin)
    return tag.end() if tag else begin


def _is_member(text: str, match: re.Match[str], begin: int, secrecy: Secrecy) -> bool:
    """Return whether a value follows indeed, and no sentence."""
    first = text[begin : begin + 1]
    if match["sep"] == "=>":
        return bool(_FIRST_LETTER_PATTERN.match(text, begin)) or first in {'"', "'", "\\"}
    if match["sep"] != ":":
        return True
    if not match["close"]:
        return _is_plain_member(text, match, secrecy)
    return not (first.isalpha() and values.reads_as_prose(text, begin, any_word=True))


def _find_end(text: str, match: re.Match[str], begin: int) -> int:
    """Find the end of a value: of a quoted assignment, its quote; of a line of its own, the line's."""
    is_assigned = match["sep"] in {"=", "?=", "+="} and not match["close"]
    before = text[match.start() - 1 : match.start()]
    if (
        is_assigned
        and not match["space"]
        and before in {'"', "'"}
        and text[begin : begin + 1] not in {before, "\\"}
    ):
        inner = _UNTIL_QUOTE_PATTERNS[before].match(text, begin)
        if inner and text.startswith(before, inner.end()):
            return begin + len(inner[0].rstrip("\\"))
    end = values.find_value_end(text, begin, member=not is_assigned)
    if match["close"] or text[begin : begin + 1] in {'"', "'", "`"} or not _begins_line(text, match.start()):
        return end
    if not match["space"] and not match[1].isupper():  # `password=… refused`, in a log
        return end
    rest = _REST_OF_LINE_PATTERN.match(text, end)
    return rest.end() if rest else end


def _begins_line(text: str, at: int) -> bool:
    start = max(text.rfind("\n", max(0, at - 80), at) + 1, at - 80, 0)
    is_flag = text.startswith("-", at)
    return start > at - 80 and not is_flag and bool(_LINE_START_PATTERN.fullmatch(text, start, at))


def _is_plain_member(text: str, match: re.Match[str], secrecy: Secrecy) -> bool:
    """Return whether an unquoted `name: value` is a member, or a report of a secret, and no sentence."""
    at, name = match.end(), match[1]
    if _UNEXPECTED_PATTERN.search(text, max(0, match.start() - 14), match.start()):
        return False
    if not match["space"]:
        if text.startswith("?", at):  # ${PASSWORD:?is missing}
            return False
        if (
            secrecy is not Secrecy.STRONG
            or _TAG_NAME_PATTERN.match(text, at)
            or text[at : at + 1] in {"/", "{", "("}
        ):
            return False
        return not values.reads_as_prose(text, at, any_word=False)
    is_exact = name.lower() in _EXACT_NAMES or (_begins_line(text, match.start()) and "_" in name)
    return not values.reads_as_prose(text, at, any_word=not is_exact)


def _find_list(text: str, begin: int, name: str) -> tuple[int, int] | None:
    """Find a list of secrets; Compose's `secrets:` are names."""
    if name.lower() in {"secrets", "keys"} or not (found := _LIST_PATTERN.match(text, begin)):
        return None
    inner = found[0].strip("[] \t\r\n")
    if not inner or inner == MASK or values.is_placeholder(inner, 0):
        return None
    return begin + 1, found.end() - found[0].endswith("]")


_ELEMENT_PATTERN = compile_lazily(
    rf"<(?:\w++:)?{MARKED}([\w.-]++)(?:[ \t][^<>\r\n]*+)?>[ \t]*+(?:<!\[CDATA\[)?(?=[^\s<])"
    rf"([^<\r\n\]]++(?=\]\]>|</)|[^<\s\]]++(?=[ \t]*$))",
    re.MULTILINE,
)
_NAMED_ELEMENT_PATTERN = compile_lazily(
    rf"""<\w++[ ](?:[^<>]{{0,200}}?[ ])?(?:name|key|id)=["']{NAME}["']"""
    r"""[^<>]{0,200}(?<!/)>(?=\s*+[^\s<])([^<>]++)(?=</)"""
)
_NAMES_KEY = r"(?i:name|key|id|variable|env|property|field|k)"
_VALUES_KEY = r"(?i:value|val|content|default|defaultvalue|v)"
_SEPARATOR = r"""\\{0,3}["']?[ \t]{0,9}(?:=>|[:=])[ \t]{0,9}"""
_PAIR_PATTERN = compile_lazily(
    rf"""(?<![\w.-]){_NAMES_KEY}{_SEPARATOR}\\{{0,3}}["']?{NAME}\\{{0,3}}["']?[\s,;]{{0,60}}"""
    rf"""(?:type=["']\w+["']\s)?\\{{0,3}}["']?"""
    rf"""(?<![\w.-]){_VALUES_KEY}{_SEPARATOR}"""
)
_REVERSED_PAIR_PATTERN = compile_lazily(
    rf"""(?<![\w.-])({_VALUES_KEY}["']\s{{0,9}}:\s{{0,9}})("(?:\\.|[^"\\])*")"""
    rf"""(\s{{0,9}},\s{{0,60}}"{_NAMES_KEY}"\s{{0,9}}:\s{{0,9}}["']){NAME}""",
)
_PLIST_PATTERN = compile_lazily(
    rf"<(?:key|name)>{NAME}</\w++>\s{{0,60}}<(?:string|data|value)>([^<]++)(?=</)"
)
_DEFINE_PATTERN = compile_lazily(
    rf"""(?<![\w.-])(?:\w{{1,40}}\.){{0,3}}(?:define|putenv|setenv|set|env|getenv|environ\.get|config"""
    rf"""|setProperty|put|add|Setenv)\(\s{{0,9}}["']{NAME}["'],\s{{0,9}}(?=["'])"""
)
_DIRECTIVE_PATTERN = compile_lazily(
    rf"""^[^\S\n]*(?:Step[ ]\d++/\d++[ ]:[ ]|STEP[ ]\d++(?:/\d++)?:[ ]|"""
    rf"""(?:[#=>]{{1,3}}[ \d.]*)?\[[^\]\n]{{1,40}}\][ ])?"""
    rf"""(?:(?:ENV|setenv|SetEnv|export|fastcgi_param|uwsgi_param|proxy_set_header|PassEnv|env|setx"""
    rf"""|set[ ]-\w+|aws[ ]configure[ ]set|npm[ ]config[ ]set|git[ ]config(?:[ ]--\w+)?|set)[ \t]++)?"""
    rf"""(?://\S{{1,80}}/:)?["']?{NAME}["']?[ \t]++(?![=:|])(?=\S+?;?[ \t]*$|["'])""",
    re.MULTILINE,
)
_BARE_DIRECTIVES = frozenset(
    [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "requirepass",
        "masterauth",
        "bindpw",
        "rootpw",
        "token",
        "apikey",
        "authtoken",
    ]
)


def mask_pairs(text: str) -> str:
    """Mask values that stand beside the name of their name: `{"name": "DB_PASSWORD", "value": …}`."""
    text = replace_values(text, _PAIR_PATTERN, _find_value_of_pair)
    text = replace_values(text, _DEFINE_PATTERN, _find_value_of_pair)
    text = _REVERSED_PAIR_PATTERN.sub(_mask_reversed_pair, text)
    text = _PLIST_PATTERN.sub(_mask_element, text)
    text = _NAMED_ELEMENT_PATTERN.sub(_mask_element, text)
    return _ELEMENT_PATTERN.sub(_mask_element, text)


def mask_directives(text: str) -> str:
    """Mask what follows a secret name on a line: `ENV DB_PASSWORD …`, `requirepass …`."""
    return replace_values(text, _DIRECTIVE_PATTERN, _find_value_of_directive)


def _find_value_of_pair(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    secrecy, begin = rate_name(match[1]), match.end()
    if secrecy is Secrecy.NONE or values.is_harmless(text, begin, secrecy, match[1]):
        return None
    end = values.find_value_end(text, begin, member=True)
    return None if values.is_empty(text[begin:end]) else (begin, end)


def _find_value_of_directive(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    name, begin = match[1], match.end()
    secrecy = rate_name(name)
    is_compound = bool(re.search(r"[a-z\d][A-Z]|_|\.", name)) or "-" in name
    is_header = "_header" in match[0] and secrecy is not Secrecy.NONE
    if not is_header and (
        secrecy is not Secrecy.STRONG or not (is_compound or name.lower() in _BARE_DIRECTIVES)
    ):
        return None
    if values.is_harmless(text, begin, secrecy, name) or values.reads_as_prose(text, begin, any_word=False):
        return None
    return begin, values.find_value_end(text, begin, member=False)


def _mask_reversed_pair(match: re.Match[str]) -> str:
    key, value, between, name = match.groups()
    secrecy = rate_name(name)
    if secrecy is Secrecy.NONE or values.is_harmless(value, 0, secrecy, name) or values.is_empty(value):
        return match[0]
    return f"{key}{values.mask_value(value)}{between}{name}"


def _mask_element(match: re.Match[str]) -> str:
    name, value = match.groups()
    secrecy = rate_name(name)
    if secrecy is Secrecy.NONE or values.is_harmless(value, 0, secrecy, name):
        return match[0]
    return match[0].removesuffix(value) + MASK
