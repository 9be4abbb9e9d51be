"""Where a trainee is stuck and since when; what is a cause and what follows; mistakes in general words."""

from dckgrade.classroom.people import Person, Roster
from dckgrade.report.class_report import ClassReport, Stuck
from tests.support.class_reports import find_row, gather_class, make_trainee_report


def at(minute: int) -> str:
    return f"2026-11-24T10:{minute:02}:00Z"


def find_stuck_in_tp5(report: ClassReport, trainee: str = "Ada") -> Stuck | None:
    return find_row(report, trainee).cells["tp5"].stuck


def test_a_trainee_is_stuck_since_the_check_was_first_seen_to_fail() -> None:
    report = gather_class(
        make_trainee_report("Ada", "tp5", "no-password", at=at(5)),
        make_trainee_report("Ada", "tp5", "no-password", at=at(20)),
        make_trainee_report("Bob", "tp5", at=at(45)),
        attempt_policy="latest",
    )
    assert find_stuck_in_tp5(report) == Stuck(
        check="dbserver-running", code="ST-01", since=at(5), minutes=40, attempts=2
    )
    assert find_stuck_in_tp5(report, "Bob") is None


def test_a_pass_in_between_ends_what_was_before() -> None:
    report = gather_class(
        make_trainee_report("Ada", "tp5", "no-password", at=at(5)),
        make_trainee_report("Ada", "tp5", "solution", at=at(10)),
        make_trainee_report("Ada", "tp5", "no-password", at=at(30)),
        attempt_policy="latest",
    )
    stuck = find_stuck_in_tp5(report)
    assert stuck
    assert (stuck.since, stuck.attempts, stuck.minutes) == (at(30), 1, 0)


def test_a_time_that_cannot_be_is_no_since() -> None:
    stuck = find_stuck_in_tp5(gather_class(make_trainee_report("Ada", "tp5", "no-password", at="yesterday")))
    assert stuck
    assert (stuck.since, stuck.minutes, stuck.attempts) == ("", 0, 1)


def test_the_ranking_has_causes_alone() -> None:
    report = gather_class(
        make_trainee_report("Ada", "tp5", "no-password"), make_trainee_report("Bob", "tp5", "two-mistakes")
    )
    assert [(mistake.code, len(mistake.trainees)) for mistake in report.mistakes] == [
        ("ST-01", 2),
        ("ST-05", 1),
    ]
    assert find_row(report, "Ada").cells["tp5"].mistakes["dbserver-stats"] == "ST-08", "it is in the report"


def test_what_is_not_there_yet_after_a_failure_is_no_cause() -> None:
    report = gather_class(make_trainee_report("Ada", "tp6", "tab"))
    assert [mistake.code for mistake in report.mistakes] == ["PM-05"]
    (row,) = report.rows
    assert row.cells["tp6"].mistakes["grafana-running"] == "PM-56"


def test_independent_mistakes_about_one_container_are_causes_both() -> None:
    report = gather_class(make_trainee_report("Ada", "ch1", "two-mistakes"))
    assert [mistake.code for mistake in report.mistakes] == ["EN-04", "EN-09"]


def test_a_mistake_is_told_in_general_words_with_its_variants() -> None:
    report = gather_class(
        *(make_trainee_report(who, "tp5", "stopped-container-keeps-the-name") for who in ("Ada", "Bob"))
    )
    (mistake,) = report.mistakes
    assert "…" in mistake.message
    (variant,) = mistake.variants
    assert variant.trainees == ["Ada", "Bob"]
    assert "…" not in variant.message
    assert "dbserver" in variant.message


def test_a_mistake_that_names_nothing_has_no_variants() -> None:
    (mistake,) = gather_class(make_trainee_report("Ada", "tp5", "no-password")).mistakes
    assert mistake.variants == []


def test_a_class_is_in_the_order_of_surnames_where_the_roster_has_them() -> None:
    roster = Roster(
        [
            Person(name="Ada Zuse", surname="Zuse"),
            Person(name="Zoé De Groot", surname="De Groot"),
            Person(name="Bob"),
        ]
    )
    report = gather_class(make_trainee_report("Ada Zuse"), roster=roster)
    assert [row.trainee for row in report.rows] == ["Bob", "Zoé De Groot", "Ada Zuse"]
