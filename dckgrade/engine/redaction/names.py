"""Which names say that the value beside them is secret, and which only sound so."""

from enum import IntEnum
from functools import lru_cache

from dckgrade.lazy_patterns import compile_lazily


def list_words(text: str) -> frozenset[str]:
    """List the words of *text*."""
    return frozenset(text.split())


_STEMS = (
    *(
        "pass",
        "pwd",
        "secret",
        "token",
        "jeton",
        "key",
        "cred",
        "auth",
        "dsn",
        "private",
        "session",
        "sessid",
    ),
    *("cookie", "jwt", "bearer", "psk", "mnemonic", "salt"),
)
_SHORT_STEMS = ("pw", "mdp", "cle", "clef")
"""They stand at the end of a word: `db_pw`, not `upward`."""
_ENDS = ("pat=", "pat:", "pat ", 'pat"', "pat'", "pat\\")
"""A name may end so, as in `AZURE_PAT`; `path` is frequent."""
NAME_TELLTALES = (*_STEMS, *_SHORT_STEMS, *_ENDS)
"""In small letters: each secret name contains one of these."""

# A look-ahead checks the name before it is matched: matching `CMD="x --token=y"` would skip the token.
MARKED = (
    rf"(?=[\w.-]*?(?i:{'|'.join(_STEMS)}|(?:{'|'.join(_SHORT_STEMS)})(?![a-z])"
    r"""|(?<![a-z])pat(?=[=: "'\\])))"""
)
NAME = rf"(?<![\w.-]){MARKED}([\w.-]++)"
"""A name that may be secret, from its first character on; `rate_name` tells."""
_MAX_NAME_CHARS = 120


class Secrecy(IntEnum):
    """How sure a name is about its value."""

    NONE = 0
    WEAK = 1
    """The value may be a word about the secret: `auth: basic`, `session=3`."""
    STRONG = 2


_SECRET_STEMS = compile_lazily(
    r"passw(?!ordless|ordreset)|passwd|passphrase|passcode|pwd|secret(?!ar)|token(?!i[sz])|credential"
    r"|jeton|motdepasse"
    r"|(?:api|access|private|secret|auth|signing|sign|encryption|encrypt|ssh|account|license|master"
    r"|session)keys?$"
    r"|(?<!by)(?<!com)(?<!tres)pass$|pw$|^pass\d|mdp$|jwt|mnemonic"
)
_SECRET_WORDS = frozenset({"pass", "cred", "creds", "dsn", "pat", "pats", "psk", "pgpass", "salt"})
_WEAK_WORDS = compile_lazily(r"auth\d?$|^o?auth|session|sessid|cookie|^private$|bearer|keys?$")
_NO_SECRET_WORDS = compile_lazily(
    r"author(?!iz|is)|.*(?:monkey|hockey|turkey|donkey)s?$|compat|authentic(?!at)|sessionid?s?manager"
)
_KEY_OWNERS = list_words(
    """
    access account admin api app application auth client consumer deploy encrypt encryption encrypted
    hmac jwt license master private root secret secure security server service session shared sign
    signing ssh storage unseal webhook aes rsa aws azure gcp s3 sas subscription write read logged nonce
    xpack
    """
)
_PUBLIC_KEY_OWNERS = list_words(
    """
    public pub gpg pgp primary foreign partition sort routing cache group label object index unique
    shard map hash host registry config metadata message dedup idempotency hot context translation any
    no same sub missing unknown invalid duplicate bad reserved required optional
    """
)
_ASPECTS = list_words(
    """
    file files path paths dir directory folder location url uri host hostname port endpoint server
    issuer realm audience name names username user users ttl length len size count counts num number
    total limit max min timeout timeouts expiry expires expiration expire expired age lifetime duration
    interval period rotation rounds iterations attempts retries version type types kind mode method
    methods policy policies algorithm algo alg plugin plugins provider providers driver backend format
    scheme schemes field fields column label labels prefix suffix header headers position required
    enabled disabled optional allowed supported validation validator strength score hint reset changed
    change created updated at date time status state error errors reason warning level stdin command cmd
    exec helper store stores usage role roles scope scopes group groups rule rules handler module class
    factory callback verify verified check checks fingerprint thumbprint digest checksum cert ref arn
    exists present description title comment source template pattern regex optimization bits slots slot
    protection script authentication wrapper filter filters interceptor listener impl adapter
    encryption hashing
    """
)
"""What may be said about a secret without telling it: where it is, how long it lives, how it is made."""
_LEADING = list_words(
    """
    no without disable disabled enable enabled require requires allow allows use uses using skip has is
    need needs show hide max min num total allowed force ignore empty random
    """
)
_NO_SECRET_PAIRS = frozenset(
    {(server, "pass") for server in ("proxy", "fastcgi", "uwsgi", "scgi", "grpc", "memcached")}
    | {("cert", "hash")}
)
_FILE_NAME_PATTERN = compile_lazily(
    r"\.(?:pem|crt|cer|p12|pfx|jks|gpg|pub|json|ya?ml|txt|conf|cnf|ini|log|sock|py|go|java|php)$"
)
_SECRET_IDS = frozenset({"session", "secret", "cookie"})
_VAULT_TOKEN_ID = frozenset({"vault", "token", "id"})
"""Vault calls the token itself its id: VAULT_DEV_ROOT_TOKEN_ID."""
_CAMEL_PATTERN = compile_lazily(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_FRENCH_PASSWORD_PATTERN = compile_lazily(r"(?<![a-z])mots?[_.-]?(?:de[_.-]?)?passe(?![a-z])")
_FRENCH_KEY_PATTERN = compile_lazily(
    r"(?<![a-z])clef?[_.-]?(?:de?[_.-])?"
    r"(?:api|acces|chiffrement|session|signature|secrete|privee)(?![a-z])"
)
_WORD_PATTERN = compile_lazily(r"[a-z0-9]+")


@lru_cache(2048)
def rate_name(name: str) -> Secrecy:
    """Rate *name* by its words, whatever separates them: `dbPassword`, `db_password`, `DB-PASSWORD`."""
    if len(name) > _MAX_NAME_CHARS:
        return Secrecy.STRONG
    words = _split_words(name)
    rates = [_rate_word(word) for word in words]
    rate = max(rates, default=Secrecy.NONE)
    if rate is Secrecy.NONE:
        return rate
    if _names_no_secret(name, words):
        return Secrecy.NONE
    if rate is Secrecy.WEAK:
        return _rate_key(words, rates)
    return rate if _LEADING.isdisjoint(words[:-1]) else Secrecy.WEAK


def _names_no_secret(name: str, words: list[str]) -> bool:
    """Return whether the last words tell that the name is of something about a secret."""
    *others, before, last = ["", "", *words]
    if last == "id":
        return before not in _SECRET_IDS and not _VAULT_TOKEN_ID.issubset(words)
    if (before, last) in _NO_SECRET_PAIRS or _FILE_NAME_PATTERN.search(name):
        return True
    if last.isdigit() and any(others):
        last = before
    return last in _ASPECTS and len(words) > 1


def _split_words(name: str) -> list[str]:
    # U+017F, U+0131 and U+212A are letters that patterns take for s, i and k.
    plain = name.translate({0x17F: "s", 0x131: "i", 0x212A: "k"})
    lowered = _CAMEL_PATTERN.sub("_", plain).lower()
    english = _FRENCH_KEY_PATTERN.sub("apikey", _FRENCH_PASSWORD_PATTERN.sub("motdepasse", lowered))
    return _WORD_PATTERN.findall(english)


def _rate_word(word: str) -> Secrecy:
    if _NO_SECRET_WORDS.match(word):
        return Secrecy.NONE
    if word in _SECRET_WORDS or _SECRET_STEMS.search(word):
        return Secrecy.STRONG
    return Secrecy.WEAK if _WEAK_WORDS.search(word) else Secrecy.NONE


def _rate_key(words: list[str], rates: list[Secrecy]) -> Secrecy:
    """Rate a name whose weightiest word is `key`, `auth`, `session` or the like by the word before it."""
    at = max(at for at, rate in enumerate(rates) if rate is Secrecy.WEAK)
    before = words[at - 1] if at else ""
    if words[at] not in {"key", "keys"}:
        return Secrecy.WEAK
    if before in _PUBLIC_KEY_OWNERS:
        return Secrecy.NONE
    if before not in _KEY_OWNERS and at < len(words) - 1 and not words[-1].isdigit():
        return Secrecy.NONE
    return Secrecy.STRONG if before in _KEY_OWNERS or before in _SECRET_WORDS else Secrecy.WEAK
