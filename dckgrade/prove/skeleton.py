"""Writes the files of a new lab, to be filled in: it, its solution, an untouched engine, a first mistake."""

import json
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from dckgrade.i18n import N_, UserError
from dckgrade.lab.model import LabId
from dckgrade.lab.schema import build_lab_schema
from dckgrade.report.decode import convert_data

LAB_PLACEHOLDER = "@lab@"
SCRIPT_MODE = 0o755


def write_skeleton(lab: str, labs: Path, fixtures: Path) -> list[Path]:
    """Write the files of *lab* and give them; refuse all of it rather than overwrite one."""
    validate_lab_name(lab)
    texts = {
        labs / f"{lab}.yaml" if name == "lab.yaml" else fixtures / lab / name: text
        for name, text in read_templates(resources.files("dckgrade.prove") / "template")
    }
    if there := [path for path in texts if path.exists()]:
        raise UserError(
            N_("{path} is already there; nothing was written."),
            N_("Choose another name, or other folders with --labs and --fixtures."),
            path=there[0],
        )
    for path, text in texts.items():
        create_file(path, text.replace(LAB_PLACEHOLDER, lab))
    # Editors read it by the first line of each lab in its folder; the lab comes first, to be filled in.
    if not (described := labs / "lab.schema.json").exists():
        create_file(described, json.dumps(build_lab_schema(), indent=2, ensure_ascii=False) + "\n")
        texts[described] = ""
    return list(texts)


def validate_lab_name(lab: str) -> None:
    """Refuse a name that no lab can have, before there is a file of it."""
    try:
        convert_data(lab, LabId)
    except msgspec.ValidationError:
        raise UserError(
            N_("“{lab}” is no name for a lab."),
            N_("It has up to 32 small letters, digits, - and _, and begins with a letter or a digit."),
            lab=lab,
        ) from None


def read_templates(folder: Traversable, above: str = "") -> list[tuple[str, str]]:
    """List the templates by their place."""
    found: list[tuple[str, str]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            found += read_templates(entry, f"{above}{entry.name}/")
        else:
            found.append((above + entry.name, entry.read_text(encoding="utf-8")))
    return found


def create_file(path: Path, text: str) -> None:
    """Write one file that is not there yet."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        if path.suffix == ".sh":
            path.chmod(SCRIPT_MODE)
    except OSError as error:
        raise UserError(N_("{path} cannot be written: {why}."), path=path, why=error.strerror) from None
