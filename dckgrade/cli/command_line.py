"""Build the command line: the group, and of its commands the one that is named."""

import copy
import functools
import os
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from dckgrade.cli import (
    command_names,
    completion,
    exit_codes,
    inputs,
    language,
    options,
    output,
    settings,
    shortcuts,
    translated_help,
    usage_errors,
)
from dckgrade.cli.translated_help import TranslatedCommand, TranslatedHelp
from dckgrade.i18n import N_, Lang, UserError, get_translator
from dckgrade.lab.discovery import ALL_LABS


class LabCommandGroup(TranslatedHelp, TyperGroup):
    """The group in which every lab is a command: `dckgrade tp5` is `dckgrade grade tp5`."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer's own signature
        """List the commands, then the labs."""
        from dckgrade.lab.discovery import list_lab_paths

        return [*self.commands, *list_lab_paths(), ALL_LABS]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Typer's own signature
        """Show the labs apart from the commands, each by its title."""
        from dckgrade.lab.discovery import list_lab_paths

        translate = get_translator(language.get_language())
        labs = [
            *((name, completion.get_lab_title(name) or name) for name in list_lab_paths()),
            (ALL_LABS, translate(GRADE_ALL_HELP)),
        ]
        wide = formatter.width - 6 - max(map(len, self.commands))
        stand_ins = make_stand_ins(self.commands, language.get_language())
        commands = [(name, command.get_short_help_str(wide)) for name, command in stand_ins.items()]
        for heading, rows in ((N_("Labs"), labs), (N_("Commands"), commands)):
            with formatter.section(translate(heading)):
                formatter.write_dl(rows)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Offer the labs with their titles, which their commands do not know."""
        built: Any = self.commands
        self.commands = make_stand_ins(self.list_commands(ctx), language.get_language())
        try:
            found = super().shell_complete(ctx, incomplete)
        finally:
            self.commands = built
        for item in found:
            item.help = completion.get_lab_title(item.value) or item.help
        return found

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Find a command; a command wins over a lab of the same name (lint refuses such a lab)."""
        from dckgrade.lab.discovery import get_lab_path

        found = super().get_command(ctx, cmd_name)
        if found is None and (cmd_name == ALL_LABS or get_lab_path(cmd_name)):
            return make_lab_command(self.commands["grade"], cmd_name)
        return found

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; for a word that is neither a command nor a lab, say what was probably meant."""
        from dckgrade.lab.discovery import NoSuchLab
        from dckgrade.lab.problem import guess_nearest_word

        args = command_names.recognize_words(
            args, lambda word: self.get_command(ctx, word) is not None, lambda: self.list_commands(ctx)
        )
        name = args[0]
        if name == command_names.HELP_OPTION:
            print(ctx.get_help())
            raise typer.Exit
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            known = self.list_commands(ctx)
            near = guess_nearest_word(name, known)
            with exit_codes.exit_on_errors():
                raise NoSuchLab(
                    N_("There is no lab or command “{name}”."),
                    N_("Did you mean {near}?") if near else N_("Available: {known}."),
                    name=name,
                    near=near,
                    known=", ".join(known),
                )
        return super().resolve_command(ctx, args)


def make_stand_ins(names: Iterable[str], lang: Lang) -> dict[str, Any]:
    """Return commands that only tell what those of *names* do: for lists of them, of which none is run."""
    translate = get_translator(lang)
    summaries = {name: entry.summary for name, entry in COMMANDS.items()} | {ALL_LABS: GRADE_ALL_HELP}
    grade = COMMANDS["grade"].summary
    return {
        name: TyperCommand(name, help=translate(summaries.get(name, grade)), rich_markup_mode=None)
        for name in names
    }


def make_lab_command(command: Any, lab: str) -> Any:
    """Return the command LAB, which is `grade LAB`, with the options that the lab declares."""
    from dckgrade.lab.discovery import get_lab_path

    own = copy.copy(command)
    own.set_lab(get_lab_path(lab))
    own.name = lab
    if lab == ALL_LABS:
        own.help = get_translator(language.get_language())(GRADE_ALL_HELP)
    own.params = [param for param in command.params if param.name != "lab"]
    own.callback = functools.partial(command.callback, lab=lab)
    return own


GRADE_ALL_HELP = N_("Grade every lab in one run.")

app = typer.Typer(
    cls=LabCommandGroup,
    rich_markup_mode=None,  # Rich would double what --help costs
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": translated_help.HELP_OPTION_NAMES},
)


class CommandEntry(NamedTuple):
    """A command: its module in this package, the function there, and what it does."""

    module: str
    function: str
    summary: str


COMMANDS: Mapping[str, CommandEntry] = {
    "grade": CommandEntry("grade", "grade", N_("Grade a lab on this machine's engine.")),
    "judge": CommandEntry("judge", "judge", N_("Judge recorded reports again with today's labs.")),
    "collect": CommandEntry("collect", "collect", N_("Gather the trainees' reports into one class report.")),
    "class": CommandEntry("class_", "class_", N_("Grade the engines of a class from the trainer's desk.")),
    "enrol": CommandEntry(
        "enrol", "enrol", N_("Install the key that signs your reports, or make the keys of a class.")
    ),
    "board": CommandEntry("board", "board", N_("Serve the live class board: who is stuck where, now.")),
    "join": CommandEntry(
        "join", "join", N_("Join a class board: each graded run is sent to it from now on.")
    ),
    "leave": CommandEntry("join", "leave", N_("Leave the class board: nothing is sent any more.")),
    "hand": CommandEntry("hand", "hand", N_("Raise your hand on the class board.")),
    "doctor": CommandEntry(
        "doctor", "doctor", N_("Show the engine in use, and which labs can be graded on it.")
    ),
    "config": CommandEntry("config", "config", N_("Show each setting with its value and its origin.")),
    "sheet": CommandEntry("sheet", "sheet", N_("Show what a lab asks.")),
    "explain": CommandEntry(
        "explain", "explain", N_("Explain a mistake by its code; without a code, list all of them.")
    ),
    "demo": CommandEntry("judge", "demo", N_("Show a recorded lab with two mistakes; needs no engine.")),
    "lint": CommandEntry(
        "lint", "lint", N_("Check labs and show every problem at once, as file:line:column.")
    ),
    "prove": CommandEntry(
        "prove", "prove", N_("Test a lab: solutions pass, mistakes are detected, every check can fail.")
    ),
    "new": CommandEntry("new", "new", N_("Write a lab to fill in, with its solution and a first mistake.")),
    "record": CommandEntry("record", "record", N_("Record all that can be seen of an engine.")),
    "draft": CommandEntry("draft", "draft", N_("Draft a lab from two recordings of an engine.")),
    "try": CommandEntry("try_", "try_", N_("Run one probe and list the facts that a check can test.")),
    "schema": CommandEntry("schema", "schema", N_("Print the JSON Schema of labs.")),
}
COMMAND_CLASSES: Mapping[str, type[TyperCommand]] = {
    "grade": inputs.CommandWithInputs,
    "record": inputs.CommandWithInputs,
    "try": inputs.CommandWithInputs,
    "class": inputs.FleetCommand,
}


class LazyCommands(Mapping[str, Any]):
    """The commands by name; each is imported and built when it is first asked for."""

    def __init__(self) -> None:
        self.built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self.built:
            self.built[name] = build_named_command(name, COMMANDS[name])
        return self.built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


def build_named_command(name: str, entry: CommandEntry) -> Any:
    """Import and build one command."""
    function = getattr(import_module(f"{__package__}.{entry.module}"), entry.function)
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name, help=entry.summary, cls=COMMAND_CLASSES.get(name, TranslatedCommand))(
        exit_codes.guard_command(function)
    )
    return typer.main.get_command(alone)


def print_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        shortcuts.print_version()
        raise typer.Exit


def add_lab_folder(ctx: typer.Context, folder: Path | None) -> None:
    """Take the labs of *folder* too, before the command is looked for, which may be one of them."""
    if folder:
        from dckgrade.lab.discovery import LABS_VARIABLE, list_lab_files

        if folder.is_dir() and not list_lab_files(folder) and not ctx.resilient_parsing:
            what = get_translator(language.get_language())(
                N_("There is no lab in {path}: a lab ends in .yaml.")
            )
            exit_codes.print_to_stderr([what.format(path=folder)])

        os.environ[LABS_VARIABLE] = os.pathsep.join(
            filter(None, (os.environ.get(LABS_VARIABLE), str(folder)))
        )


@app.callback(
    invoke_without_command=True, help=N_("Grade Docker labs by their effects, and name the mistake.")
)
def root(
    ctx: typer.Context,
    lang: options.Language = None,
    _labs: Annotated[
        Path | None,
        typer.Option(
            "--labs",
            metavar="DIR",
            callback=add_lab_folder,
            is_eager=True,
            help=N_("Folder of labs of your own."),
        ),
    ] = None,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=print_version,
            is_eager=True,
            help=N_("Show the version and exit."),
        ),
    ] = False,
) -> None:
    """Grade Docker labs by their effects, and name the mistake."""
    if ctx.invoked_subcommand is None:
        # Late: the labs are read for nothing else here.
        from dckgrade.cli.list_labs import print_labs

        exit_codes.guard_command(print_labs)()
    else:
        ctx.default_map = {ctx.invoked_subcommand: settings.get_option_defaults()}


def build_command() -> Any:
    """Build the group; its commands are built by need."""
    group: Any = typer.main.get_command(app)
    group.commands = LazyCommands()
    return group


def run_command_line(lang: Lang) -> None:
    """Run the command; what Typer's parser refuses is said in *lang* too."""
    try:
        with output.safe_stdout():
            code = build_command().main(prog_name="dckgrade", standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        raise SystemExit(exit_codes.ExitCode.INTERRUPTED) from None
    except UserError as trouble:
        exit_codes.print_to_stderr(trouble.translate_sentences(lang))
        raise SystemExit(exit_codes.ExitCode.USAGE) from None
    except Exception as refused:
        # Typer keeps its UsageError to itself; this is how it can be told apart without its private modules.
        if not hasattr(refused, "format_message"):
            raise
        exit_codes.print_to_stderr(usage_errors.describe_usage_error(refused, lang))
        raise SystemExit(exit_codes.ExitCode.USAGE) from None
    raise SystemExit(code if isinstance(code, int) else exit_codes.ExitCode.PASSED)
