r"""
Tell which characters are seen, and which act unseen: controls, bidi, zero-width.

And which texts are commands to the service that runs a job and reads its log: no text that others have a say
in may stand in any output as one of them. https://github.com/actions/runner, ActionCommand.cs
"""

import re
from collections.abc import Iterator

from dckgrade.lazy_patterns import compile_lazily

# Printable excludes every control, format (bidi, zero-width, BOM, tags), surrogate, private and unassigned
# character, and every space but the plain one. French typography needs two of those spaces.
_FRENCH_SPACES = "\xa0\u202f"
# Printable to Python, invisible to the eye: fillers and joiners that would hide between two letters.
_INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0" + "".join(map(chr, range(0xFE00, 0xFE10)))

JOB_COMMAND = compile_lazily(
    # In the older form a line need not begin with it; Azure's and TeamCity's are alike.
    r"#(?=#\w*\[)"
    # In the newer form a line must; but a terminal's width says where a line begins.
    r"|:(?=:(?:(?i:add-mask|add-matcher|add-path|debug|echo|endgroup|error|group|internal-set-repo-path|notice"
    r"|remove-matcher|save-state|set-env|set-output|stop-commands|warning))(?: |::|$))"
)
"""The first character of what a runner of jobs would act upon: `##[error]`, `::add-mask::`."""
PLAIN_CHARACTERS = r" -~\xa0-\xac\xae-\u017f\u2010-\u2027\u202f"
"""As a pattern writes a set: of nearly every text that is shown; all are visible, none is an accent apart."""
_MAY_BE_UNSEEN = compile_lazily(rf"[^\n{PLAIN_CHARACTERS}]")
_PIECE_BYTES = 1024 * 1024
_ACTIVE_IN_JSON = compile_lazily(rf"{JOB_COMMAND.pattern}|{_MAY_BE_UNSEEN.pattern}")


def is_visible(character: str) -> bool:
    """Return whether a reader sees *character*, and nothing else happens."""
    return (character.isprintable() or character in _FRENCH_SPACES) and character not in _INVISIBLE


def escape_json(document: bytes) -> bytes:
    r"""Write as `\u…` what acts on a terminal or in a job's log; *document* says the same as before."""
    if document.isascii() and not any(sign in document for sign in (b"\x7f", b"##", b"::")):
        return document
    escaped = bytearray()
    for piece in _iter_whole_lines(document):
        escaped += _ACTIVE_IN_JSON.sub(_escape_match, piece.decode()).encode()
    return bytes(escaped)


def _iter_whole_lines(document: bytes) -> Iterator[bytes]:
    """Yield *document* in pieces that end with a line: as text, a large one takes several times its bytes."""
    begin = 0
    while begin < len(document):
        end = document.find(b"\n", begin + _PIECE_BYTES) + 1 or len(document)
        yield document[begin:end]
        begin = end


def _escape_match(found: re.Match[str]) -> str:
    character = found[0]
    if is_visible(character) and character not in "#:":
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
