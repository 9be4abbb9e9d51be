"""Read a class's TOML file into its machines, or every problem in it with file:line."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dckgrade.classroom.people import fold_name
from dckgrade.engine.endpoint import Endpoint, resolve_endpoint
from dckgrade.engine.redaction import mask_secrets
from dckgrade.i18n import N_, UserError
from dckgrade.lab.discovery import list_lab_paths
from dckgrade.lab.inputs import VALUE_FORMS, LabInput, collect_known_inputs
from dckgrade.lab.problem import FileInvalid, Place, Problem, guess_nearest_word
from dckgrade.lazy_patterns import compile_lazily

MAX_CLASS_FILE_BYTES = 1024 * 1024
"""Bytes; forty machines take four kilobytes."""
DEFAULT_KEY_TYPES: Mapping[str, type] = {"labs": list, "tls": str}
"""Keys of the whole class; beside them stand the inputs of labs."""
ENGINE_KEY_TYPES: Mapping[str, type] = {"trainee": str, "host": str, "context": str, **DEFAULT_KEY_TYPES}
LEFT_OUT_INPUT_TYPES = ("secret", "folder")
"""No file keeps a secret, and no folder of this machine is of use to another."""
_ENGINE_TABLE_PATTERN = compile_lazily(r"^\s*\[\[\s*[\"']?engine[\"']?\s*\]\]")
_TABLE_PATTERN = compile_lazily(r"^\s*\[")
_KEY_PATTERN = compile_lazily(r"^\s*[\"']?([^\s\"'=]+)[\"']?\s*=")
_TOML_POSITION_PATTERN = compile_lazily(r"\(at line (\d+), column (\d+)\)")
MAX_TRAINEE_NAME_CHARS = 200


@dataclass(frozen=True, kw_only=True)
class TraineeMachine:
    """One trainee's engine, and the labs to grade on it."""

    trainee: str
    endpoint: Endpoint
    labs: tuple[str, ...]
    inputs: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What labs ask of their user, by name, where the file says it for this machine."""
    trouble: UserError | None = None
    """Why Docker's context for it cannot be used here, such as that there is none of that name."""


def read_class_file(path: Path) -> list[TraineeMachine]:
    """Read the file; raises `FileInvalid` with all that is wrong, `UserError` when it cannot be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_CLASS_FILE_BYTES + 1)
    except OSError as error:
        raise UserError(N_("{path} cannot be read: {why}"), path=path, why=error.strerror) from None
    if len(raw) > MAX_CLASS_FILE_BYTES:
        raise UserError(N_("{path} is larger than any class."), path=path)
    try:
        text = raw.decode("utf-8")
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        found = _TOML_POSITION_PATTERN.search(str(error))
        place = (int(found[1]), int(found[2])) if found else (1, 1)
        why = _TOML_POSITION_PATTERN.sub("", str(error)).strip()
        raise FileInvalid(path, [Problem(place, N_("this is not TOML: {why}"), why=why)], raw) from None
    reading = ClassFileReader(path, content, find_key_places(text))
    machines = list(reading.read_machines())
    if reading.problems:
        # The line is shown too, and somebody may have typed a password into an address.
        raise FileInvalid(path, reading.problems, mask_secrets(text).encode())
    return machines


TomlKey = tuple[int | None, str]
"""Which engine's, counted from 0 (None: at the top), and the name; '' stands for the whole table."""


def find_key_places(text: str) -> dict[TomlKey, Place]:
    """
    Find the lines of the keys, which tomllib does not tell.

    Only for messages: a line within a long string that looks like a key could take its place.
    """
    found: dict[TomlKey, Place] = {(None, ""): (1, 1)}
    at: int | None = None
    count = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if _ENGINE_TABLE_PATTERN.match(line):
            at, count = count, count + 1
            found[at, ""] = (number, 1)
        elif _TABLE_PATTERN.match(line):
            at = at if at is None else -1
        elif key := _KEY_PATTERN.match(line):
            found.setdefault((at, key[1]), (number, key.start(1) + 1))
    return found


@dataclass
class ClassFileReader:
    """One file being read: what is wrong is gathered, and told all at once."""

    path: Path
    content: Mapping[str, Any]
    places: Mapping[TomlKey, Place]
    problems: list[Problem] = field(default_factory=list)
    inputs: Mapping[str, LabInput] = field(default_factory=collect_known_inputs)
    trainee_names: dict[str, str] = field(default_factory=dict)
    trainees_by_url: dict[str, str] = field(default_factory=dict)

    def read_machines(self) -> Iterator[TraineeMachine]:
        """Yield what can be understood; problems go into `problems`."""
        top = {name: value for name, value in self.content.items() if name != "engine"}
        inputs: Mapping[str, type] = dict.fromkeys(self.list_input_keys(), str)
        self.validate_table(
            None, top, {**DEFAULT_KEY_TYPES, **inputs}, ("engine", *DEFAULT_KEY_TYPES, *inputs)
        )
        engines = self.content.get("engine")
        if not isinstance(engines, list) or not engines:
            self.add_problem(None, "engine", N_("there is no engine: each machine is a table [[engine]]"))
            return
        for at, engine in enumerate(engines):
            if not isinstance(engine, dict):
                self.add_problem(at, "", N_("an engine is a table [[engine]] with trainee and host"))
                continue
            before = len(self.problems)
            known = {**ENGINE_KEY_TYPES, **inputs}
            self.validate_table(at, engine, known, known)
            if len(self.problems) == before and (machine := self.read_machine(at, {**top, **engine}, engine)):
                yield machine

    def list_input_keys(self) -> list[str]:
        """List the inputs that the file may give."""
        return [name for name, found in self.inputs.items() if found.type not in LEFT_OUT_INPUT_TYPES]

    def validate_table(
        self, at: int | None, table: Mapping[str, Any], kinds: Mapping[str, type], known: Any
    ) -> None:
        """Refuse keys that there are not, and values that are no text, or no list of texts."""
        for name, value in table.items():
            if name in self.inputs and self.inputs[name].type == "secret":
                self.add_problem(at, name, N_("`{name}` is a secret, which no file keeps"), name=name)
            elif name not in kinds:
                self.add_problem(
                    at, name, N_("there is no `{name}` here"), name=name, near=guess_nearest_word(name, known)
                )
            elif kinds[name] is str and not (isinstance(value, str) and value.strip()):
                self.add_problem(at, name, N_('`{name}` is a text, such as {name} = "…"'), name=name)
            elif kinds[name] is list and not is_text_list(value):
                self.add_problem(
                    at, name, N_('`{name}` is a list of texts, such as {name} = ["tp5"]'), name=name
                )
            elif name in self.inputs and not self.inputs[name].is_value_valid(value):
                declared = self.inputs[name]
                self.add_problem(
                    at, name, N_("{found} is not of the type {type}; an example: {example}"),
                    found=value, type=declared.type, example=VALUE_FORMS[declared.type].example,
                )  # fmt: skip
        for lab in table["labs"] if is_text_list(table.get("labs")) else ():
            if lab not in list_lab_paths():
                near = guess_nearest_word(lab, list_lab_paths())
                self.add_problem(at, "labs", N_("there is no lab “{lab}”"), lab=lab, near=near)

    def read_machine(
        self, at: int, table: Mapping[str, Any], own: Mapping[str, Any]
    ) -> TraineeMachine | None:
        """Put an engine and the defaults together."""
        if fault := next(self.find_faults(table, own), None):
            self.add_problem(at, *fault)
            return None
        name = table["trainee"].strip()
        if other := self.trainee_names.get(fold_name(name)):
            self.add_problem(at, "trainee", N_("“{other}” has an engine already"), other=other)
            return None
        self.trainee_names[fold_name(name)] = name
        trouble: UserError | None = None
        try:
            endpoint = self.resolve_endpoint(table)
        except UserError as error:
            if "context" not in table:
                self.problems.append(UserErrorProblem(self.get_place(at, "host"), error))
                return None
            endpoint, trouble = name_unusable_context(table["context"]), error
        if other := self.trainees_by_url.get(endpoint.url):
            self.add_problem(at, "host", N_("this is the engine of “{other}” too"), other=other)
            return None
        self.trainees_by_url[endpoint.url] = name
        labs = tuple(dict.fromkeys(table["labs"]))
        inputs = {key: table[key] for key in self.list_input_keys() if key in table}
        return TraineeMachine(trainee=name, endpoint=endpoint, labs=labs, inputs=inputs, trouble=trouble)

    def find_faults(self, table: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield what is missing or contradictory: the key, and the sentence."""
        if not 0 < len(table.get("trainee", "")) <= MAX_TRAINEE_NAME_CHARS:
            yield "trainee", N_('an engine needs a trainee: trainee = "Ada Lovelace"')
        if ("host" in table) == ("context" in table):
            yield "host", N_("an engine needs either a host or a context")
        if not table.get("labs"):
            yield "labs", N_('no labs: write labs = ["tp5"] here, or at the top for all')
        if "tls" in own and not str(table.get("host", "")).startswith("tcp://"):
            yield "tls", N_("`tls` goes with a host that begins with tcp://")

    def resolve_endpoint(self, table: Mapping[str, Any]) -> Endpoint:
        """Choose the engine as --host or --context would; nothing of our own engine's environment counts."""
        kept = {
            name: os.environ[name] for name in ("DOCKER_CONFIG", "DOCKER_API_VERSION") if name in os.environ
        }
        if "tls" in table and str(table.get("host", "")).startswith("tcp://"):
            folder = (self.path.parent / table["tls"]).expanduser().absolute()
            kept |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(folder)}
        return resolve_endpoint(table.get("host"), table.get("context"), kept, Path.home())

    def add_problem(self, at: int | None, key: str, what: str, **values: object) -> None:
        """Write a problem down."""
        self.problems.append(Problem(self.get_place(at, key), what, **values))

    def get_place(self, at: int | None, key: str) -> Place:
        """Return the place of a key, else that of its table."""
        return self.places.get((at, key)) or self.places.get((at, "")) or (1, 1)


def name_unusable_context(name: str) -> Endpoint:
    """Name the engine of a context that cannot be used."""
    return Endpoint(url=f"context {name}", source=name)


class UserErrorProblem(Problem):
    """A problem that already has its words."""

    def __init__(self, place: Place, trouble: UserError) -> None:
        super().__init__(place, trouble.message_id, **trouble.values)
        self.error = trouble

    def translate_sentence(self, lang: str) -> str:
        """Return what happened and what to try, in *lang*."""
        return " ".join(self.error.translate_sentences(lang))


def is_text_list(value: object) -> bool:
    """Return whether it is a list of texts, and of at least one."""
    return isinstance(value, list) and bool(value) and all(isinstance(text, str) and text for text in value)
