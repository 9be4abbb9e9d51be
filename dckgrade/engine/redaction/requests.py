"""Secrets of requests: headers, and what a URL carries."""

import base64
import binascii
import re

from dckgrade.engine.redaction import values
from dckgrade.engine.redaction.values import MASK
from dckgrade.lazy_patterns import compile_lazily

HEADER_TELLTALES = ("auth", "cookie", "token", "-key", "apikey", "basic ")
_HEADER_PATTERN = compile_lazily(
    r"(?<![\w-])((?:proxy-)?authorization|(?:set-)?cookie2?|(?:private|job|deploy|api|access)-(?:token"
    r"|key)|apikey"
    r"|x-[\w-]*+(?:(?<=token)|(?<=-key)|(?<=-auth)|(?<=cookie)|(?<=secret)))([^\S\r\n]?:[^\S\r\n]?)"
    r"(?![|>{\[\"'\\ ])(?!\s*$)([^\r\n\"'\\|]++)",
    re.IGNORECASE | re.MULTILINE,
)
_HEADER_MENTION_PATTERN = compile_lazily(
    r"(?:(?:bearer|basic|digest|negotiate|apikey)\s*$|(?:is |not |missing|header|required|invalid"
    r"|no such|none|null)\b)",
    re.IGNORECASE,
)
_SCHEME_PATTERN = compile_lazily(r"(?:basic|bearer|token|apikey|digest|negotiate|key)\s+\S", re.IGNORECASE)
_BASIC_PATTERN = compile_lazily(r"(?<![\w-])([Bb]asic[ ]+)([A-Za-z0-9+/_-]{6,}+={0,2})(?![\w])")

URL_TELLTALES = ("@", "webhook", "hooks.", "code=", "sig=", "signature=", "bot", "credential=")
_USERINFO_PATTERN = compile_lazily(
    r"""(?<=\w)://(?:([^\s/"'<>@:]*+)@(?![^\s/"'<>]*@)|[^\s/"'<>]*@|[^\s/"'<>@:]*+:(?!\d{1,5}(?:[/?#]"""
    r"""|\b))[^\s"'<>@]{1,200}@)"""
)
_USER_SCHEMES = ("ssh", "sftp", "git", "git+ssh", "rsync", "svn+ssh", "scp")
_URL_SCHEME_PATTERN = compile_lazily(r"[\w+.-]{1,20}$")
_THIN_PATTERN = compile_lazily(r"(:(?:thin|oci):@?[\w.$-]{1,60}/)[^\s@\"']++(?=@)")
_HOOK_PATTERN = compile_lazily(
    r"(hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/webhooks/\d++/"
    r"|webhook\.office\.com/webhookb2/|api\.telegram\.org/bot|chat\.googleapis\.com/v1/spaces/\w++/messages\?"
    r"|hooks\.zapier\.com/hooks/catch/|maker\.ifttt\.com/trigger/\w++/with/key/|outlook\.office\.com/webhook/"
    r"|open\.feishu\.cn/open-apis/bot/v2/hook/|events\.pagerduty\.com/integration/)[^\s\"'<>]++"
)
_QUERY_PATTERN = compile_lazily(
    r"([?&;](?:amp;)?(?:code|sig|signature|x-amz-(?:signature|credential|security-token)|sign"
    r"|otp)=)[^\s&\"'<>;*]{6,}+",
    re.IGNORECASE,
)


def mask_headers(text: str) -> str:
    """Mask the values of headers that carry an account, a session or a key."""
    return _BASIC_PATTERN.sub(_mask_basic, _HEADER_PATTERN.sub(_mask_header, text))


def _mask_header(match: re.Match[str]) -> str:
    name, between, value = match.groups()
    is_sentence = values.reads_as_prose(value, 0, any_word=True) and not _SCHEME_PATTERN.match(value)
    if _HEADER_MENTION_PATTERN.match(value) or is_sentence:
        return match[0]
    if values.is_placeholder(value.rpartition(" ")[2], 0):
        return match[0]
    return f"{name}{between}{MASK}"


def _mask_basic(match: re.Match[str]) -> str:
    """Mask an account in base64, which decodes to `name:password`."""
    words = match[2]
    try:
        decoded = base64.b64decode(words + "=" * (-len(words) % 4), altchars=b"-_" if "-" in words else None)
    except binascii.Error:
        return match[0]
    return f"{match[1]}{MASK}" if b":" in decoded or re.search(r"\d|=$", words) else match[0]


def mask_urls(text: str) -> str:
    """Mask the account in a URL, and the parts that give access to whoever has the URL."""
    text = _USERINFO_PATTERN.sub(_mask_userinfo, text)
    text = _THIN_PATTERN.sub(rf"\1{MASK}", text)
    text = _HOOK_PATTERN.sub(rf"\1{MASK}", text)
    return _QUERY_PATTERN.sub(rf"\1{MASK}", text)


def _mask_userinfo(match: re.Match[str]) -> str:
    """An account of ssh without a password is a name."""
    scheme = _URL_SCHEME_PATTERN.search(match.string, max(0, match.start() - 20), match.start())
    is_name = match[1] is not None and scheme and scheme[0].lower() in _USER_SCHEMES
    return match[0] if is_name else f"://{MASK}@"
