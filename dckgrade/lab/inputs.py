"""What labs ask of their user, read without the rest of a lab: help and completion load nothing heavier."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from dckgrade.i18n import Lang
from dckgrade.lab.discovery import list_lab_paths

InputType = Literal["text", "container", "folder", "secret", "url", "port"]
INPUT_NAME_PATTERN = "^[a-z][a-z0-9]{0,31}(-[a-z0-9]{1,31}){0,3}$"
RESERVED_INPUT_NAMES = frozenset(
    [
        *(
            "active",
            "cloned",
            "context",
            "deadline",
            "excel",
            "failed",
            "format",
            "gradescope",
            "help",
            "hints",
            "host",
        ),
        *(
            "install-completion",
            "jobs",
            "key",
            "labs",
            "lang",
            "moodle",
            "no-history",
            "no-send",
            "no-wait",
            "only",
        ),
        *(
            "output",
            "passive",
            "reports",
            "roster",
            "show-completion",
            "timeout",
            "trainee",
            "version",
            "watch",
        ),
    ]
)
"""Names of options that the commands have anyway: one name means one thing."""
MAX_LAB_CHARS = 1024 * 1024


class ValueForm(NamedTuple):
    """How a value of one type is shown in help, and of which form it must be."""

    metavar: str
    pattern: str = r"[^\x00-\x1f\x7f]+"
    example: str = "…"


VALUE_FORMS: Mapping[InputType, ValueForm] = {
    "text": ValueForm("NAME"),
    "container": ValueForm("NAME", r"/?[A-Za-z0-9][A-Za-z0-9_.-]*", "web"),
    "folder": ValueForm("DIR"),
    "secret": ValueForm("WORD"),
    "url": ValueForm("URL", r"https?://[^\s/?#@]+(/\S*)?", "http://localhost:9090"),
    "port": ValueForm(
        "PORT",
        r"[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]",
        "9090",
    ),
}


class LabInput(NamedTuple):
    """One thing that a lab asks of its user: option `--name`, variable `DCKGRADE_NAME`, setting `name`."""

    name: str
    type: InputType
    help: Mapping[Lang, str]
    default: str = ""

    @property
    def option(self) -> str:
        """The option that gives it."""
        return f"--{self.name}"

    def is_value_valid(self, value: str) -> bool:
        """Return whether *value* is of the form that the type demands."""
        return is_of_input_type(value, self.type)


def is_of_input_type(value: str, input_type: InputType) -> bool:
    """Return whether *value* is of the form that *input_type* demands."""
    return re.fullmatch(VALUE_FORMS[input_type].pattern, value) is not None


@cache
def read_inputs(path: Path) -> tuple[LabInput, ...]:
    """
    Read what the lab in *path* declares under `inputs:`.

    What is malformed is left out: whoever loads the lab is told of it.
    """
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MAX_LAB_CHARS)
    except (OSError, ValueError):
        return ()
    head, _, rest = text.partition("\nchecks:")
    if "inputs" not in head and "\ninputs:" not in rest:
        return ()
    # Late: most labs ask nothing of their user, and get this far only with something to parse.
    from dckgrade.lab.kept import find_kept_head

    if kept := find_kept_head(path):
        return tuple(found for entry in kept.inputs if (found := parse_input(entry)))
    import yaml

    try:
        # The base loader reads every scalar as text, so that `default: 9200` is no number here.
        data = yaml.load(text if "\ninputs:" in rest else head, yaml.CBaseLoader)  # noqa: S506 - texts alone
    except (yaml.YAMLError, RecursionError):
        return ()
    entries = data.get("inputs") if isinstance(data, dict) else None
    parsed = [parse_input(entry) for entry in (entries if isinstance(entries, list) else [])]
    return tuple(lab_input for lab_input in parsed if lab_input)


def parse_input(entry: Any) -> LabInput | None:
    """Return the input that *entry* declares; None where it is malformed."""
    match entry:
        case {"name": str(name), "type": str(input_type), "help": {"fr": str(fr), "en": str(en)}}:
            if not re.search(INPUT_NAME_PATTERN, name) or name in RESERVED_INPUT_NAMES:
                return None
            known = next((known for known in get_args(InputType) if known == input_type), None)
            default = entry.get("default", "")
            text: Mapping[Lang, str] = {"fr": fr, "en": en}
            return LabInput(name, known, text, default if isinstance(default, str) else "") if known else None
        case _:
            return None


def collect_inputs(paths: Iterable[Path]) -> dict[str, LabInput]:
    """Return the inputs of the labs in *paths* by name; the first declaration of a name counts."""
    found: dict[str, LabInput] = {}
    for path in paths:
        for lab_input in read_inputs(path):
            found.setdefault(lab_input.name, lab_input)
    return found


def collect_known_inputs() -> dict[str, LabInput]:
    """Return the inputs of all labs by name."""
    return collect_inputs(list_lab_paths().values())
