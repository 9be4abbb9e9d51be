"""The name that a report bears: the one that was given, that of the key that signs it, else an asked one."""

import sys
from collections.abc import Sequence
from pathlib import Path

from dckgrade.cli import exit_codes, output, settings
from dckgrade.i18n import N_, Lang, UserError, get_translator

MAX_NAME_CHARS = 200


def resolve_trainee(given: str | None, paths: Sequence[Path], lang: Lang) -> str | None:
    """
    Return the name for reports that are written to *paths*; None for none.

    *given*: by option, environment or config; '' is none, by choice. A report to hand in is a JSON file: for
    one without a name, who sits at the terminal is asked, once; elsewhere stderr says how to give a name.
    """
    signer = find_signer()
    if given and signer and given != signer:
        warning = N_("Your key is of {signer}, the report of {given}: the trainer will be told so.")
        exit_codes.print_to_stderr([get_translator(lang)(warning).format(signer=signer, given=given)])
    if given is not None or signer:
        return given or signer
    nameless = [path for path in paths if path.name.endswith(".json")]
    return obtain_name(nameless[0], lang) if nameless else None


def find_signer() -> str | None:
    """Return whose key signs the reports that are written here; None without a key that can be read."""
    path = settings.get_own_key_path()
    if not path.exists():
        return None
    from dckgrade.report import signature

    return signature.read_keys(path)[0].trainee


def obtain_name(path: Path, lang: Lang) -> str | None:
    """Ask for the name and keep it; where nobody can be asked, say that *path* will bear none."""
    translate = get_translator(lang)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        warning = N_("{path} will not say whose it is: give --trainee NAME, or set DCKGRADE_TRAINEE.")
        exit_codes.print_to_stderr([translate(warning).format(path=path)])
        return None
    sys.stderr.write(translate(N_("Your name, as your trainer knows it (Enter: none): ")))
    sys.stderr.flush()
    typed = "".join(filter(str.isprintable, sys.stdin.readline())).strip()[:MAX_NAME_CHARS]
    if not typed:
        return None
    try:
        keep_name(typed)
    except UserError as trouble:
        exit_codes.print_to_stderr(trouble.translate_sentences(lang))
    else:
        kept = translate(N_("Kept in {path} for the next reports."))
        exit_codes.print_to_stderr([kept.format(path=settings.get_config_path())])
    return typed


def keep_name(name: str) -> None:
    """Write *name* at the top of the user's own file, where no table of it can take it."""
    import msgspec

    path = settings.get_config_path()
    before = path.read_bytes() if path.exists() else b""
    # A JSON string of printable characters is a string of TOML too.
    line = f"trainee = {msgspec.json.encode(name).decode()}\n"
    output.make_folder(path.parent)
    output.write_file_atomically(path, line.encode() + before)
