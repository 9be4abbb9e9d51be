"""What ch7 says of a certificate that nobody vouches for, of accounts unseen, and of the loopback."""

from typing import Any

import pytest

from dckgrade.judge.judge import judge_recording
from dckgrade.report.codec import extract_recording, from_json
from dckgrade.report.observation import Recording, Seen
from dckgrade.report.result import CheckResult, Verdict
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab

LAB = load_built_in_lab("ch7").lab
REGISTRY, IMAGE = "registry container=registry", "registry-image container=registry"


def recording(case: str = "solution") -> Recording:
    return extract_recording(from_json((FIXTURES / "ch7" / case / "recording.json").read_bytes(), case))


def find_facts(found: Recording, key: str) -> dict[str, Any]:
    (name,) = [name for name in found.observations if name.startswith(key)]
    seen = found.observations[name]
    assert isinstance(seen, Seen)
    return seen.facts


def change(found: Recording, key: str, **facts: Any) -> Recording:
    seen = find_facts(found, key)
    assert {*facts} <= {*seen}
    seen.update(facts)
    return found


def judge(found: Recording, check: str) -> tuple[Verdict, str | None]:
    result: CheckResult = next(result for result in judge_recording(LAB, found, "en") if result.id == check)
    return result.verdict, result.diagnosis.code if result.diagnosis else None


def test_whom_a_distant_engine_trusts_is_undecided_and_nobody_s_fault() -> None:
    found = change(recording(), REGISTRY, certificate=None, trusted_by=None)
    assert judge(found, "tls-trusted") == (Verdict.UNKNOWN, "RG-34")
    found = change(recording(), REGISTRY, trusted_by="file")
    assert judge(found, "tls-trusted") == (Verdict.PASSED, None)


@pytest.mark.parametrize(
    ("accounts", "told"),
    [
        ("unread", (Verdict.PASSED, None)),
        ("empty", (Verdict.FAILED, "RG-22")),
        ("other-hash", (Verdict.FAILED, "RG-13")),
        ("made-by-registry", (Verdict.FAILED, "RG-23")),
    ],
)
def test_accounts_that_are_not_seen_are_believed_and_those_that_nobody_can_use_are_not(
    accounts: str, told: tuple[Verdict, str | None]
) -> None:
    assert judge(change(recording(), REGISTRY, accounts=accounts), "account-required") == told


def test_an_image_that_was_sent_by_the_loopback_is_held_and_proves_no_trust() -> None:
    """K9, as a real engine did it: nobody trusts the authority, and the image was sent all the same."""
    found = recording("mistakes/localhost")
    assert find_facts(found, REGISTRY)["certificate"] == "unknown-authority"
    assert find_facts(found, IMAGE)["same"] is True
    assert judge(found, "tls-trusted") == (Verdict.FAILED, "RG-07")
    assert judge(found, "image-pushed") == (Verdict.PASSED, None)


def test_a_signature_is_remarked_and_earns_nothing() -> None:
    (signed,) = [
        result
        for result in judge_recording(LAB, recording("variants/signed"), "en")
        if result.id == "image-pushed"
    ]
    assert [remark.code for remark in signed.remarks] == ["RG-35"]
    assert (signed.verdict, signed.earned) == (Verdict.PASSED, 2)


def test_no_recording_holds_an_account_or_a_line_of_a_registry_s_log() -> None:
    for path in (FIXTURES / "ch7").rglob("recording.json"):
        text = path.read_text(encoding="utf-8")
        for secret in ("labo-registre", "$2y$", "$apr1$", "provisioning", "user=docker"):
            assert secret not in text, path
