"""Write a lab as the YAML that authors read: a check each paragraph, small mappings on one line."""

import textwrap
from typing import Any

import yaml

from dckgrade.lab.strict_yaml import is_text_unquoted

MAX_LINE_CHARS = 1000
"""No value is broken in two: lines may be long, as in the labs that are written by hand."""
SCHEMA_COMMENT = "# yaml-language-server: $schema=./lab.schema.json\n"


class OneLine:
    """A value that is written on one line, with all that is in it."""

    def __init__(self, value: Any) -> None:
        self.value = value


class LabDumper(yaml.CSafeDumper):
    """Writes what a lab consists of."""


def represent_on_one_line(dumper: yaml.representer.SafeRepresenter, line: OneLine) -> yaml.Node:
    """Represent a value whose mappings and lists, if it is one, stand on one line."""
    node = dumper.represent_data(line.value)
    if isinstance(node, yaml.CollectionNode):
        node.flow_style = True
    return node


LabDumper.add_representer(OneLine, represent_on_one_line)
# What one reader of YAML takes for a number, another takes for text: labs are read by our own.
LabDumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style=None if is_text_unquoted(text) else "'"
    ),
)


def write_lab_yaml(lab: dict[str, Any]) -> str:
    """Return *lab*, plain data whose checks come last, as YAML."""
    head = {name: value for name, value in lab.items() if name != "checks"}
    checks = (textwrap.indent(dump_yaml([put_values_on_lines(check)]), "  ") for check in lab["checks"])
    return SCHEMA_COMMENT + dump_yaml(put_values_on_lines(head)) + "checks:\n" + "\n".join(checks)


def put_values_on_lines(data: dict[str, Any]) -> dict[str, OneLine]:
    """Return *data* with each of its values on one line."""
    return {name: OneLine(value) for name, value in data.items()}


def dump_yaml(data: Any) -> str:
    """Return *data* as YAML, in its own order."""
    return yaml.dump(
        data,
        Dumper=LabDumper,
        default_flow_style=False,
        sort_keys=False,
        allow_unicode=True,
        width=MAX_LINE_CHARS,
    )
