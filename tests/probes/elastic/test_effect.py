"""TP7's way of a line: what is found in Elasticsearch settles it, signs only explain what is not found."""

from typing import Any

import pytest
from msgspec.structs import replace

from dckgrade.judge.judge import judge_recording
from dckgrade.report import codec
from dckgrade.report.observation import Observation, Recording, Seen, Unobservable, UnobservableReason
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab

TP7 = load_built_in_lab("tp7").lab
WAY = ("logstash-writes-to-elasticsearch", "shared-network", "logs-reach-elasticsearch")
FOUND: dict[str, Any] = {"found": True, "bypassed": False, "looping": False, "hop": None}
LOST: dict[str, Any] = {"found": False, "bypassed": False, "hop": "logstash-in", "waited_s": 60.0}
API_UNSEEN: dict[str, Any] = {
    "answers": False, "problem": "refused", "outputs": [], "starting": False, "running": False
}  # fmt: skip


def judge(marker: dict[str, Any], **changes: dict[str, Any] | Observation) -> dict[str, str]:
    """Judge the solution's recording with other facts of the marker, and of other kinds by name."""
    raw = (FIXTURES / "tp7" / "solution" / "recording.json").read_bytes()
    recording = codec.extract_recording(codec.from_json(raw, "solution"))
    changed = {"log_marker": marker, **changes}
    return verdicts(
        replace(recording, observations={k: change(k, v, changed) for k, v in recording.observations.items()})
    )


def change(key: str, observed: Observation, changed: dict[str, Any]) -> Observation:
    """Give the observation with the changes for its kind."""
    other = changed.get(observed.kind.replace("-", "_"))
    if other is None:
        return observed
    assert isinstance(observed, Seen), key
    return replace(observed, facts={**observed.facts, **other}) if isinstance(other, dict) else other


def verdicts(recording: Recording) -> dict[str, str]:
    return {line.id: line.verdict.value for line in judge_recording(TP7, recording, "en")}


@pytest.mark.parametrize(
    "signs",
    [
        {"logstash": {"failing": True, "refusal": "mapper_parsing_exception: x"}},
        {"logstash": API_UNSEEN},
        {"logstash": {"outputs": ["http"]}},
        {"logstash": {"failing": True, "host": "localhost", "loopback": True}},
        {"logstash": Unobservable(kind="logstash", why=UnobservableReason.NOT_TRIED, detail="an account")},
        {"elastic_network": {"together": False, "apart": ["logstash"], "shared": []}},
        {"elasticsearch": {"cluster": "red", "up_s": 300}},
    ],
)
def test_a_word_that_was_found_outranks_every_sign(signs: dict[str, Any]) -> None:
    judged = judge(FOUND, **signs)
    assert {judged[check] for check in WAY} == {"passed"}


@pytest.mark.parametrize(
    ("signs", "writes"),
    [
        ({"failing": True}, "failed"),
        ({"failing": True, "refusal": "invalid_index_name_exception: x"}, "failed"),
        ({"outputs": ["stdout"]}, "failed"),
        (API_UNSEEN, "unknown"),
        ({}, "passed"),
    ],
)
def test_only_where_it_was_not_found_signs_tell_why(signs: dict[str, Any], writes: str) -> None:
    judged = judge(LOST, logstash={"failing": False, **signs})
    assert judged["logstash-writes-to-elasticsearch"] == writes
    assert judged["logs-reach-elasticsearch"] == {"passed": "failed", "failed": "blocked"}.get(writes, writes)


def test_a_word_that_passed_logstash_by_proves_nothing_about_logstash() -> None:
    past = {**FOUND, "bypassed": True}
    judged = judge(past, logstash={"outputs": ["stdout"]}, elastic_network={"together": False})
    assert [judged[check] for check in WAY] == ["failed", "failed", "passed"]


def test_a_network_is_proven_by_the_word_and_a_kibana_that_is_ready() -> None:
    apart = {"together": False, "apart": ["kibana", "logstash"]}
    assert judge(FOUND, elastic_network=apart)["shared-network"] == "passed"
    assert judge(FOUND, elastic_network=apart, kibana={"failing": True})["shared-network"] == "failed"
    assert judge(LOST, elastic_network=apart)["shared-network"] == "failed"
