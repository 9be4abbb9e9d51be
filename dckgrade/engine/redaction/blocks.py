"""Secrets on lines of their own: keys in PEM, scalars and lists of YAML, what stands below a title."""

import re

from dckgrade.engine.redaction import values
from dckgrade.engine.redaction.names import MARKED, Secrecy, rate_name
from dckgrade.engine.redaction.values import MASK
from dckgrade.lazy_patterns import compile_lazily

PEM_TELLTALES = ("-----begin ", "begin ssh2", "putty-user-key")
_PEM_PATTERN = compile_lazily(
    r"----[- ]BEGIN (?![A-Z0-9 ]*(?:PUBLIC KEY|CERTIFICATE|PGP MESSAGE|PGP SIGNATURE|X509 CRL"
    r"|DH PARAMETERS)-)[A-Z0-9 ]++----[ -]"
    r".*?(?:----[- ]END [A-Z0-9 ]++----[ -]?|\Z)",
    re.DOTALL,
)
_PUTTY_PATTERN = compile_lazily(r"(Private-Lines: \d++\s++)(?:[A-Za-z0-9+/=]++\s*+)+?(?=Private-MAC|\Z)")
_BLOCK_HEAD_PATTERN = compile_lazily(
    rf"""^([ \t]*+(?:-[ \t]++)?)["']?{MARKED}([\w.-]++)["']?[ \t]*+:[ \t]*+"""
    rf"""(?:![\w/!]+[ ]+)?([|>][-+\d]{{0,2}})?[ \t]*+(?:\#[^\n]*+)?\r?\n""",
    re.MULTILINE,
)
_LINE_PATTERN = compile_lazily(r"([ \t]*+)([^\r\n]*+)(\r?\n|\Z)")
_ITEM_PATTERN = compile_lazily(r"""-[ \t]+(?:"[^"\n]*"|'[^'\n]*'|[^\s:{"'#]+(?::[^\s]+)?)[ \t]*$""")
_SINGLE_WORD_PATTERN = compile_lazily(r"""["'`]?[^\s:{}\[\]"'`<>#]{4,}["'`]?$""")
_LIST_NAMES = (
    "passwords",
    "tokens",
    "credentials",
    "apikeys",
    "api_keys",
    "api-keys",
    "access_keys",
    "private_keys",
)
_TITLE_PATTERN = compile_lazily(
    r"((?i:password|passphrase|passwd|mot de passe|(?<![a-z-])(?:token|secret)"
    r"(?!s))[^:\r\n]{0,160}:[^\S\n]*+(?:\r?\n[^\S\n]*+){1,2})"
    r"(?![-*•✅\u2139#>/]|http)([^\s:={}\[\]<>,;()\"']{6,}={0,2})(?=[^\S\n]*(?:\r?\n|\Z))"
)
_MANIFEST_PATTERN = compile_lazily(r"""\bkind["']?[ ]*:[ ]*["']?Secret\b""")
_DATA_PATTERN = compile_lazily(r"^([ \t]*)(?:data|stringData):[ \t]*\r?\n", re.MULTILINE)
_DATUM_PATTERN = compile_lazily(
    r"""^([ \t]+["']?[\w.-]++["']?:[ \t]++)(?![|>*])(\S[^\r\n]*+)$""", re.MULTILINE
)
_JSON_DATA_PATTERN = compile_lazily(r""""(?:data|stringData)"\s{0,9}:\s{0,9}\{[^{}]*+\}""")
_JSON_DATUM_PATTERN = compile_lazily(r"""(:\s{0,9})"(?:\\.|[^"\\])*\"""")


def mask_pem(text: str) -> str:
    """Mask private keys with their frame; certificates and public keys stay."""
    return _PUTTY_PATTERN.sub(rf"\1{MASK}\n", _PEM_PATTERN.sub(MASK, text))


def mask_blocks(text: str) -> str:
    """Mask scalars and lists of YAML under a secret name, and the single word below a title about one."""
    done: list[str] = []
    copied = at = 0
    while head := _BLOCK_HEAD_PATTERN.search(text, at):
        at = head.end()
        indent = len(head[1].replace("-", " "))
        if masked := _mask_block(text, at, indent, head[2], is_scalar=bool(head[3])):
            block, end = masked
            done += [text[copied:at], block]
            copied = at = end
    return _TITLE_PATTERN.sub(_mask_single_word, "".join(done) + text[copied:])


def _mask_block(text: str, at: int, indent: int, name: str, *, is_scalar: bool) -> tuple[str, int] | None:
    """Return what stands in the place of the lines from *at* on, and where they end; None: no secret."""
    if rate_name(name) is Secrecy.NONE:
        return None
    lines = _read_deeper_lines(text, at, indent, is_scalar=is_scalar)
    if not lines:
        return None
    end = lines[-1].end()
    if is_scalar:
        # As many lines as before: what stands before them in a log is put back.
        return "".join(f"{line[1]}{MASK}{line[3]}" if line[2] else line[0] for line in lines), end
    if name.lower().endswith(_LIST_NAMES) and all(_ITEM_PATTERN.match(line[2]) for line in lines):
        return "".join(f"{line[1]}- {MASK}{line[3]}" for line in lines), end
    if (
        len(lines) == 1
        and len(lines[0][1]) > indent
        and rate_name(name) is Secrecy.STRONG
        and _SINGLE_WORD_PATTERN.match(lines[0][2])
        and not values.is_placeholder(lines[0][2], 0)
    ):
        return f"{lines[0][1]}{values.mask_value(lines[0][2])}{lines[0][3]}", end
    return None


def _read_deeper_lines(text: str, at: int, indent: int, *, is_scalar: bool) -> list[re.Match[str]]:
    """Read the lines that belong to a key at *indent*: they stand deeper, those of a list as deep."""
    lines = []
    while at < len(text) and (line := _LINE_PATTERN.match(text, at)):
        is_item = not is_scalar and line[2].startswith("- ")
        if line[2] and len(line[1]) <= indent - (1 if is_item else 0):
            break
        if not line[2] and not is_scalar:
            break
        lines.append(line)
        at = line.end()
    while lines and not lines[-1][2]:
        lines.pop()
    return lines


def _mask_single_word(match: re.Match[str]) -> str:
    title, word = match.groups()
    if values.is_placeholder(word, 0) or values.reads_as_prose(word, 0, any_word=False):
        return match[0]
    return f"{title}{MASK}"


def mask_manifests(text: str) -> str:
    """Mask the data of Kubernetes' Secrets: whatever a member is called, it is one."""
    if not _MANIFEST_PATTERN.search(text):
        return text
    text = _JSON_DATA_PATTERN.sub(lambda data: _JSON_DATUM_PATTERN.sub(rf'\1"{MASK}"', data[0]), text)
    parts, at = [], 0
    while head := _DATA_PATTERN.search(text, at):
        parts.append(text[at : head.end()])
        at = head.end()
        if lines := _read_deeper_lines(text, at, len(head[1]), is_scalar=True):
            parts.append(_DATUM_PATTERN.sub(rf"\1{MASK}", text[at : lines[-1].end()]))
            at = lines[-1].end()
    return "".join(parts) + text[at:]
