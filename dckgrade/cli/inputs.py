"""Options made of the inputs that labs declare, and their values for a run."""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperOption

from dckgrade.cli import completion, exit_codes, language, settings
from dckgrade.cli.translated_help import TranslatedCommand, translate_metavar
from dckgrade.i18n import N_, UserError, get_translator
from dckgrade.typography import typeset

if TYPE_CHECKING:
    from dckgrade.lab.inputs import LabInput
    from dckgrade.lab.model import LoadedLab

TYPED_INPUTS = "dckgrade.cli.inputs"
"""Where the context of a command keeps the inputs that were typed."""


class CommandWithInputs(TranslatedCommand):
    """A command with an option for each input: those of one lab, or of all labs where none is known yet."""

    lab_path: Path | None = None
    _input_options: "list[TyperOption] | None" = None

    def list_inputs(self) -> "Sequence[LabInput]":
        """List the inputs that help and completion offer."""
        from dckgrade.lab.inputs import collect_known_inputs, read_inputs

        return read_inputs(self.lab_path) if self.lab_path else list(collect_known_inputs().values())

    def set_lab(self, path: Path | None) -> None:
        """Offer the inputs of the lab in *path* alone; None: those of all labs."""
        self.lab_path, self._input_options = path, None

    def get_params(self, ctx: Any) -> Any:
        """Return the parameters, the inputs before the last, which is --help."""
        if self._input_options is None:
            self._input_options = [self.make_option(declared) for declared in self.list_inputs()]
        *own, shown_help = super().get_params(ctx)
        return [*own, *self._input_options, shown_help]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse; inputs of other labs are accepted too, since users type the same options for all labs."""
        known = {option for param in self.get_params(ctx) for option in (*param.opts, *param.secondary_opts)}
        words = {word.partition("=")[0] for word in args if word.startswith("--")}
        if self.lab_path and words - known:
            from dckgrade.lab.inputs import collect_known_inputs

            others = [other for other in collect_known_inputs().values() if other.option not in known]
            self._input_options = [
                *(self._input_options or ()),
                *(self.make_option(other, hidden=True) for other in others),
            ]
        return super().parse_args(ctx, args)

    def make_option(self, declared: "LabInput", *, hidden: bool = False) -> TyperOption:
        """Make the option of an input; its value goes to the context, since no command knows it by name."""
        from dckgrade.lab.inputs import VALUE_FORMS

        spoken = language.get_language()
        return TyperOption(
            param_decls=[f"input_{declared.name.replace('-', '_')}", declared.option],
            type=str,
            metavar=translate_metavar(VALUE_FORMS[declared.type].metavar, get_translator(spoken)),
            help=typeset(declared.help[spoken], spoken),
            envvar=settings.get_variable_name(declared.name) if self.reads_variable(declared) else None,
            show_envvar=True,
            hidden=hidden,
            expose_value=False,
            callback=lambda ctx, param, value: keep_typed_input(ctx, param.name, declared.name, value),
            autocompletion=completion.COMPLETIONS_BY_INPUT_TYPE.get(declared.type),
        )

    def reads_variable(self, declared: "LabInput") -> bool:  # noqa: ARG002 - a fleet's differs by input
        """Return whether the input may come by its variable."""
        return True


class FleetCommand(CommandWithInputs):
    """The same for engines elsewhere, where no folder of this machine is of use."""

    def list_inputs(self) -> "Sequence[LabInput]":
        """List the inputs of all labs but the folders."""
        return [declared for declared in super().list_inputs() if declared.type != "folder"]

    def reads_variable(self, declared: "LabInput") -> bool:
        """Return whether the input is a secret: what else is set for this machine is not meant for others."""
        return declared.type == "secret"


def keep_typed_input(ctx: Any, parameter: str, name: str, value: str | None) -> None:
    """Keep in the context what was typed; variables and the file are read later, with their origins."""
    source = ctx.get_parameter_source(parameter)
    if source is not None and source.name == "COMMANDLINE":
        ctx.meta.setdefault(TYPED_INPUTS, {})[name] = value


def get_typed_inputs(ctx: typer.Context) -> Mapping[str, str]:
    """Return the inputs that were typed, by name."""
    typed: Mapping[str, str] = ctx.meta.get(TYPED_INPUTS, {})
    return typed


def resolve_inputs(ctx: typer.Context, labs: "Sequence[LoadedLab]") -> dict[str, str]:
    """Return the inputs of *labs* by name: typed, else set, else the lab's default; others are ignored."""
    declared = collect_declared_inputs(labs)
    typed = get_typed_inputs(ctx)
    warn_about_ignored_inputs({name: typed[name] for name in typed if name not in declared}, labs)
    return resolve_declared_inputs(declared.values(), typed)


def resolve_known_inputs(ctx: typer.Context, loaded: "LoadedLab | None" = None) -> dict[str, str]:
    """Return the inputs of all labs, those of *loaded* first: a probe may be looked at without a lab."""
    from dckgrade.lab.inputs import collect_inputs, collect_known_inputs

    declared = collect_known_inputs() | collect_inputs([loaded.path] if loaded else [])
    return resolve_declared_inputs(declared.values(), get_typed_inputs(ctx))


def collect_declared_inputs(labs: "Sequence[LoadedLab]") -> "dict[str, LabInput]":
    """Return what *labs* declare, and what their probes read although they do not declare it, by name."""
    from dckgrade.lab.inputs import collect_inputs, collect_known_inputs

    # Labs written before there were inputs declare none, and the options of their probes still count.
    read = {name for loaded in labs for probe in loaded.lab.list_probes() for name in probe.inputs}
    declared = collect_inputs(loaded.path for loaded in labs)
    if read <= declared.keys():  # to ask all labs takes a sixth of a grade
        return declared
    return {name: found for name, found in collect_known_inputs().items() if name in read} | declared


def warn_about_ignored_inputs(ignored: Mapping[str, str], labs: "Sequence[LoadedLab]") -> None:
    """Print on stderr which options have no effect in *labs*; refuse invalid values all the same."""
    if not ignored:
        return
    from dckgrade.lab.inputs import collect_known_inputs

    resolve_declared_inputs(
        [declared for name, declared in collect_known_inputs().items() if name in ignored], ignored
    )
    message = get_translator(language.get_language())(N_("{lab} does not use --{name}: it is ignored."))
    ids = ", ".join(loaded.lab.id for loaded in labs)
    exit_codes.print_to_stderr([message.format(lab=ids, name=name) for name in ignored])


def resolve_declared_inputs(declared: "Collection[LabInput]", typed: Mapping[str, str]) -> dict[str, str]:
    """Return the value of each input that has one, held to its type, and a user's name to its password."""
    chosen: dict[str, str] = {}
    defaults: dict[str, str] = {}
    for lab_input in declared:
        setting = (
            settings.Setting(lab_input.name, typed[lab_input.name], lab_input.option)
            if lab_input.name in typed
            else settings.find_input_setting(lab_input)
        )
        if setting and setting.value:
            validate_input(lab_input, setting)
            chosen[lab_input.name] = setting.value
        elif lab_input.default:
            validate_input(lab_input, settings.Setting(lab_input.name, lab_input.default, lab_input.option))
            defaults[lab_input.name] = lab_input.default
    refuse_user_without_password(chosen, [lab_input.name for lab_input in declared])
    return defaults | chosen


def validate_input(declared: "LabInput", setting: settings.Setting) -> None:
    """Refuse a value that is not of the input's type."""
    from dckgrade.lab.inputs import VALUE_FORMS

    if declared.type == "folder" and not Path(setting.value).is_dir():
        raise UserError(N_("There is no folder {path}."), path=setting.value)
    if not declared.is_value_valid(setting.value):
        raise UserError(
            N_("{path}: {name} cannot be {value}."), N_("An example: {example}."),
            path=setting.origin, name=declared.name, example=VALUE_FORMS[declared.type].example,
            value="***" if declared.type == "secret" else repr(setting.value),
        )  # fmt: skip


def refuse_user_without_password(chosen: Mapping[str, str], declared: Sequence[str]) -> None:
    """Refuse the name of a user whose password is not given: it opens nothing."""
    from dckgrade.engine.run_options import name_account_inputs

    for name in chosen:
        user, password = name_account_inputs(name.removesuffix("-user"))
        if name == user and password in declared and password not in chosen:
            raise UserError(N_("--{user} is of no use without --{password}."), user=user, password=password)


def resolve_fleet_inputs(ctx: typer.Context, labs: "Sequence[LoadedLab]") -> dict[str, str]:
    """
    Return the inputs for engines elsewhere: those typed, and secrets by their variables.

    What is set for this machine (a container's name, a folder) says nothing of the machines of others.
    """
    declared = {
        name: found for name, found in collect_declared_inputs(labs).items() if found.type != "folder"
    }
    typed = dict(get_typed_inputs(ctx))
    warn_about_ignored_inputs({name: typed[name] for name in typed if name not in declared}, labs)
    for name, found in declared.items():
        if found.type == "secret" and (value := os.environ.get(settings.get_variable_name(name))):
            typed.setdefault(name, value)
        # An empty value stands for the lab's own default, and keeps the variable and the file out.
        typed.setdefault(name, "")
    return resolve_declared_inputs(list(declared.values()), typed)
