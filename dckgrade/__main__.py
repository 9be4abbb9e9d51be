"""The way in: settle the language and the streams, then run the command."""

import gc
import os
import sys

from dckgrade.cli import language
from dckgrade.words import Trouble


def main() -> None:
    """Run `dckgrade` with the process's own arguments."""
    # Looking for garbage among freshly imported modules, and walking them all once more at the exit, took a
    # sixth of a grade's processor time.
    gc.set_threshold(100_000)
    try:
        run()
    finally:
        gc.freeze()


def run() -> None:
    """Choose the language, build the command, obey it."""
    # Names and logs hold any character; a terminal that cannot spell one shows its escape instead of a crash.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        lang = language.chosen(sys.argv[1:], os.environ)
    except Trouble as trouble:
        sys.stderr.write("\n".join(trouble.sentences("en")) + "\n")
        raise SystemExit(2) from None
    language.speak(lang)
    from dckgrade.cli import command_line

    command_line(lang)(prog_name="dckgrade")


if __name__ == "__main__":
    main()
