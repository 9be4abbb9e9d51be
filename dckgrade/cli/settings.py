"""What options and inputs are when they are not typed: the environment, then the user's own file."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dckgrade.i18n import N_, UserError

if TYPE_CHECKING:
    from dckgrade.lab.inputs import LabInput

SETTING_TYPES: Mapping[str, type] = {
    "lang": str,
    "trainee": str,
    "timeout": float,
    "hints": int,
    "passive": bool,
    "no-wait": bool,
    "no-history": bool,
    "no-send": bool,
}
"""Options that may be set for good; which engine is graded is set in Docker's own configuration."""
BUILT_IN_VALUES: Mapping[str, Any] = {
    "timeout": 90.0,
    "hints": 1,
    "passive": False,
    "no-wait": False,
    "no-history": False,
    "no-send": False,
}
BOOLEAN_WORDS: Mapping[str, bool] = {
    "1": True,
    "true": True,
    "yes": True,
    "0": False,
    "false": False,
    "no": False,
}
EXAMPLES_BY_TYPE: Mapping[type, str] = {
    str: '{name} = "…"',
    float: "{name} = 120",
    int: "{name} = 2",
    bool: "{name} = true",
}


class Setting(NamedTuple):
    """The value of one option or input, and where it comes from: a variable, the file, or dckgrade itself."""

    name: str
    value: Any
    origin: str


def get_variable_name(name: str) -> str:
    """Return the environment variable of an option or input: `no-wait` has DCKGRADE_NO_WAIT."""
    return "DCKGRADE_" + name.upper().replace("-", "_")


def get_config_path() -> Path:
    """Return the path of the user's own file, which need not exist."""
    from platformdirs import user_config_path

    return user_config_path("dckgrade") / "config.toml"


def get_own_key_path() -> Path:
    """Return the path of the key that signs the user's reports, which need not exist."""
    return get_config_path().with_name("own.key")


@cache
def load_settings() -> Mapping[str, Setting]:
    """Return the options that are set, environment before file; raises `UserError` for a bad value."""
    path = get_config_path()
    found: dict[str, Setting] = {}
    for name, value in read_config_file(path).items():
        if name in SETTING_TYPES:
            validate_setting(name, value, SETTING_TYPES[name], path)
            found[name] = Setting(name, value, str(path))
    for name, kind in SETTING_TYPES.items():
        if text := os.environ.get(variable := get_variable_name(name)):
            found[name] = Setting(name, parse_variable(text, kind, variable), variable)
    return found


@cache
def read_config_file(path: Path) -> Mapping[str, Any]:
    """Return what the file says, nothing where there is none; raises `UserError` where it cannot be read."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UserError(N_("{path} cannot be read: {why}"), path=path, why=error.strerror) from None
    # Late: most users have no such file.
    import tomllib

    try:
        return tomllib.loads(raw.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(N_("{path} is not TOML: {why}"), path=path, why=error) from None


def validate_setting(name: str, value: Any, kind: type, path: Path) -> None:
    """Refuse a value that the option cannot have."""
    fits = isinstance(value, int | float) if kind is float else isinstance(value, kind)
    if not fits or (isinstance(value, bool) and kind is not bool):
        raise UserError(
            N_("{path}: {name} cannot be {value}."), N_("An example: {example}."),
            path=path, name=name, value=repr(value), example=EXAMPLES_BY_TYPE[kind].format(name=name),
        )  # fmt: skip


def validate_config_names() -> None:
    """Refuse a name in the file that is neither an option nor an input of a lab, and the name of a secret."""
    path = get_config_path()
    others = [name for name in read_config_file(path) if name not in SETTING_TYPES]
    if not others:
        return
    from dckgrade.lab.inputs import collect_known_inputs
    from dckgrade.lab.problem import guess_nearest_word

    inputs = collect_known_inputs()
    known = [*SETTING_TYPES, *(name for name, declared in inputs.items() if declared.type != "secret")]
    for name in others:
        if name in known:
            find_input_setting(inputs[name])
        elif name in inputs:
            raise UserError(
                N_("{path}: {name} is a secret, which no file keeps."), N_("Give it by {variable}."),
                path=path, name=name, variable=get_variable_name(name),
            )  # fmt: skip
        else:
            near = guess_nearest_word(name, known)
            raise UserError(
                N_("{path}: there is no setting “{name}”."),
                N_("Did you mean {near}?") if near else N_("Available: {known}."),
                path=path, name=name, near=near, known=", ".join(known),
            )  # fmt: skip


def find_input_setting(declared: "LabInput") -> Setting | None:
    """Return what is set for an input, the environment before the file; a secret's file does not count."""
    if text := os.environ.get(variable := get_variable_name(declared.name)):
        return Setting(declared.name, text, variable)
    path = get_config_path()
    value = None if declared.type == "secret" else read_config_file(path).get(declared.name)
    if declared.type == "port" and isinstance(value, int):
        value = str(value) if not isinstance(value, bool) else value
    if value is None:
        return None
    validate_setting(declared.name, value, str, path)
    return Setting(declared.name, value, str(path))


def parse_variable(text: str, kind: type, variable: str) -> Any:
    """Return the value that *text* means for an option of type *kind*."""
    try:
        return BOOLEAN_WORDS[text.lower()] if kind is bool else kind(text)
    except (KeyError, ValueError):
        raise UserError(
            N_("{path}: {name} cannot be {value}."), N_("An example: {example}."),
            path="environment", name=variable, value=repr(text), example="120" if kind is float else "1",
        ) from None  # fmt: skip


def get_option_defaults() -> dict[str, Any]:
    """Return the values of options that are not typed, as Typer names them; the language is known earlier."""
    validate_config_names()
    return {
        name.replace("-", "_"): setting.value for name, setting in load_settings().items() if name != "lang"
    }
