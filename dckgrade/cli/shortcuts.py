"""What is answered without the parser of command lines, which takes longer to load than to answer."""

from collections.abc import Callable, Mapping, Sequence

from dckgrade import __version__

COMPLETION_VARIABLE = "_DCKGRADE_COMPLETE"
"""Set while a shell asks for completions: it calls without arguments too."""


def find_shortcut(arguments: Sequence[str], environ: Mapping[str, str]) -> Callable[[], None] | None:
    """Return what answers *arguments* alone: nothing at all, or `--version`."""
    if COMPLETION_VARIABLE in environ:
        return None
    if not arguments:
        from dckgrade.cli.list_labs import print_labs

        return print_labs
    return print_version if list(arguments) == ["--version"] else None


def print_version() -> None:
    """Print the version."""
    print(f"dckgrade {__version__}")
