"""A class gathered: scores recomputed, attempts chosen, copies found, mistakes ranked, nothing aborts."""

import json
import random
from typing import Any

import pytest
from msgspec.structs import replace

from dckgrade.classroom import attempts
from dckgrade.classroom.gather import AttemptPolicy, GatheredClass, GatherOptions
from dckgrade.classroom.people import Person, Roster
from dckgrade.engine.run_options import RunOptions
from dckgrade.grading import run
from dckgrade.report import codec
from dckgrade.report.observation import EngineInfo
from dckgrade.report.report import Report
from dckgrade.report.result import Verdict
from tests.support.class_reports import (
    NAMES,
    encode_report,
    find_row,
    gather_class,
    make_submission,
    make_trainee_report,
)

MISTAKE = "no-password"


def changed(report: Report, **changes: Any) -> bytes:
    return json.dumps({**json.loads(encode_report(report)), **changes}).encode()


def test_a_class_is_a_row_a_trainee_and_a_column_a_lab() -> None:
    report = gather_class(
        make_trainee_report("Ada"),
        make_trainee_report("Ada", "tp2"),
        make_trainee_report("Bob", "tp5", MISTAKE),
    )
    assert [lab.id for lab in report.labs] == ["tp2", "tp5"]
    assert [row.trainee for row in report.rows] == ["Ada", "Bob"]
    assert find_row(report, "Ada").score.earned == 20
    assert find_row(report, "Bob").cells.keys() == {"tp5"}
    assert find_row(report, "Bob").score.possible == 20


def test_a_score_is_what_the_recording_comes_to_whatever_the_report_claims() -> None:
    honest = make_trainee_report("Bob", "tp5", MISTAKE)
    forged = json.loads(encode_report(honest))
    forged["score"] = {"earned": 10, "possible": 10, "undecided": 0}
    for check in forged["checks"]:
        check |= {"verdict": "passed", "earned": check["points"]}
    cell = find_row(gather_class(json.dumps(forged).encode()), "Bob").cells["tp5"]
    assert cell.score == find_row(gather_class(honest), "Bob").cells["tp5"].score
    assert cell.flags == ["claimed-otherwise"]


def test_an_honest_report_bears_no_flag() -> None:
    for lab in ("tp1", "tp2", "tp5"):
        (row,) = gather_class(make_trainee_report("Ada", lab)).rows
        assert (row.cells[lab].flags, row.cells[lab].trust) == ([], "declared")


def test_a_report_by_another_version_of_the_lab_is_judged_by_ours_and_flagged() -> None:
    other = changed(make_trainee_report("Ada"), lab={"id": "tp5", "title": "x", "digest": "sha256:0"})
    assert find_row(gather_class(other), "Ada").cells["tp5"].flags == ["other-lab"]


def test_the_best_attempt_counts_or_the_latest_and_the_others_are_history() -> None:
    first = make_trainee_report("Ada", at="2026-11-24T09:00:00Z")
    then = make_trainee_report("Ada", "tp5", MISTAKE, at="2026-11-24T11:00:00Z")
    best = find_row(gather_class(then, first), "Ada").cells["tp5"]
    latest = find_row(gather_class(first, then, attempt_policy="latest"), "Ada").cells["tp5"]
    assert (best.score.earned, latest.score.earned < 10) == (10, True)
    assert [attempt.started_at for attempt in best.history] == ["2026-11-24T11:00:00Z"]
    assert [attempt.score.earned for attempt in latest.history] == [10]


def test_the_order_of_the_files_changes_nothing() -> None:
    reports = [
        make_submission(make_trainee_report(name, "tp5", case))
        for name in NAMES
        for case in ("solution", MISTAKE)
    ]
    once = gather_class(*reports)
    random.Random(7).shuffle(reports)  # noqa: S311
    assert gather_class(*reports) == once


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a dckgrade report"),
        (b"{}", "not a dckgrade report"),
        (b'{"schema": "junit"}', "not a dckgrade report"),
        (b"\xff\xfe", "not a dckgrade report"),
        (b"[" * 100_000, "report"),
        (b'{"schema": NaN}', "not a dckgrade report"),
    ],
)
def test_what_is_no_report_is_a_row_with_its_reason_and_the_others_count(content: bytes, reason: str) -> None:
    report = gather_class(make_submission(content, "odd.json"), make_trainee_report("Ada"))
    assert [submission.source for submission in report.refused] == ["class/odd.json"]
    assert reason in report.refused[0].reason
    assert find_row(report, "Ada").score.earned == 10


def test_a_lab_that_the_trainer_has_not_is_a_row_with_its_reason() -> None:
    foreign = changed(make_trainee_report("Ada"), lab={"id": "tp55", "title": "x", "digest": ""})
    assert "no lab" in gather_class(foreign).refused[0].reason


@pytest.mark.parametrize("seed", range(400))
def test_a_report_that_was_tampered_with_anywhere_never_aborts(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    content = json.loads(encode_report(make_trainee_report("Ada", "tp5", MISTAKE)))
    node: Any = content
    while isinstance(node, dict | list) and node:
        key = dice.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if not isinstance(node[key], dict | list) or not node[key] or dice.random() < 0.3:
            node[key] = dice.choice([None, -1, 10**400, "", "x" * 9000, [], {}, True, 1.5, {"a": []}])
            break
        node = node[key]
    report = gather_class(json.dumps(content).encode(), make_trainee_report("Bob"))
    assert find_row(report, "Bob").score.earned == 10
    assert report.reports + len(report.refused) == 2
    assert "cannot be judged" not in "".join(submission.reason for submission in report.refused)


def test_a_shared_container_is_a_copy_and_both_are_told_of_each_other() -> None:
    hers = make_trainee_report("Ada")
    his = changed(hers, trainee="Bob", started_at="2026-11-24T12:00:00Z")
    report = gather_class(hers, his, make_trainee_report("Eve"))
    assert find_row(report, "Ada").cells["tp5"].shared_with == ["Bob"]
    assert find_row(report, "Bob").cells["tp5"].flags == ["copy"]
    assert find_row(report, "Eve").cells["tp5"].flags == []


@pytest.mark.parametrize("lab", ["tp1", "tp2"])
def test_a_report_under_another_name_is_a_copy_also_where_nothing_has_an_id(lab: str) -> None:
    report = gather_class(
        make_trainee_report("Ada", lab), changed(make_trainee_report("Ada", lab), trainee="Bob")
    )
    assert [row.cells[lab].flags for row in report.rows] == [["copy"], ["copy"]]


def test_two_hundred_honest_trainees_are_never_accused() -> None:
    reports = [make_trainee_report(f"Trainee {at}", lab, at=f"2026-11-24T10:{at % 60:02}:{at // 60:02}Z")
               for at in range(200) for lab in ("tp2", "tp5")]  # fmt: skip
    flagged = {
        flag for row in gather_class(*reports).rows for cell in row.cells.values() for flag in cell.flags
    }
    assert flagged == set()


def test_machines_from_one_image_share_an_engine_id_and_that_can_be_allowed() -> None:
    def on_one_engine(name: str) -> bytes:
        report = make_trainee_report(name)
        return changed(report, engine={"endpoint": report.engine.endpoint, "id": "ABCD:EFGH:IJKL"})

    pair = on_one_engine("Ada"), on_one_engine("Bob")
    assert find_row(gather_class(*pair), "Ada").cells["tp5"].flags == ["same-engine"]
    assert find_row(gather_class(*pair, cloned=True), "Ada").cells["tp5"].flags == []


def test_one_trainee_s_attempts_are_no_copies_of_each_other() -> None:
    twice = make_trainee_report("Ada"), changed(make_trainee_report("Ada"), started_at="2026-11-24T12:00:00Z")
    assert find_row(gather_class(*twice), "Ada").cells["tp5"].flags == []


def test_the_roster_adds_who_is_missing_and_tells_who_is_not_expected() -> None:
    known = Roster([Person(name="Ada Lovelace", email="ada@example.org"), Person(name="Bob")])
    report = gather_class(
        make_trainee_report("ada@example.org"), make_trainee_report("Mallory"), roster=known
    )
    assert [(row.trainee, row.expected, bool(row.cells)) for row in report.rows] == [
        ("Ada Lovelace", True, True), ("Bob", True, False), ("Mallory", False, True),
    ]  # fmt: skip


def test_moodle_knows_who_handed_it_in_and_another_name_inside_is_flagged() -> None:
    folder = "Ada Lovelace_7_assignsubmission_file_/tp5.json"
    assert find_row(gather_class(make_submission(make_trainee_report("Bob"), folder)), "Ada Lovelace").cells[
        "tp5"
    ].flags == ["name-differs"]
    same = gather_class(make_submission(make_trainee_report("ada LOVELACE"), folder))
    assert find_row(same, "Ada Lovelace").cells["tp5"].flags == []


def test_mistakes_are_ranked_by_how_many_trainees_share_them() -> None:
    report = gather_class(
        *(make_trainee_report(name, "tp5", MISTAKE) for name in NAMES[:3]),
        make_trainee_report(NAMES[3], "tp2", "unconfined"),
    )
    first = report.mistakes[0]
    assert (first.code, first.lab, first.trainees) == ("ST-01", "tp5", sorted(NAMES[:3], key=str.casefold))
    assert first.message
    counts = [len(mistake.trainees) for mistake in report.mistakes]
    assert counts == sorted(counts, reverse=True)


def test_every_check_counts_how_the_class_did() -> None:
    report = gather_class(make_trainee_report("Ada"), make_trainee_report("Bob", "tp5", MISTAKE))
    (lab,) = report.labs
    assert sum(lab.checks[0].counts.values()) == lab.handed_in == 2
    assert {verdict for check in lab.checks for verdict in check.counts} > {Verdict.PASSED}


def test_a_check_that_nobody_or_everybody_passes_is_suspicious_in_a_class_of_five() -> None:
    stuck = gather_class(*(make_trainee_report(name, "tp5", MISTAKE) for name in NAMES))
    suspicious = {check.id: check.suspicious for check in stuck.labs[0].checks}
    assert set(suspicious.values()) == {"nobody-passes", "everybody-passes", None}
    assert suspicious["dbserver-accepts"] is None, "it is blocked for all, which tells nothing of it"
    few = gather_class(*(make_trainee_report(name, "tp5", MISTAKE) for name in NAMES[:4]))
    assert {check.suspicious for check in few.labs[0].checks} == {None}


def test_a_class_of_nobody_is_an_empty_report() -> None:
    report = gather_class()
    assert (report.rows, report.labs, report.mistakes, report.reports) == ([], [], [], 0)


def test_a_hidden_name_of_a_report_cannot_make_two_trainees_of_one() -> None:
    report = gather_class(
        make_trainee_report("Ada"), make_trainee_report(" ada "), make_trainee_report("ÀDA")
    )
    assert len(report.rows) == 1
    assert codec.MAX_DOCUMENT_BYTES  # the bound that a report is read with


@pytest.mark.parametrize("counting", ["best", "latest"])
def test_an_engine_that_was_off_when_the_trainer_looked_takes_no_points_away(counting: AttemptPolicy) -> None:
    choice = RunOptions(trainee="Ada")
    off = run.report_unreachable(
        attempts.load_trainer_lab("tp5"), EngineInfo(endpoint="ssh://a"), "off", choice
    )
    made = GatheredClass(GatherOptions(attempt_policy=counting), Roster())
    made.add_report(make_trainee_report("Ada"), "Ada", "handed-in", "declared")
    made.add_report(replace(off, started_at="2026-11-25T10:00:00Z"), "Ada", "desk", "observed")
    (row,) = made.make_class_report().rows
    assert (row.cells["tp5"].source, row.cells["tp5"].score.earned) == ("handed-in", 10)
    made.add_report(make_trainee_report("Ada", "tp5", "no-password"), "Ada", "desk again", "observed")
    (row,) = made.make_class_report().rows
    assert (row.cells["tp5"].source, row.cells["tp5"].trust) == ("desk again", "observed")
