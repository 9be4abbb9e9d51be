"""`dckgrade try`: whatever names a check or a kind is found, looked at once, and shown with every fact."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dckgrade.lab.reference import describe_fields
from dckgrade.probes.registry import load_kinds
from tests.conftest import FIXTURES
from tests.support.cli_runner import NOWHERE, dckgrade, dckgrade_process
from tests.support.fault_engine import FaultEngine, reply_with

TP5 = str(FIXTURES.parent / "checks" / "tp5.yaml")
HOSTILE = "boom \x1b[2J\u202e"


def tried(
    tmp_path: Path, *words: str, more: tuple[str, ...] = (), environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Try against an engine that has one container, dbserver, which has exited."""
    entry = {"Id": "d", "Names": ["/dbserver"], "Image": "postgres", "State": "exited", "Created": 1}
    state = {"Status": "exited", "ExitCode": 1, "Error": HOSTILE}
    inspected = {
        "Id": "d",
        "Name": "/dbserver",
        "State": state,
        "HostConfig": {},
        "Config": {"Image": "postgres"},
    }
    says = {
        "/containers/json": reply_with([entry]),
        "/d/json": reply_with(inspected),
        "/logs": reply_with(b""),
    }
    with FaultEngine(tmp_path / "engine.sock", says) as engine:
        return dckgrade("try", *words, "--host", engine.url, "--lang", "en", *more, environ=environ)


@pytest.mark.parametrize(
    "words",
    [
        ("tp5/dbserver-running",),
        ("tp5", "dbserver-running"),
        (TP5, "dbserver-running"),
        (f"{TP5}/dbserver-running",),
    ],
    ids=["one word", "two words", "file and check", "file/check"],
)
def test_a_check_shows_its_facts_its_demands_and_the_verdict(words: tuple[str, ...], tmp_path: Path) -> None:
    done = tried(tmp_path, *words)
    shown = done.stdout.decode()

    assert done.returncode == 1, done.stderr
    assert "observe: {kind: container, name: dbserver, image: postgres}" in shown
    assert "✗ status: running" in shown
    assert "✓ stable: yes" in shown
    assert "failed" in shown
    assert "exit_code" in shown


def test_a_kind_with_parameters_demands_nothing_and_shows_what_there_is(tmp_path: Path) -> None:
    done = tried(tmp_path, "container", "name=dbserver", "image=postgres")

    assert done.returncode == 0
    assert "Demands" not in done.stdout.decode()
    assert "Names of the variables that are set to nothing." in done.stdout.decode()


def test_what_is_not_there_is_an_answer_and_the_facts_are_listed_all_the_same(tmp_path: Path) -> None:
    done = tried(tmp_path, "container", "name=nobody")

    assert done.returncode == 0
    assert "No container named" in done.stdout.decode()
    assert "exit_code" in done.stdout.decode()


def test_what_a_trainee_controls_is_inert(tmp_path: Path) -> None:
    shown = tried(tmp_path, "container", "name=dbserver").stdout.decode()

    assert "\x1b[2J" not in shown
    assert "\u202e" not in shown
    assert r"boom \x1b[2J\u202e" in " ".join(shown.split())


def test_at_forty_columns_each_fact_has_its_own_lines(tmp_path: Path) -> None:
    done = tried(tmp_path, "container", "name=dbserver", environ={"COLUMNS": "40"})
    lines = [line.strip() for line in done.stdout.decode().splitlines()]

    assert "exit_code 1" in lines
    assert "networks []" in lines
    assert max(map(len, lines)) <= 40


def test_json_is_one_document_with_types_values_and_demands(tmp_path: Path) -> None:
    document: dict[str, Any] = json.loads(tried(tmp_path, "tp5/dbserver-running", more=("-f", "json")).stdout)

    facts = {fact["name"]: fact for fact in document["facts"]}
    assert document["schema"] == "dckgrade-trial/1"
    assert document["observe"] == {"kind": "container", "name": "dbserver", "image": "postgres"}
    assert (facts["exit_code"]["value"], facts["exit_code"]["type"]) == (1, "number")
    assert {"fact": "status", "wanted": "running", "holds": False} in document["demands"]
    assert document["check"]["verdict"] == "failed"


SAME_IMAGE = """\
version: 1
id: same
title: {fr: Pareil, en: The same}
checks:
  - id: same-image
    title: {fr: La même image, en: The same image}
    points: 1
    observe: {kind: container, name: dbserver}
    expect: {image: {same-as: {observe: {kind: container-log, container: %s}, fact: text}}}
"""


@pytest.mark.parametrize(
    ("other", "shown"), [("dbserver", 'text ""'), ("nobody", "No container named nobody was found")]
)
def test_a_fact_that_is_compared_is_shown_with_the_one_of_the_other_observation(
    other: str, shown: str, tmp_path: Path
) -> None:
    lab = tmp_path / "same.yaml"
    lab.write_text(SAME_IMAGE % other, encoding="utf-8")
    lines = [line.strip() for line in tried(tmp_path, str(lab), "same-image").stdout.decode().splitlines()]

    at = lines.index("What it is compared with")
    assert lines[at + 1] == f"observe: {{kind: container-log, container: {other}}}"
    assert shown in lines[at + 2]
    (tmp_path / "engine.sock").unlink()
    document = json.loads(tried(tmp_path, str(lab), "same-image", more=("-f", "json")).stdout)
    assert document["compared"][0]["fact"] == "text"
    assert ("value" in document["compared"][0]) == (other == "dbserver")


def test_json_is_one_document_also_when_no_engine_answers() -> None:
    done = dckgrade_process("try", "swarm", "--host", NOWHERE, "-f", "json")

    assert done.returncode == 3
    assert json.loads(done.stdout)["observation"]["state"] == "unobservable"
    assert "value" not in json.loads(done.stdout)["facts"][0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("tp5",), "Name one of this lab's checks: webservers-running"),
        (("TP5",), "Name one of this lab's checks: webservers-running"),
        (("tp 5/x",), "Name one of this lab's checks"),
        (("tp5/dbserver",), "For example: dckgrade try tp5/webservers-running"),
        ((TP5,), "Name one of this lab's checks"),
        (("contaner",), "Did you mean container?"),
        (("tp55/x",), "Did you mean tp5?"),
        (("nothing-like-it",), "Available kinds: apparmor-container"),
        (("container", "nam=x"), "unknown key `nam`; did you mean `name`?"),
        (("container",), "container: needs `name`"),
        (("http", "container=web", "port=x"), "http: should be a whole number"),
        (("http", "container=web", "port=["), "not YAML"),
        (("container", "name=a\x1b[2Jb"), "a character that a lab may not hold: U+001B"),
        (("a\x1b[2Jb",), r"“a\x1b[2Jb” is neither"),
    ],
    ids=ascii,
)
def test_words_that_name_nothing_are_told_what_would(words: tuple[str, ...], message: str) -> None:
    done = dckgrade_process("try", *words, "--host", NOWHERE, "--lang", "en")

    assert done.returncode == 2
    assert done.stdout == b""
    assert message in done.stderr.decode()


@pytest.mark.parametrize("kind", load_kinds(), ids=lambda kind: str(kind.__struct_config__.tag))
def test_every_kind_has_words_for_its_parameters_and_facts(kind: Any) -> None:
    assert [field.name for field in describe_fields(kind.facts)] == [*kind.facts.__struct_fields__]
    assert all(field.type for field in (*describe_fields(kind), *describe_fields(kind.facts)))
    assert any(field.about for field in describe_fields(kind.facts))
