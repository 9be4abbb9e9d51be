"""The way in: settle the language and the streams, then run the command."""

import gc
import os
import sys
from pathlib import Path

from dckgrade.cli import exit_codes, language, shortcuts
from dckgrade.i18n import UserError


def main() -> None:
    """Run `dckgrade` with the process's own arguments."""
    # Looking for garbage among freshly imported modules, and walking them all once more at the exit, took a
    # sixth of a grade's processor time.
    gc.set_threshold(100_000)
    try:
        start_command_line()
    finally:
        gc.freeze()


def start_command_line() -> None:
    """Choose the language, build the command, obey it."""
    # Names and logs hold any character; a terminal that cannot spell one shows its escape instead of a crash.
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller, `>&-`
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - to the end
        getattr(sys, name).reconfigure(errors="backslashreplace")
    try:
        lang = language.choose_language(sys.argv[1:], os.environ, read_configured_language())
    except UserError as trouble:
        sys.stderr.write("\n".join(trouble.translate_sentences("en")) + "\n")
        raise SystemExit(2) from None
    language.set_language(lang)
    if shortcut := shortcuts.find_shortcut(sys.argv[1:], os.environ):
        exit_codes.guard_command(shortcut)()
        return
    from dckgrade.cli.command_line import run_command_line

    run_command_line(lang)


def read_configured_language() -> str:
    """Look into the user's own file, where there is one; what is wrong with it is told later."""
    from dckgrade.cli import settings

    try:
        setting = settings.load_settings().get("lang")
    except UserError:
        return ""
    return str(setting.value) if setting else ""


if __name__ == "__main__":
    main()
