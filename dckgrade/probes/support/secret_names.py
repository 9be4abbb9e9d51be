"""Which names of variables say that a value is secret."""

import re

SECRET_NAME_PATTERN = re.compile(
    r"password|passwd|passphrase|(?<![a-z])pass(?![a-z])|pwd|secret|token|jeton|credential|mot_?de_?passe"
    r"|(?<![a-z])(?:mdp|pw|pat|dsn|cl[eé])(?![a-z])|(?:api|access|private|encryption)_?key|(?<![a-z])key$",
    re.IGNORECASE,
)
PUBLIC_NAME_PATTERN = re.compile(
    r"gpg_key|^(?:disabled?|no|without)[-_]|[-_](?:file|path|dir|url|uri|host|port|endpoint|name|id|ttl|length)$",
    re.IGNORECASE,
)
"""Such names tell where something is, that there is none, or with which public key something was signed."""


def names_secret(name: str) -> bool:
    """Return whether a variable's name says that its value is secret."""
    return bool(SECRET_NAME_PATTERN.search(name)) and not PUBLIC_NAME_PATTERN.search(name)
