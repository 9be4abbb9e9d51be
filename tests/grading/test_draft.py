"""Drafts: of real pairs of recordings, what the solution changed and no more; of made ones, each rule."""

import re
from typing import Any

import pytest
from msgspec.structs import replace

from dckgrade.grading.draft import Draft, NothingChanged, draft_lab
from dckgrade.lab.blanks import find_blanks
from dckgrade.report.observation import Unobservable, UnobservableReason
from dckgrade.report.recording import EngineRecording, parse_engine_recording
from dckgrade.report.result import Verdict
from tests.support.engine_recordings import RECORDINGS, SOLVED_LABS, make_recording, observe_as, read_pair

EXPECTED: dict[str, dict[str, dict[str, Any]]] = {
    "tp5": {
        "webservers-container": {"status": "running"},
        "webservers-http-80": {"status_code": 200},
        "dbserver-container": {"status": "running"},
        "dbserver-postgres-5432": {"accepts": True},
    },
    "ch1": {
        "limite-container": {"status": "running"},
        "limite-container-health": {"status": "healthy"},
        "limite-container-logging": {"rotates": True},
        "limite-container-restarts": {"policy": "unless-stopped"},
        "limite-container-processes": {"init": True},
        "limite-container-limits": {
            "memory_bytes": 67108864,
            "processes": 50,
            "cpus": {"at-least": 0.495, "at-most": 0.505},
        },
        "glouton-container": {"status": "exited"},
        "glouton-container-exit": {"exit_code": 137, "oom_killed": True},
        "obstine-container": {"status": "exited"},
        "obstine-container-exit": {"exit_code": 7},
        "obstine-container-restarts": {"policy": "on-failure", "max_retries": 3},
    },
}
VOLATILE = re.compile(r"[0-9a-f]{12}|\d+\.\d+\.\d+\.\d+|20\d\d-\d\d-\d\d|(?<!\d)(3[2-9]|[456]\d)\d{3}(?!\d)")
"""Ids, addresses, dates, ports that the engine chose."""


def draft_pair(lab: str) -> Draft:
    return draft_lab(lab, *read_pair(lab), "en")


def list_demands(made: Draft) -> dict[str, Any]:
    from msgspec import to_builtins

    return {check.id: to_builtins(check.expect) for check in made.loaded.lab.checks}


@pytest.mark.parametrize("lab", SOLVED_LABS)
def test_a_draft_fails_on_the_untouched_engine_and_passes_on_the_solved_one(lab: str) -> None:
    made = draft_pair(lab)

    assert made.tells_apart
    assert {line.verdict for line in made.before.checks} <= {Verdict.FAILED, Verdict.BLOCKED}
    assert {line.verdict for line in made.after.checks} == {Verdict.PASSED}
    assert not made.left_out


@pytest.mark.parametrize("lab", SOLVED_LABS)
def test_a_draft_leaves_nothing_to_fill_in_and_demands_nothing_that_is_another_each_time(lab: str) -> None:
    made = draft_pair(lab)

    assert [*find_blanks(made.text.encode())] == []
    assert VOLATILE.findall(re.sub(r"67108864", "", made.text)) == []
    titles = [title for check in made.loaded.lab.checks for title in (check.title.fr, check.title.en)]
    assert len({*titles}) == len(titles)


@pytest.mark.parametrize("lab", EXPECTED)
def test_a_draft_demands_what_the_sheet_asks_for(lab: str) -> None:
    assert list_demands(draft_pair(lab)) == EXPECTED[lab]


def test_a_draft_of_networks_demands_who_is_on_them_and_what_passes_through() -> None:
    demands = list_demands(draft_pair("ch3"))

    assert demands["back-network"]["internal"] is True
    assert demands["back-network"]["members"] == {"count": 2, "every": {"one-of": ["api", "db"]}}
    assert demands["api-network-reach-db-5432"] == {"resolves": True, "connects": True}
    assert demands["proxy-published-port-8080"] == {"answers": True, "loopback_only": True}
    assert demands["proxy-proxy-pass-80-api"] == {"passes": True}
    assert len(demands) == 15


def test_a_draft_of_volumes_demands_where_they_are_mounted_and_not_that_they_exist_too() -> None:
    demands = list_demands(draft_pair("ch4"))

    assert demands["lecteur-mount-srv"] == {"volume": "journal", "writable": False}
    assert demands["lecteur-mount-cache"] == {"type": "tmpfs"}
    assert [check for check in demands if check.endswith("-volume")] == []


def test_a_pair_that_was_only_read_drafts_what_reading_shows() -> None:
    before, after = (
        parse_engine_recording((RECORDINGS / f"ch3-{case}-passive.json").read_bytes(), case)
        for case in ("untouched", "solution")
    )
    made = draft_lab("ch3", before, after, "en")

    assert made.tells_apart
    assert all(check.is_passive for check in made.loaded.lab.checks)
    assert {"back-network", "proxy-published-port-8080", "proxy-http-80"} <= {*list_demands(made)}


def test_a_check_requires_the_first_about_the_same_thing_and_a_service_is_worth_more() -> None:
    checks = {check.id: check for check in draft_pair("tp5").loaded.lab.checks}

    assert checks["webservers-http-80"].requires == ["webservers-container"]
    assert checks["dbserver-container"].requires == []
    assert (checks["webservers-http-80"].points, checks["webservers-container"].points) == (2, 1)
    assert checks["webservers-http-80"].within == "30s"


def test_titles_are_sentences_in_both_languages() -> None:
    titles = {check.id: check.title for check in draft_pair("ch1").loaded.lab.checks}

    exit_title = titles["glouton-container-exit"]
    assert exit_title.en == "Container glouton ended with code 137 and was killed for lack of memory"
    assert exit_title.fr == (
        "Le conteneur glouton s’est terminé avec le code 137 et a été tué par manque de mémoire"
    )
    assert "0,5 processeur" in titles["limite-container-limits"].fr


VOLUME = {"kind": "volume", "name": "data"}, {"driver": "local"}
IMAGE = {"kind": "image", "name": "nginx:latest"}, {"name": "nginx:latest"}
WEB = {"kind": "container", "name": "web"}, {"status": "running", "image_names": ["nginx"]}
POSTGRES = {"kind": "postgres", "container": "db"}, {"accepts": True}
HARDENING = {"kind": "engine-hardening"}
EMPTY = make_recording()


def draft(before: EngineRecording, after: EngineRecording) -> dict[str, Any]:
    try:
        return list_demands(draft_lab("made", before, after, "en"))
    except NothingChanged:
        return {}


@pytest.mark.parametrize("lab", SOLVED_LABS)
def test_where_nothing_changed_there_is_no_draft(lab: str) -> None:
    _, solved = read_pair(lab)

    with pytest.raises(NothingChanged):
        draft_lab(lab, solved, solved, "en")


def test_that_a_thing_exists_is_demanded_where_nothing_else_speaks_of_it() -> None:
    assert draft(EMPTY, make_recording(VOLUME)) == {"data-volume": {"driver": "local"}}
    mount = {"kind": "mount", "container": "web", "destination": "/x"}, {"volume": "data", "writable": True}
    assert draft(EMPTY, make_recording(VOLUME, mount)) == {"web-mount-x": {"volume": "data"}}


def test_that_a_port_answers_is_demanded_where_no_service_of_that_container_is() -> None:
    http = {"kind": "http", "container": "web", "port": 3000}, {"answers": True, "status_code": 302}
    grafana = {"kind": "grafana", "container": "web"}, {"answers": True, "healthy": None}
    other = {"kind": "grafana", "container": "other"}, {"answers": True}

    assert draft(EMPTY, make_recording(http, other))["web-http-3000"] == {"answers": True}
    assert "web-http-3000" not in draft(EMPTY, make_recording(http, grafana))


def test_an_image_that_a_container_runs_is_not_demanded() -> None:
    assert [*draft(EMPTY, make_recording(IMAGE))] == ["nginx-latest-image"]
    assert [*draft(EMPTY, make_recording(IMAGE, WEB))] == ["web-container"]


def test_a_fact_that_was_so_before_is_not_demanded_and_one_that_changed_is() -> None:
    talks, silent = ({"containers_talk": talk, "live_restore": True} for talk in (True, False))

    assert draft(make_recording((HARDENING, talks)), make_recording((HARDENING, silent))) == {
        "engine-hardening": {"containers_talk": False}
    }
    assert draft(make_recording((HARDENING, silent)), make_recording((HARDENING, talks))) == {}


@pytest.mark.parametrize("policy", ["no", "", None])
def test_what_comes_by_itself_is_not_demanded(policy: str | None) -> None:
    restarts = {"kind": "container-restarts", "container": "web"}, {"policy": policy, "max_retries": 0}

    assert draft(EMPTY, make_recording(restarts)) == {}


def test_what_only_a_later_recording_acted_for_is_not_taken_for_absent_before() -> None:
    after = make_recording(POSTGRES, passive=False)

    assert draft(make_recording(passive=True), after) == {}
    assert [*draft(make_recording(passive=False), after)] == ["db-postgres-5432"]


def test_what_could_not_be_seen_before_is_not_demanded() -> None:
    unseen = Unobservable(kind="container", why=UnobservableReason.DEADLINE)

    assert draft(observe_as(EMPTY, "container name=web", unseen), make_recording(WEB)) == {}


@pytest.mark.parametrize(
    "found",
    [["a\nb"], ["x" * 300], [{"name": "x"}], {"a": 1}, "a\x1b[2Jb", [str(number) for number in range(200)]],
    ids=["lines", "long", "mappings", "mapping", "escape", "many"],
)  # fmt: skip
def test_a_value_that_no_lab_can_demand_is_left_out(found: Any) -> None:
    network = {"kind": "network", "name": "back"}, {"internal": True, "members": found}

    assert draft(EMPTY, make_recording(network)) == {"back-network": {"internal": True}}


def test_words_of_a_recording_that_mean_something_in_yaml_stay_words() -> None:
    network = {"kind": "network", "name": "no"}, {"driver": "x", "members": ["on", "1e3", "22:22", "~"]}
    made = draft_lab("made", EMPTY, make_recording(network), "en")

    (check,) = made.loaded.lab.checks
    assert made.tells_apart
    assert check.observe.name == "no"  # type: ignore[attr-defined]


def test_a_probe_that_this_version_does_not_know_is_left_out() -> None:
    after = make_recording(WEB)
    strange = {"x": {"kind": "of-the-future"}, "y": {"kind": "container"}, "z": {"kind": 3}}

    assert [*draft(EMPTY, replace(after, probes={**after.probes, **strange}))] == ["web-container"]


def test_more_checks_than_a_lab_holds_are_counted() -> None:
    many = [({"kind": "volume", "name": f"data{number}"}, {"driver": "local"}) for number in range(103)]
    made = draft_lab("made", EMPTY, make_recording(*many), "en")

    assert (len(made.loaded.lab.checks), made.left_out) == (100, 3)


def test_two_names_that_make_one_id_are_told_apart() -> None:
    alike = [({"kind": "volume", "name": name}, {"driver": "local"}) for name in ("my.data", "my_data")]

    assert [*draft(EMPTY, make_recording(*alike))] == ["my-data-volume", "my-data-volume-2"]


@pytest.mark.parametrize(("name", "made_up"), [("great_colden", True), ("web", False), ("web-1", False)])
def test_a_name_that_docker_may_have_made_up_is_told(name: str, made_up: bool) -> None:  # noqa: FBT001
    web = {"kind": "container", "name": name}, {"status": "running"}

    assert draft_lab("made", EMPTY, make_recording(web), "en").made_up_names == [name] * made_up
