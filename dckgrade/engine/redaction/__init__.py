"""
Mask secrets in texts. Names of variables stay, their values become ***.

By structure first: what a language of configurations, a command line, a request or a sentence names as a
secret is one, whatever it looks like. By the shapes of well-known tokens second.

Every pattern runs in linear time: a look-behind lets a run of characters match only from its first one, and
possessive quantifiers never give back. Groups are repeated greedily: the Python 3.11.2 of Debian 12 gets
possessive ones wrong. They cannot be split in two ways, and what follows does not send them back.
"""

from collections.abc import Callable

from dckgrade.engine.redaction import blocks, command_lines, layers, members, requests, sentences, tokens
from dckgrade.engine.redaction.names import NAME_TELLTALES

_Readers = tuple[tuple[tuple[str, ...], tuple[Callable[[str], str], ...]], ...]
_TOKEN_READERS: _Readers = (
    (tokens.TOKEN_TELLTALES, (tokens.mask_tokens,)),
    (tokens.HASH_TELLTALES, (tokens.mask_hashes,)),
)
_READERS: _Readers = (
    (blocks.PEM_TELLTALES, (blocks.mask_pem,)),
    (requests.HEADER_TELLTALES, (requests.mask_headers,)),
    (requests.URL_TELLTALES, (requests.mask_urls,)),
    (command_lines.ACCOUNT_TELLTALES, (command_lines.mask_accounts,)),
    (
        NAME_TELLTALES,
        (
            blocks.mask_manifests,
            blocks.mask_blocks,
            members.mask_pairs,
            members.mask_members,
            command_lines.mask_flags,
            members.mask_directives,
        ),
    ),
    (command_lines.PROGRAM_TELLTALES, (command_lines.mask_programs,)),
    (sentences.SENTENCE_TELLTALES, (sentences.mask_sentences,)),
    *_TOKEN_READERS,
)
"""What masks, in this order, behind what each text contains, in small letters, in which it masks anything."""
_MAX_ROUNDS = 4


def _list_readers(text: str) -> list[Callable[[str], str]]:
    # A name alone, such as that of a variable, has no value beside it; compiling all patterns takes long.
    readers = _TOKEN_READERS if text.isidentifier() else _READERS
    # Other alphabets have letters that a pattern takes for one of these (U+017F for an s).
    if not text.isascii():
        return [mask for _, masks in readers for mask in masks]
    lowered = text.lower()
    found: list[Callable[[str], str]] = []
    for telltales, masks in readers:
        for telltale in telltales:
            if telltale in lowered:
                found += masks
                break
    return found


def mask_secrets(text: str) -> str:
    """Mask what is secret in *text*; masked again, the result stays as it is."""
    return mask_matches(text) if may_hold_secret(text) else text


def may_hold_secret(text: str) -> bool:
    """Return whether a reader could find anything: most texts are short, compiling patterns takes long."""
    return bool(_list_readers(text))


def mask_matches(text: str) -> str:
    """Let each reader mask what it finds, until none finds anything more."""
    is_dos = "\r\n" in text and text.count("\r\n") == text.count("\n")
    masked = text.replace("\r\n", "\n") if is_dos else text
    for _ in range(_MAX_ROUNDS):
        before, masked = masked, _mask_layers(masked, layers.MAX_DEPTH)
        if masked == before:
            break
    return masked.replace("\n", "\r\n") if is_dos else masked


def _mask_layers(text: str, depth: int) -> str:
    """Mask *text*, and the texts in it that are *depth* deep."""
    if depth:
        text = layers.mask_strings(text, lambda inner: _mask_inner(inner, depth - 1))
        text = layers.mask_lines(text, lambda inner: _mask_inner(inner, 0))
    for mask in _list_readers(text):
        text = mask(text)
    return text


def _mask_inner(text: str, depth: int) -> str:
    return _mask_layers(text, depth) if may_hold_secret(text) else text
