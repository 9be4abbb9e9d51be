"""Which names of variables say that a value is secret."""

import re

SECRET_NAME_PATTERN = re.compile(
    r"password|passwd|passphrase|(?<![a-z])pass(?![a-z])|pwd|secret|token(?!i[sz])|jeton|credential|mot_?de_?passe"
    r"|(?<![a-z])(?:mdp|pw|pat|dsn|cl[eé])(?![a-z])|(?:api|access|private|encryption)_?key|(?<![a-z])key$",
    re.IGNORECASE,
)
PUBLIC_NAME_PATTERN = re.compile(
    r"(?:gpg|pgp|public|publishable|authorized)[-_]?keys?$|random[-_]root[-_]password$"
    r"|^(?:disabled?|no|without)[-_]|(?:^|[-_])(?:max|min|num|allow|requires?|required)[-_]"
    r"|[-_](?:file|path|dir|url|uri|host|port|endpoint|name|id|ttl|length|expir[a-z]*|lifetime|timeout|limit"
    r"|policy|type|header|algorithm|seconds|minutes|hours|days|issuer|audience|required|enabled)$",
    re.IGNORECASE,
)
"""
Such names tell where something is, that there is none, how long it lives or may be, or a key that is public.
"""


def names_secret(name: str) -> bool:
    """Return whether a variable's name says that its value is secret."""
    return bool(SECRET_NAME_PATTERN.search(name)) and not PUBLIC_NAME_PATTERN.search(name)
