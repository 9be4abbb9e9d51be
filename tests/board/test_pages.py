"""The trainer's pages: what they say, to whom, and what they do not do."""

import csv
import http.client
import io
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import select, update

from dckgrade.board import page_model
from dckgrade.board.class_view import ClassState, Hand, TraineeState
from dckgrade.board.page_model import PageQuery, build_page_model, format_age
from dckgrade.board.schema import STANDINGS
from dckgrade.board.standing import Standing
from dckgrade.board.words import WORDS
from dckgrade.classroom import board_client
from dckgrade.report import codec, signature
from dckgrade.report.decode import parse_json
from tests.board.test_standing import F, P, advance
from tests.support.html_page import VOID, HtmlPage
from tests.support.running_board import RunningBoard, allow_rejoin

VOID.update({"link", "input"})


def make_class(*trainees: TraineeState) -> ClassState:
    return ClassState(
        id=1, name="A", code="A" * 8, code_until=0, version=1,
        trainees={trainee.id: trainee for trainee in trainees},
    )  # fmt: skip


def make_trainee(name: str, standing: Standing | None = None, **more: object) -> TraineeState:
    standings = {standing.attempt.lab: standing} if standing else {}
    return replace(TraineeState(id=name, name=name, joined_at=0, standings=standings), **more)


def build(state: ClassState, *, now: int = 3_600_000, **query: object) -> page_model.PageModel:
    return build_page_model(state, replace(PageQuery(), **query), now, "en", cloned=False)


def test_whoever_is_stuck_for_longest_comes_first_with_check_and_mistake() -> None:
    state = make_class(
        make_trainee("Ada", advance(None, 600_000, F, P)),
        make_trainee("Grace", advance(None, 60_000, P, F)),
        make_trainee("Alan", advance(None, 1, P, P)),
        make_trainee("Edsger"),
        make_trainee("Barbara", advance(None, 1, F, F), has_left=True),
    )
    model = build(state)

    assert [(row.name, row.check, row.age) for row in model.stuck] == [
        ("Grace", "Check 1", "59\xa0min"),
        ("Ada", "Check 0", "50\xa0min"),
    ]
    assert [row.name for row in model.rows] == ["Grace", "Ada", "Alan", "Edsger", "Barbara"]
    assert [(lab.lab, lab.passed, lab.working) for lab in model.progress] == [("tp5", 1, 2)]


def test_somebody_is_stuck_in_the_lab_that_they_sent_last_or_in_the_one_that_is_chosen() -> None:
    first = advance(None, 100, F)
    first = replace(first, attempt=replace(first.attempt, lab="tp1"))
    ada = make_trainee("Ada", standings={"tp1": first, "tp5": advance(None, 200, P)})
    assert build(make_class(ada)).stuck == []
    assert [row.lab for row in build(make_class(ada), lab="tp1").stuck] == ["tp1"]
    assert len(build(make_class(ada), lab="tp1").rows[0].cells) == 1
    assert len(build(make_class(ada)).rows[0].cells) == 2


@pytest.mark.parametrize(
    ("sort", "expected"),
    [("name", "Ada Grace"), ("points", "Grace Ada"), ("seen", "Grace Ada"), ("stuck", "Ada Grace")],
)
def test_trainees_are_put_in_order(sort: str, expected: str) -> None:
    state = make_class(
        make_trainee("Grace", advance(None, 900, P, P)), make_trainee("Ada", advance(None, 800, F, P))
    )
    assert " ".join(row.name for row in build(state, sort=sort).rows) == expected


def test_a_name_is_found_whatever_its_accents_and_two_hundred_rows_are_shown() -> None:
    state = make_class(*(make_trainee(f"Zoé {number}") for number in range(250)))
    assert (len(build(state).rows), build(state).hidden) == (200, 50)
    assert build(state, name="zoe 17").rows[0].name == "Zoé 17"
    assert build(state, name="zoe 17").hidden == 0


def test_ages_are_minutes_then_hours_and_never_negative() -> None:
    ages = [-5, 59_999, 60_000, 3_599_999, 3_600_000, 7_500_000]
    assert [format_age(age).replace("\xa0", " ") for age in ages] == [
        "< 1 min", "< 1 min", "1 min", "59 min", "1 h 00", "2 h 05",
    ]  # fmt: skip


def test_hands_are_in_the_order_in_which_they_went_up() -> None:
    late = Hand(text="b", raised_at=2, lab="", check="")
    early = Hand(text="a", raised_at=1, lab="", check="")
    state = make_class(make_trainee("Ada", hand=late), make_trainee("Grace", hand=early))
    assert [hand.name for hand in build(state).hands] == ["Grace", "Ada"]


def test_the_page_says_who_is_stuck_on_what_with_which_mistake_and_how_many_make_it(
    running: RunningBoard,
) -> None:
    ada, grace, alan = map(running.join, ("Ada", "Grace", "Alan <b>T</b>"))
    running.send(ada, running.make_report(ada, "no-password"))
    running.send(grace, running.make_report(grace, "no-password"))
    running.send(alan, running.make_report(alan, "solution"))
    board_client.set_hand(ada, "I am <script>alert(1)</script> lost")
    page = running.wait_for_text("1 passed, 2 working on it")

    shown = HtmlPage(page)
    assert (shown.unbalanced, shown.open) == ([], [])
    assert "2 \N{MULTIPLICATION SIGN} ST-01" in shown.text
    assert "Ada stuck for < 1" in shown.text
    assert "I am <script>alert(1)</script> lost" in shown.text
    assert "Alan <b>T</b>" in shown.text
    assert running.code.code[:4] in shown.text
    # The words of the mistake, not only its code.
    assert "requires a superuser password" in shown.text


def test_the_projector_shows_no_name(running: RunningBoard) -> None:
    ada = running.join("Ada Lovelace")
    running.send(ada, running.make_report(ada, "no-password"))
    board_client.set_hand(ada, "secret question")
    running.wait_for_text("Raised hands (1)")
    page = running.ask("/classes/1?for_projector=1").text
    assert "ST-01" in page
    assert "Raised hands (1)" in page
    assert not re.search("Ada|Lovelace|secret question", page)
    assert ada.trainee_id not in page


def test_a_report_is_one_click_away_judged_by_the_board_and_so_is_the_history(running: RunningBoard) -> None:
    ada = running.join("Ada")
    report = codec.from_json(running.make_report(ada, "no-password"), "x")
    forged = replace(report, score=replace(report.score, earned=report.score.possible), trainee="Grace")
    running.send(ada, signature.sign_report(forged, signature.TraineeKey("Grace", ada.secret)))
    page = running.wait_for_text("/reports/1")
    shown = running.ask("/reports/1")
    text = HtmlPage(shown.text).text
    assert "ST-01" in text
    assert "Ada" in text
    assert "Grace" not in text
    assert "script-src 'none'" in shown.headers["Content-Security-Policy"]
    assert f"/classes/1/trainees/{ada.trainee_id}" in page
    assert "/reports/1" in running.ask(f"/classes/1/trainees/{ada.trainee_id}").text


def test_nobody_gets_in_without_the_token(running: RunningBoard) -> None:
    ada = running.join("Ada")
    running.send(ada, running.make_report(ada))
    running.wait_for_text("/reports/1")
    trainee = f"/classes/1/trainees/{ada.trainee_id}"
    paths = ["/", "/classes/1", "/classes/1/live", "/classes/1/events", "/reports/1", trainee]
    paths += [f"/classes/1/export/{name}" for name in ("class.html", "class.json", "class.csv", "moodle.csv")]
    for path in paths:
        answer = running.ask(path, is_trainer=False)
        assert answer.status == 403, path
        assert "Ada" not in answer.text
        assert running.ask(path, is_trainer=False, Cookie="dckgrade_board=").status == 403
    posts = ["/classes", "/classes/1/code", f"{trainee}/hand", f"{trainee}/rejoin"]
    for path in posts:
        assert running.ask(path, {"name": "x"}, is_trainer=False).status == 403, path
        assert running.ask(path, {"name": "x", "mark": "0" * 64}).status == 403, path
        assert running.ask(path, {"name": "x"}, Sec_Fetch_Site="cross-site").status == 403, path
        assert running.ask(path).status in {404, 405}, path


def test_the_link_lets_in_and_its_token_is_in_no_address_any_more(running: RunningBoard) -> None:
    token = running.board.token
    entered = running.ask(f"/enter?token={token}", is_trainer=False)
    assert (entered.status, entered.headers["Location"]) == (303, "/")
    cookie = entered.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert token not in cookie
    assert running.ask("/", is_trainer=False, Cookie=cookie.split(";")[0]).status == 303
    for wrong in ("", token[:-1], token + "x", "é"):
        assert running.ask("/enter", {"token": wrong}, is_trainer=False).status == 403
    assert running.ask("/enter", {"token": f" {token}\n"}, is_trainer=False).status == 303


def test_every_page_forbids_other_scripts_frames_and_caches(running: RunningBoard) -> None:
    for path, is_trainer in (("/classes/1", True), ("/enter", False), ("/nowhere", True), ("/metrics", True)):
        headers = running.ask(path, is_trainer=is_trainer).headers
        if path in {"/classes/1", "/enter"}:
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert headers["Cache-Control"] == "no-store"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["X-Content-Type-Options"] == "nosniff"
    page = running.ask("/classes/1").text
    assert re.findall(r"<script[^>]*>", page) == [
        '<script src="/static/htmx.min.js" defer>',
        '<script src="/static/htmx-sse.min.js" defer>',
    ]
    assert not re.search(r"\son\w+=|style=|javascript:", page)
    # Without script it renews itself.
    assert '<noscript><meta http-equiv="refresh"' in page


def test_a_page_of_another_name_is_not_served_which_a_rebound_address_would_ask_for(
    running: RunningBoard,
) -> None:
    assert running.ask("/classes/1", Host="evil.example").status == 421
    assert running.ask("/classes/1", Host=f"localhost:{running.port}").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/../pages.py", "/static/..%2f..%2fboard.py", "/classes/9", "/classes/x", "/reports/99999",
        "/classes/1/export/../../etc/passwd", "/classes/1/export/class.exe", "/classes/1/trainees/nobody",
        "/reports/99999999999999999999999", "/%00", "/static/%00",
    ],
)  # fmt: skip
def test_what_is_not_there_is_told_in_a_line(path: str, quiet: RunningBoard) -> None:
    answer = quiet.ask(path)
    assert answer.status in {400, 404}, answer.text
    assert "Traceback" not in answer.text


def test_a_class_more_is_made_and_its_trainees_are_apart(running: RunningBoard) -> None:
    running.join("Ada")
    made = running.ask("/classes", {"name": "Docker B"})
    assert (made.status, made.headers["Location"]) == (303, "/classes/2")
    assert running.ask("/classes", {"name": " "}).status == 400
    assert "Docker B" in running.ask("/").text
    assert "Ada" in running.ask("/classes/1").text
    page = running.ask("/classes/2").text
    assert "Ada" not in page
    code = HtmlPage(page).text.split("dckgrade join ")[1].split()[1]
    before = running.code
    assert running.ask("/classes/1/code", {}).status == 303
    assert running.code.code not in {before.code, code.replace("-", "")}


def test_the_trainer_lowers_a_hand_and_lets_somebody_join_again(running: RunningBoard) -> None:
    ada = running.join("Ada")
    board_client.set_hand(ada, "help")
    running.wait_for_text("Raised hands (1)")
    path = f"/classes/1/trainees/{ada.trainee_id}"
    assert running.ask(f"{path}/hand", {}).status == 303
    # At once: the page that follows the form shows it.
    assert "Raised hands (0)" in running.ask("/classes/1").text
    assert running.ask(f"{path}/rejoin", {}).status == 303
    assert running.join("Ada").trainee_id == ada.trainee_id


def test_two_who_share_an_engine_s_container_are_told(running: RunningBoard) -> None:
    ada, eve, grace = map(running.join, ("Ada", "Eve", "Grace"))
    content = running.make_report(ada)
    running.send(ada, content)
    running.send(eve, content)
    running.send(grace, running.make_report(grace))
    page = HtmlPage(running.wait_for_text("3 passed")).text
    assert page.count("shared with another trainee") == 2


def test_exports_are_those_of_collect(running: RunningBoard) -> None:
    ada, grace = map(running.join, ("Ada", "=Grace"))
    for case in ("solution", "no-password"):
        running.send(ada, running.make_report(ada, case))
    running.send(grace, running.make_report(grace, "no-password"))
    running.wait_for_text("2 working on it")
    document = json.loads(running.ask("/classes/1/export/class.json").text)
    cells = {row["trainee"]: row["cells"]["tp5"] for row in document["rows"]}
    assert document["schema"] == "dckgrade-class/1"
    assert cells["Ada"]["score"]["earned"] == cells["Ada"]["score"]["possible"]
    assert (cells["Ada"]["trust"], cells["Ada"]["flags"]) == ("corroborated", [])
    assert len(cells["Ada"]["history"]) == 1
    assert "ST-01" in cells["=Grace"]["mistakes"].values()
    sheet = list(csv.reader(io.StringIO(running.ask("/classes/1/export/class.csv").text)))
    assert [row[0] for row in sheet[1:]] == ["'=Grace", "Ada"]
    page = running.ask("/classes/1/export/class.html")
    assert "attachment" in page.headers["Content-Disposition"]
    assert "ST-01" in page.text
    moodle = running.ask("/classes/1/export/moodle.csv")
    assert (moodle.status, "email" in moodle.text) == (409, True)


@contextmanager
def open_events(running: RunningBoard) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(running.host, running.port, timeout=20)
    cookie = f"dckgrade_board={running.sessions.cookie}"
    connection.request("GET", "/classes/1/events", headers={"Cookie": cookie})
    try:
        yield connection.getresponse()
    finally:
        connection.close()


def read_event(response: http.client.HTTPResponse) -> str:
    """Read up to the end of an event that is none of the pings."""
    lines: list[str] = []
    while True:
        line = response.readline().decode().strip()
        if not line and any(said.startswith("event:") for said in lines):
            return " ".join(lines)
        lines.append(line)


def test_an_open_page_is_told_at_once_what_changes_and_nothing_of_another_class(
    running: RunningBoard,
) -> None:
    running.ask("/classes", {"name": "B"})
    with open_events(running) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        assert "event: changed" in read_event(response)
        begun = time.monotonic()
        ada = running.join("Ada")
        assert "event: changed" in read_event(response)
        assert "Ada" in running.ask("/classes/1/live").text
        running.send(ada, running.make_report(ada))
        while "1 passed" not in running.ask("/classes/1/live").text:
            read_event(response)
        assert time.monotonic() - begun < 20
        running.wait_until(lambda: "watching 1.0" in running.ask("/metrics").text, "nobody watches")
    running.join("Grace")
    running.wait_until(lambda: "watching 0.0" in running.ask("/metrics").text, "somebody watches still")


def test_a_clock_that_was_set_back_makes_no_negative_age_and_no_other_order(running: RunningBoard) -> None:
    ada = running.join("Ada")
    running.send(ada, running.make_report(ada, "no-password"))
    running.wait_for_text("stuck for")
    with running.board.engine.begin() as connection:
        row = connection.execute(select(STANDINGS)).one()
        standing = parse_json(row.standing, Standing)
        ahead = {check: at + 10**9 for check, at in standing.failing_since.items()}
        later = replace(standing, failing_since=ahead, received_at=standing.received_at + 10**9)
        connection.execute(update(STANDINGS).values(standing=msgspec.json.encode(later)))
    running.send(ada, running.make_report(ada, "no-password"))
    assert "< 1\xa0min" in HtmlPage(running.wait_for_text("stuck for")).text.replace("< 1 min", "< 1\xa0min")
    running.send(ada, running.make_report(ada))
    running.wait_for_text("Nobody is stuck")


def test_health_readiness_and_metrics_are_told(running: RunningBoard) -> None:
    ada = running.join("Ada")
    running.send(ada, running.make_report(ada))
    assert running.ask("/healthz", is_trainer=False).text == "ok"
    assert running.ask("/readyz", is_trainer=False).text == "ok"
    metrics = running.ask("/metrics", is_trainer=False).text
    assert 'dckgrade_board_reports_total{outcome="new"} 1.0' in metrics
    assert "Ada" not in metrics


def test_somebody_who_joins_again_keeps_the_history(running: RunningBoard) -> None:
    ada = running.join("Ada")
    running.send(ada, running.make_report(ada, "no-password"))
    running.wait_for_text("stuck for")
    board_client.leave_board(ada)
    running.wait_for_text("has left")
    assert "Nobody is stuck" in running.ask("/classes/1").text
    allow_rejoin(running, ada)
    running.join("Ada")
    assert "has left" not in running.wait_for_text("stuck for")


def test_every_word_of_the_pages_is_used_and_the_pages_use_no_other() -> None:
    folder = Path(page_model.__file__).parent
    text = "".join(path.read_text() for path in (*folder.glob("templates/*.j2"), folder / "pages.py"))
    text = text.replace("words.html.j2", "")
    used = set(re.findall(r"words\.([a-z_]+)|words\[\"([a-z_]+)\"\]", text))
    named = {name for pair in used for name in pair if name}
    chosen = {f"sort_{order}" for order in page_model.SORT_ORDERS} | {"copy", "odd", "unreached"}
    assert named | chosen == set(WORDS)
