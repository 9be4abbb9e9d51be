"""The environment and the user's own file → what options are when not typed, and where that was said."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dckgrade.i18n import N_, UserError

KINDS: Mapping[str, type] = {
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
BUILT_IN: Mapping[str, Any] = {
    "timeout": 90.0,
    "workdir": ".",
    "hints": 1,
    "passive": False,
    "no-wait": False,
    "no-history": False,
}
TRUTHS: Mapping[str, bool] = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


@dataclass(frozen=True)
class Setting:
    """One option's value, and who said so: a variable, the file, or dckgrade itself."""

    name: str
    value: Any
    origin: str


def variable(name: str) -> str:
    """Name the environment variable of an option: `no-wait` is DCKGRADE_NO_WAIT."""
    return "DCKGRADE_" + name.upper().replace("-", "_")


def file() -> Path:
    """Say where the user's own file is, whether there is one or not."""
    from platformdirs import user_config_path

    return user_config_path("dckgrade") / "config.toml"


def own_key() -> Path:
    """Say where the key is that signs the user's reports, whether there is one or not."""
    return file().with_name("own.key")


@cache
def settled() -> Mapping[str, Setting]:
    """Give what is settled, the environment before the file; raises `Trouble` for what cannot be meant."""
    found = of_file(file())
    for name, kind in KINDS.items():
        if said := os.environ.get(variable(name)):
            found[name] = Setting(name, of_text(said, kind, variable(name)), variable(name))
    return found


def of_file(path: Path) -> dict[str, Setting]:
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
        checked(name, value, path)
    return {name: Setting(name, value, str(path)) for name, value in content.items()}


def checked(name: str, value: Any, path: Path) -> None:
    """Refuse what no option is called, and what no option can be."""
    if name not in KINDS:
        from dckgrade.lab.problem import nearest

        near = nearest(name, KINDS)
        raise UserError(
            N_("{path}: there is no setting “{name}”."),
            N_("Did you mean {near}?") if near else N_("These there are: {known}."),
            path=path, name=name, near=near, known=", ".join(KINDS),
        )  # fmt: skip
    kind = KINDS[name]
    fits = isinstance(value, int | float) if kind is float else isinstance(value, kind)
    if not fits or (isinstance(value, bool) and kind is not bool):
        raise UserError(
            N_("{path}: {name} is {value}, which it cannot be."), N_("An example: {example}."),
            path=path, name=name, value=repr(value), example=EXAMPLES[kind].format(name=name),
        )  # fmt: skip


EXAMPLES: Mapping[type, str] = {
    str: '{name} = "…"',
    float: "{name} = 120",
    int: "{name} = 2",
    bool: "{name} = true",
}


def of_text(said: str, kind: type, origin: str) -> Any:
    """Read a variable as its option would be read."""
    try:
        return TRUTHS[said.lower()] if kind is bool else kind(said)
    except (KeyError, ValueError):
        raise UserError(
            N_("{path}: {name} is {value}, which it cannot be."), N_("An example: {example}."),
            path="environment", name=origin, value=repr(said), example="120" if kind is float else "1",
        ) from None  # fmt: skip


def defaults() -> dict[str, Any]:
    """Give what options are when they are not typed, as Typer names them; the language is known earlier."""
    return {name.replace("-", "_"): one.value for name, one in settled().items() if name != "lang"}
