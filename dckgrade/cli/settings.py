"""The environment and the user's own file → what options are when not typed, and where that was said."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dckgrade.i18n import N_, UserError

SETTING_TYPES: Mapping[str, type] = {
    "lang": str,
    "trainee": str,
    "timeout": float,
    "workdir": str,
    "container": str,
    "hints": int,
    "passive": bool,
    "no-wait": bool,
    "no-history": bool,
}
"""Options that may be settled for good; which engine is graded is settled in Docker's own configuration."""
BUILT_IN_VALUES: Mapping[str, Any] = {
    "timeout": 90.0,
    "workdir": ".",
    "hints": 1,
    "passive": False,
    "no-wait": False,
    "no-history": False,
}
BOOLEAN_WORDS: Mapping[str, bool] = {
    "1": True,
    "true": True,
    "yes": True,
    "0": False,
    "false": False,
    "no": False,
}


@dataclass(frozen=True)
class Setting:
    """One option's value, and who said so: a variable, the file, or dckgrade itself."""

    name: str
    value: Any
    origin: str


def get_variable_name(name: str) -> str:
    """Name the environment variable of an option: `no-wait` is DCKGRADE_NO_WAIT."""
    return "DCKGRADE_" + name.upper().replace("-", "_")


def get_config_path() -> Path:
    """Say where the user's own file is, whether there is one or not."""
    from platformdirs import user_config_path

    return user_config_path("dckgrade") / "config.toml"


def get_own_key_path() -> Path:
    """Say where the key is that signs the user's reports, whether there is one or not."""
    return get_config_path().with_name("own.key")


@cache
def load_settings() -> Mapping[str, Setting]:
    """Give what is settled, the environment before the file; raises `Trouble` for what cannot be meant."""
    found = read_config_file(get_config_path())
    for name, kind in SETTING_TYPES.items():
        if said := os.environ.get(get_variable_name(name)):
            found[name] = Setting(
                name, parse_variable(said, kind, get_variable_name(name)), get_variable_name(name)
            )
    return found


def read_config_file(path: Path) -> dict[str, Setting]:
    """Read the file; every mistake in it is told."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UserError(N_("{path} cannot be read: {why}"), path=path, why=error.strerror) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(N_("{path} is not TOML: {why}"), path=path, why=error) from None
    for name, value in content.items():
        validate_setting(name, value, path)
    return {name: Setting(name, value, str(path)) for name, value in content.items()}


def validate_setting(name: str, value: Any, path: Path) -> None:
    """Refuse what no option is called, and what no option can be."""
    if name not in SETTING_TYPES:
        from dckgrade.lab.problem import guess_nearest_word

        near = guess_nearest_word(name, SETTING_TYPES)
        raise UserError(
            N_("{path}: there is no setting “{name}”."),
            N_("Did you mean {near}?") if near else N_("These there are: {known}."),
            path=path, name=name, near=near, known=", ".join(SETTING_TYPES),
        )  # fmt: skip
    kind = SETTING_TYPES[name]
    fits = isinstance(value, int | float) if kind is float else isinstance(value, kind)
    if not fits or (isinstance(value, bool) and kind is not bool):
        raise UserError(
            N_("{path}: {name} is {value}, which it cannot be."), N_("An example: {example}."),
            path=path, name=name, value=repr(value), example=EXAMPLES_BY_TYPE[kind].format(name=name),
        )  # fmt: skip


EXAMPLES_BY_TYPE: Mapping[type, str] = {
    str: '{name} = "…"',
    float: "{name} = 120",
    int: "{name} = 2",
    bool: "{name} = true",
}


def parse_variable(said: str, kind: type, origin: str) -> Any:
    """Read a variable as its option would be read."""
    try:
        return BOOLEAN_WORDS[said.lower()] if kind is bool else kind(said)
    except (KeyError, ValueError):
        raise UserError(
            N_("{path}: {name} is {value}, which it cannot be."), N_("An example: {example}."),
            path="environment", name=origin, value=repr(said), example="120" if kind is float else "1",
        ) from None  # fmt: skip


def get_option_defaults() -> dict[str, Any]:
    """Give what options are when they are not typed, as Typer names them; the language is known earlier."""
    return {name.replace("-", "_"): one.value for name, one in load_settings().items() if name != "lang"}
