"""Whatever holds a secret where a probe looks, in logs, files, bodies, commands: no kind keeps it."""

import copy
import json
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

import masking
from dckgrade.engine.answers import CommandResult, HttpAnswer
from dckgrade.engine.dockerd import DaemonFiles
from dckgrade.engine.redaction import mask_secrets
from dckgrade.probes.base import Probe
from dckgrade.probes.observe import mask_texts, observe_probes
from dckgrade.probes.registry import load_kinds, name_kind
from tests.conftest import FIXTURES
from tests.support.odd_answers import Alteration, AnswerTap, Question
from tests.support.scenes import build_scenes

CANARIES = [
    line.text.replace("{}", "Canary-x9_Zq7") for line in masking.read_table("secrets") if line.kind != "sql"
]
VARIABLES = ["DB_PASSWORD=canary-1", "API_TOKEN=canary 2", "DATABASE_URL=postgres://app:canary3@db/app"]
WORDS = ["--password", "canary-4", "mysql", "-pcanary5", "--api-key=canary6", "-u", "me:canary7"]
HEARD = "\n".join(CANARIES)


def plant_secrets(question: Question, answer: Any) -> Any:
    """Return *answer* with secrets wherever a trainee or a program may have written some."""
    match answer:
        case dict() | list():
            return plant_in_containers(copy.deepcopy(answer))
        case HttpAnswer() if answer.body.lstrip()[:1] not in {b"{", b"["}:
            return replace(answer, body=answer.body + f"\n{HEARD}".encode())
        case CommandResult():
            return replace(answer, output=f"{answer.output}\n{HEARD}")
        case DaemonFiles():
            return replace(answer, content=(answer.content or b"") + b'\n{"password": "canary"}')
        case str() if question.method in {"read_log_tail", "read_last_words"}:
            return f"{answer}\n{mask_secrets(HEARD)}"  # the engine masks logs before it hands them out
    return answer + f"\n{HEARD}".encode() if isinstance(answer, bytes) else answer


def plant_in_containers(tree: Any) -> Any:
    """Put secrets into each container's variables, command, labels, health check and error."""
    for node in tree if isinstance(tree, list) else [tree, *tree.values()]:
        if not isinstance(node, dict):
            continue
        for name, secrets in (("Env", VARIABLES), ("Cmd", WORDS), ("Entrypoint", WORDS), ("Args", WORDS)):
            if isinstance(node.get(name), list):
                node[name] = [*node[name], *secrets]
        if isinstance(node.get("Labels"), dict):
            node["Labels"]["password"] = "canary"
        if "Error" in node and "Status" in node:
            node["Error"] = f"{node['Error']} exec: DB_PASSWORD=canary: not found"
        if isinstance(node.get("Health"), dict):
            for attempt in node["Health"].get("Log") or []:
                attempt["Output"] = f"{attempt['Output']} password is canary8\nAuthorization: Basic canary9"
        if isinstance(node.get("Healthcheck"), dict):
            node["Healthcheck"]["Test"] = ["CMD-SHELL", "mysqladmin ping -pcanary10 --token canary11"]
    return tree


@pytest.mark.parametrize("kind", load_kinds(), ids=name_kind)
def test_no_kind_keeps_a_secret(kind: type[Probe]) -> None:
    for scene in build_scenes(kind):
        tap = AnswerTap(scene.engine)
        scene.probe.observe(scene.engine)
        for question, answer in dict(tap.answers).items():
            vars(scene.engine).pop("_of_run", None)
            with tap.alter(Alteration(question, "secrets", partial(plant_secrets, question, answer))):
                seen = observe_probes([scene.probe], scene.engine, 60)
            assert not masking.MARKER_PATTERN.search(repr(seen)), (question, seen)


def test_what_real_engines_were_seen_to_say_has_nothing_to_mask() -> None:
    eaten = {}
    for path in FIXTURES.rglob("recording*.json"):
        for key, observation in json.loads(path.read_bytes()).get("observations", {}).items():
            facts = observation.get("facts"), observation.get("detail")
            if mask_texts(facts) != list(facts):
                eaten[key] = path
    assert not eaten
