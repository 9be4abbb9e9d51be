"""The inputs of labs: read without the rest of a lab, linted, and declared where a probe reads them."""

from pathlib import Path

import pytest

from dckgrade.engine.run_options import RunOptions
from dckgrade.lab.discovery import find_builtin_folder, list_labs_in_folders
from dckgrade.lab.inputs import VALUE_FORMS, InputType, is_of_input_type, read_inputs
from dckgrade.lab.load import LabInvalid, find_conflicting_inputs, load_lab
from dckgrade.lab.model import LoadedLab
from dckgrade.probes.registry import kinds_by_name

PATHS = list_labs_in_folders(find_builtin_folder())
HEAD = "version: 1\nid: toy\ntitle: {fr: Un TP, en: A lab}\n"
CHECKS = """checks:
  - id: runs
    title: {fr: Tourne, en: Runs}
    points: 1
    observe: {kind: container, name: web}
    expect: {status: running}
"""
HELP = "help: {fr: Une aide., en: Some help.}"


def write_lab(folder: Path, *inputs: str, name: str = "toy", after: bool = False) -> Path:
    declared = "inputs:\n" + "".join(f"  - {{{entry}, {HELP}}}\n" for entry in inputs)
    head = HEAD.replace("toy", name)
    path = folder / f"{name}.yaml"
    path.write_text(head + (CHECKS + declared if after else declared + CHECKS), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", PATHS)
def test_the_light_reader_and_the_model_read_the_same(name: str) -> None:
    model = [
        (
            declared.name,
            declared.type,
            {"fr": declared.help.fr, "en": declared.help.en},
            declared.default or "",
        )
        for declared in load_lab(PATHS[name]).lab.inputs
    ]
    assert [tuple(declared) for declared in read_inputs(PATHS[name])] == model


@pytest.mark.parametrize("name", PATHS)
def test_a_built_in_lab_declares_just_what_its_probes_read(name: str) -> None:
    lab = load_lab(PATHS[name]).lab
    assert {declared.name for declared in lab.inputs} == {
        name for probe in lab.list_probes() for name in probe.inputs
    }


def test_every_input_that_a_kind_reads_is_declared_by_a_built_in_lab() -> None:
    declared = {entry.name for path in PATHS.values() for entry in load_lab(path).lab.inputs}
    assert {name for kind in kinds_by_name().values() for name in kind.inputs} == declared


@pytest.mark.parametrize("after", [False, True])
def test_inputs_are_read_wherever_they_stand_and_a_number_is_a_text(tmp_path: Path, *, after: bool) -> None:
    path = write_lab(tmp_path, "name: toy-port, type: port, default: 9200", after=after)
    (declared,) = read_inputs(path)
    assert (declared.name, declared.type, declared.default) == ("toy-port", "port", "9200")
    assert load_lab(path).lab.inputs[0].default == 9200


@pytest.mark.parametrize(
    "text",
    ["", "inputs:", "inputs: 3", "inputs: [3, {name: x}]", "inputs: [", "- inputs", "\x00inputs",
     "inputs: [{name: lang, type: text}]", "inputs: [{name: x, type: word, help: {fr: x, en: x}}]",
     "inputs: [{name: [], type: {}, help: {fr: x, en: x}}]",
     "inputs: [{name: lang, type: text, help: {fr: x, en: x}}]"],
)  # fmt: skip
def test_what_is_malformed_declares_nothing_and_stops_nobody(text: str, tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(text)
    assert read_inputs(tmp_path / "toy.yaml") == ()


def test_a_lab_that_cannot_be_read_declares_nothing(tmp_path: Path) -> None:
    (tmp_path / "bytes.yaml").write_bytes(b"inputs: \xff")
    for path in (tmp_path, tmp_path / "none.yaml", tmp_path / "bytes.yaml"):
        assert read_inputs(path) == ()


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        (("name: lang, type: text",), "`--lang` is an option of dckgrade itself"),
        (("name: toy, type: text", "name: toy, type: text"), "another input is called `toy` too"),
        (("name: workdir, type: folder, default: /",), "a lab's own default stays in the current folder"),
        (
            ("name: workdir, type: folder, default: ~/.ssh",),
            "a lab's own default stays in the current folder",
        ),
        (("name: workdir, type: folder, default: a/../../b",), "a lab's own default stays in"),
        (("name: workdir, type: text, default: /etc",), "`workdir` is of the type folder"),
        (("name: toy-password, type: secret, default: x",), "a secret has no default"),
        (("name: toy-port, type: port, default: 99999",), "99999 is not of the type port; an example: 9090"),
        (("name: toy, type: word",), "“word” is not one of"),
        (("name: Toy, type: text",), "is not of the form"),
        (("name: toy, type: text, secret: true",), "unknown key `secret`"),
    ],
)
def test_a_wrong_declaration_is_a_problem_of_the_lab(
    entries: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(LabInvalid) as refused:
        load_lab(write_lab(tmp_path, *entries))
    assert sentence in str(refused.value)


def test_one_name_means_one_thing_in_all_labs(tmp_path: Path) -> None:
    first = load_lab(write_lab(tmp_path, "name: toy, type: text"))
    same = load_lab(write_lab(tmp_path, "name: toy, type: text", name="same"))
    other = load_lab(write_lab(tmp_path, "name: toy, type: url", name="other"))
    assert list(find_conflicting_inputs([first, same])) == []
    (conflict,) = find_conflicting_inputs([first, same, other])
    assert "other.yaml:5:" in str(conflict)
    assert "`toy` is of the type text in" in str(conflict)


def test_the_built_in_labs_agree_on_every_name() -> None:
    labs: list[LoadedLab] = [load_lab(path) for path in PATHS.values()]
    assert list(find_conflicting_inputs(labs)) == []


@pytest.mark.parametrize("input_type", VALUE_FORMS)
def test_the_example_of_a_type_is_of_that_type(input_type: InputType) -> None:
    assert is_of_input_type(VALUE_FORMS[input_type].example, input_type)


@pytest.mark.parametrize(
    ("input_type", "value", "valid"),
    [
        ("container", "web_1.a", True), ("container", "a b", False), ("container", "-web", False),
        ("url", "https://localhost:9200/es", True), ("url", "localhost:9200", False),
        ("url", "http://user:word@host", False), ("url", "ftp://host", False),
        ("port", "65535", True), ("port", "65536", False), ("port", "080", False),
        ("text", "a b", True), ("text", "a\nb", False), ("secret", "a\x1bb", False),
    ],
)  # fmt: skip
def test_a_value_is_held_to_its_type(input_type: InputType, value: str, *, valid: bool) -> None:
    assert is_of_input_type(value, input_type) is valid


def test_options_of_a_run_show_no_value_of_an_input() -> None:
    options = RunOptions(inputs={"toy-password": "canary-secret"})
    assert "canary" not in f"{options} {options!r}"
    assert "toy-password" in repr(options)
