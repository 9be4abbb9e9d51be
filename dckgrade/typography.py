"""Typeset French text: apostrophes, and spaces that do not break; code and addresses stay as they are."""

from functools import lru_cache

from dckgrade.lazy_patterns import compile_lazily

# Source: Imprimerie nationale, Lexique des règles typographiques; the space is the one that terminals have.
_APART = compile_lazily(
    r"(`[^`]*`"  # code
    r"|\b[a-z][a-z0-9+.-]*://\S*)"  # an address
)
_APOSTROPHE = compile_lazily(r"(?<=\w)'(?=[\w«“{])")
_LAST_APOSTROPHE = compile_lazily(r"(?<=\w)'$")
_SPACE_BEFORE_SIGN = compile_lazily(r" (?=[;:!?»](?!\w))")


@lru_cache(maxsize=4096)
def typeset(text: str, lang: str) -> str:
    """Return *text* as *lang* wants it: apostrophes in words, no line break before `;:!?»` and after `«`."""
    if lang != "fr" or not ("'" in text or " " in text):
        return text
    *before, last = _APART.split(text)
    before[::2] = [_LAST_APOSTROPHE.sub("’", _typeset_prose(part)) for part in before[::2]]
    return "".join([*before, _typeset_prose(last)])


def _typeset_prose(text: str) -> str:
    return _SPACE_BEFORE_SIGN.sub("\xa0", _APOSTROPHE.sub("’", text)).replace("« ", "«\xa0")
