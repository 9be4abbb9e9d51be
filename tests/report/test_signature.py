"""A trainee's key: what it signed is told from every forgery, and it is nobody else's."""

import contextlib
import json
import random
from pathlib import Path
from typing import Any

import pytest

from dckgrade.i18n import UserError
from dckgrade.report import codec, signature
from tests.support.class_reports import encode_report, make_trainee_report

ADA, BOB = signature.make_key("Ada"), signature.make_key("Bob")
SIGNED = signature.sign_report(make_trainee_report("Ada"), ADA)


def genuine(content: bytes, key: signature.TraineeKey = ADA) -> bool:
    return signature.has_valid_signature(codec.from_json(content, "x"), content, key)


def edited(**changes: Any) -> bytes:
    content = json.loads(SIGNED) | changes
    return json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"


def test_a_signed_report_is_one_document_that_everything_still_reads() -> None:
    plain, read = json.loads(encode_report(make_trainee_report("Ada"))), json.loads(SIGNED)
    assert len(read.pop("signature")["mac"]) == 64
    assert read == plain


def test_it_is_genuine_by_its_own_key_and_no_other() -> None:
    assert genuine(SIGNED)
    assert not genuine(SIGNED, BOB)
    assert not genuine(encode_report(make_trainee_report("Ada")))


def test_a_report_without_a_name_is_signed_with_the_key_s() -> None:
    assert json.loads(signature.sign_report(make_trainee_report(None), ADA))["trainee"] == "Ada"


@pytest.mark.parametrize("at", random.Random(3).sample(range(len(SIGNED)), 150))  # noqa: S311
def test_no_byte_can_be_changed(at: int) -> None:
    changed = SIGNED[:at] + bytes([SIGNED[at] ^ 1]) + SIGNED[at + 1 :]
    with contextlib.suppress(codec.UnreadableReport):
        assert not genuine(changed)


@pytest.mark.parametrize(
    "forged",
    [
        edited(trainee="Bob"),
        edited(started_at="2026-11-24T23:00:00Z"),
        edited(signature={"mac": ""}),
        edited(signature={"mac": "0" * 64}),
        edited(signature={"mac": json.loads(SIGNED)["signature"]["mac"].upper()}),
        edited(signature={"mac": "é" * 64}),
        SIGNED + b" ",
        b" " + SIGNED,
        SIGNED.replace(b'"trainee": "Ada"', b'"trainee": "Bob"'),
        SIGNED.replace(b"{", b'{"x": "%s",' % json.loads(SIGNED)["signature"]["mac"].encode(), 1),
    ],
)  # fmt: skip
def test_a_forgery_is_not_genuine(forged: bytes) -> None:
    assert not genuine(forged)
    assert not genuine(forged, BOB)


def test_a_signature_that_is_no_text_is_no_report() -> None:
    with pytest.raises(codec.UnreadableReport):
        codec.from_json(edited(signature={"mac": 7}), "x")


def test_keys_are_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "class.keys"
    path.write_bytes(signature.encode_keys([ADA, BOB]))
    assert signature.read_keys(path) == [ADA, BOB]


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"keys": []}', b'{"keys": [{"trainee": "x", "secret": "short"}]}', b"[" * 100_000,
     b'{"keys": [{"trainee": "x", "secret": "%s"}]}' % (b"z" * 64)],
)  # fmt: skip
def test_what_is_no_file_of_keys_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "class.keys"
    path.write_bytes(content)
    with pytest.raises(UserError, match="no file of dckgrade keys"):
        signature.read_keys(path)
