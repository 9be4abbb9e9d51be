"""Forged reports: each is told with its reason, no honest one is, and no time by hand wins."""

import pytest
from msgspec.structs import replace

from dckgrade.classroom.forgeries import PUBLISHED_PATH, encode_published_traces, is_known_version
from dckgrade.classroom.gather import GatheredClass, GatherOptions
from dckgrade.classroom.people import Roster
from dckgrade.i18n import get_translator
from dckgrade.lab.discovery import find_builtin_folder, list_labs_in_folders
from dckgrade.render.class_report.messages import FLAG_MESSAGES
from dckgrade.report import signature
from dckgrade.report.class_report import Flag
from published import read_published_reports
from tests.support.class_reports import (
    encode_report,
    find_row,
    gather_class,
    make_submission,
    make_trainee_report,
)
from tests.support.forgeries import ADA, FORGERIES, KEYS, Forgery, edit, find_untold, make_signed, put


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.name[:40])
def test_a_forgery_is_told(forgery: Forgery) -> None:
    assert list(find_untold(forgery)) == []


def test_there_are_many() -> None:
    assert len({forgery.name for forgery in FORGERIES}) == len(FORGERIES) >= 50


def test_every_flag_has_its_reason_in_both_languages() -> None:
    assert set(FLAG_MESSAGES) == set(Flag.__args__)  # type: ignore[attr-defined]
    for message in FLAG_MESSAGES.values():
        assert get_translator("fr")(message) != message


@pytest.mark.parametrize("lab", list_labs_in_folders(find_builtin_folder()))
def test_an_honest_report_of_any_lab_bears_no_flag_signed_or_not(lab: str) -> None:
    report = make_trainee_report("Ada", lab)
    for raw in (encode_report(report), signature.sign_report(report, ADA)):
        assert find_row(gather_class(raw), "Ada").cells[lab].flags == []
    signed = find_row(gather_class(signature.sign_report(report, ADA), keys=KEYS), "Ada").cells[lab]
    assert (signed.flags, signed.trust) == ([], "corroborated")


def test_what_the_trainer_saw_is_no_forgery() -> None:
    report = make_trainee_report("Ada", "tp5", at="1970-01-01T00:00:00Z")
    assert find_row(gather_class(report), "Ada").cells["tp5"].flags == ["impossible-time"]
    gathered = GatheredClass(GatherOptions(), Roster())
    gathered.add_submission(make_submission(report), observed=True)
    assert find_row(gathered.make_class_report(), "Ada").cells["tp5"].flags == []


@pytest.mark.parametrize("time", ["yesterday", "2999-01-01T00:00:00Z", "9", "~", "2026-11-24T12:00:00+00:00"])
def test_the_latest_attempt_is_none_that_says_an_impossible_time(time: str) -> None:
    honest = make_trainee_report("Ada", "tp5", "no-password")
    forged = replace(make_trainee_report("Ada", "tp5"), started_at=time)
    row = find_row(gather_class(encode_report(forged), honest, attempt_policy="latest"), "Ada")
    assert row.cells["tp5"].started_at == honest.started_at


def test_the_latest_attempt_is_a_signed_one_whatever_time_another_says() -> None:
    later = encode_report(make_trainee_report("Ada", "tp5", at="2026-11-24T23:00:00Z"))
    edited = edit(put("started_at", value="2026-11-24T22:00:00Z"), make_signed())[0]
    report = gather_class(make_signed(), later, edited, keys=KEYS, attempt_policy="latest")
    cell = find_row(report, "Ada").cells["tp5"]
    assert (cell.trust, cell.started_at, len(cell.history)) == ("corroborated", "2026-11-24T10:00:00Z", 2)


def test_a_signature_copied_to_another_attempt_takes_nothing_from_the_genuine_one() -> None:
    copied = edit(put("started_at", value="2026-11-24T22:00:00Z"), make_signed())[0]
    report = gather_class(make_signed(), copied, keys=KEYS, attempt_policy="latest")
    assert find_row(report, "Ada").cells["tp5"].flags == []


def test_the_published_recordings_are_all_written_down_and_take_little() -> None:
    reports = list(read_published_reports())
    written = encode_published_traces(reports)
    assert PUBLISHED_PATH.read_bytes() == written, "run: python fixtures/published.py"
    assert PUBLISHED_PATH.stat().st_size <= 16 * len(reports)


def test_a_version_is_known_up_to_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dckgrade.classroom.forgeries.__version__", "0.1.0")
    versions = ["0.1.0", "0.0.9", "0.1", "0.1.0rc1", "0.2", "0.1.1", "1.0"]
    assert list(map(is_known_version, versions)) == [True] * 4 + [False] * 3
