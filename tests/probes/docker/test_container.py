"""Kind `container`: what is seen of every recorded state, alike on every engine and cgroup version."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.redaction.words import mask_words
from dckgrade.probes.docker.container import Container
from dckgrade.probes.docker.container_log import ContainerLog
from dckgrade.report.observation import Absent, Seen, Unobservable, UnobservableReason
from tests.support.fake_engine import ENGINES, RECORDED, FakeEngine, facts, seen

SETTLED = {
    "status": "running",
    "stable": True,
    "exit_code": 0,
    "error": "",
    "restart_count": 0,
    "log_tail": None,
}
STATES: dict[str, dict[str, Any]] = {
    "webservers": {
        **SETTLED,
        "image": "nginx:latest",
        "image_names": ["nginx:latest"],
        "image_fits": True,
        "found_by": "name",
        "others": 0,
        "networks": ["bridge"],
        "network_mode": "bridge",
        "restart_policy": "no",
        "health": None,
        "mounts": [],
        "command": ["nginx", "-g", "daemon off;"],
    },
    "dbserver": {
        "status": "exited",
        "stable": True,
        "exit_code": 1,
        "oom_killed": False,
        "mounts": [
            {"type": "volume", "destination": "/var/lib/postgresql/data", "named": False, "writable": True}
        ],
    },
    "looping": {
        "status": "restarting",
        "stable": False,
        "restart_policy": "always",
        "exit_code": 1,
        "log_tail": "",
    },
    "paused": {"status": "paused", "stable": True, "exit_code": 0, "log_tail": None},
    "killed": {"status": "exited", "exit_code": 137, "oom_killed": False, "log_tail": ""},
    "created-only": {"status": "created", "exit_code": 0, "error": "", "stable": True},
    "port-taken": {"status": "created", "exit_code": 128, "stable": True},
    "missing-binary": {"status": "created", "exit_code": 127, "stable": True},
    "hostnet": {**SETTLED, "networks": ["host"], "network_mode": "host"},
    "nonet": {**SETTLED, "networks": ["none"], "network_mode": "none"},
    "two-nets": {**SETTLED, "networks": ["bridge", "labnet"], "network_mode": "bridge"},
    "composed": {**SETTLED, "networks": ["lab_default"], "network_mode": "lab_default"},
    "published": {**SETTLED, "image_fits": True},
    "mem-limited": SETTLED,
    "envs": {
        **SETTLED,
        "env_names": ["ACCENT", "EMPTY", "PATH", "PGDATA", "POSTGRES_PASSWORD", "WITH_EQUALS"],
        "env_empty": ["EMPTY"],
    },
    "named-volume": {
        **SETTLED,
        "mounts": [
            {"type": "volume", "destination": "/var/lib/postgresql/data", "named": True, "writable": True}
        ],
    },
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", STATES)
def test_a_recorded_state_is_seen_for_what_it_is(engine: str, name: str) -> None:
    found = seen(FakeEngine(engine), name)
    assert {fact: found[fact] for fact in STATES[name]} == STATES[name]
    assert found["name"] == name


def test_every_recorded_container_has_its_state_here() -> None:
    assert sorted(STATES) == RECORDED


@pytest.mark.parametrize("engine", ENGINES)
def test_the_engine_and_the_log_say_why_a_container_did_not_start(engine: str) -> None:
    fake_engine = FakeEngine(engine)
    assert "port is already allocated" in seen(fake_engine, "port-taken")["error"]
    assert "no such file or directory" in seen(fake_engine, "missing-binary")["error"]
    assert "superuser password is not specified" in seen(fake_engine, "dbserver")["log_tail"]
    assert seen(fake_engine, "looping")["restart_count"] >= 7


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", RECORDED)
def test_no_value_of_a_variable_is_kept(engine: str, name: str) -> None:
    observed = Container(name=name).observe(FakeEngine(engine))
    kept = json.dumps(facts(observed), ensure_ascii=False)
    assert "canary" not in kept
    assert "été" not in kept
    assert "a=b" not in kept


def test_only_a_container_that_still_may_change_has_an_age() -> None:
    fake_engine = FakeEngine()
    ages = {
        name: Container(name=name).observe(fake_engine)
        for name in ("webservers", "paused", "killed", "looping")
    }
    aged = {
        name
        for name, observation in ages.items()
        if isinstance(observation, Seen) and observation.age_s is not None
    }
    assert aged == {"webservers"}


@pytest.mark.parametrize(
    ("restarts", "up_s", "stable", "log_read"),
    [
        (0, 1.0, False, False),
        (0, 2.0, True, False),
        (3, 9.0, False, True),
        (3, 10.0, True, False),
        (0, -5.0, False, False),
    ],
)
def test_stable_is_two_seconds_and_ten_after_a_restart(
    *, restarts: int, up_s: float, stable: bool, log_read: bool
) -> None:
    fake_engine = FakeEngine()
    inspected = fake_engine.inspect("webservers")
    inspected["RestartCount"] = restarts
    fake_engine.clock = datetime.fromisoformat(inspected["State"]["StartedAt"]) + timedelta(seconds=up_s)
    observed = Container(name="webservers").observe(fake_engine)
    assert facts(observed)["stable"] is stable
    assert (facts(observed)["log_tail"] is not None) is log_read
    assert isinstance(observed, Seen)
    assert observed.age_s == max(up_s, 0)


@pytest.mark.parametrize("length", [4, 12, 64])
@pytest.mark.parametrize("wanted", ["nginx", None])
def test_an_id_in_the_place_of_an_image_is_looked_up(length: int, wanted: str | None) -> None:
    fake_engine = FakeEngine()
    inspected = fake_engine.inspect("webservers")
    inspected["Config"]["Image"] = inspected["Image"].removeprefix("sha256:")[:length]
    fake_engine.images[inspected["Image"]] = {"RepoTags": ["nginx:1.27", "nginx:latest"]}
    found = facts(Container(name="webservers", image=wanted).observe(fake_engine))
    assert found["image_names"] == [inspected["Config"]["Image"], "nginx:1.27", "nginx:latest"]
    assert found["image_fits"] is (True if wanted else None)


def test_an_image_that_was_given_another_tag_is_still_that_image() -> None:
    fake_engine = FakeEngine()
    inspected = fake_engine.inspect("webservers")
    inspected["Config"]["Image"] = "site:v1"
    fake_engine.images[inspected["Image"]] = {"RepoTags": ["nginx:latest", "site:v1"]}
    assert seen(fake_engine, "webservers")["image_fits"] is True


@pytest.mark.parametrize("tags", [None, [], ["httpd:2.4"]])
def test_another_image_does_not_fit(tags: list[str] | None) -> None:
    fake_engine = FakeEngine()
    inspected = fake_engine.inspect("webservers")
    inspected["Config"]["Image"] = "httpd:2.4"
    inspected |= {"Path": "httpd-foreground", "Args": []}
    fake_engine.images[inspected["Image"]] = {"RepoTags": tags}
    assert seen(fake_engine, "webservers")["image_fits"] is False
    fake_engine.images.clear()
    assert seen(fake_engine, "webservers")["image_fits"] is False


OFF = ["-g", "daemon off;"]


@pytest.mark.parametrize(
    ("image", "path", "arguments", "fits"),
    [
        ("tp5_webservers", "/docker-entrypoint.sh", ["nginx", *OFF], True),
        ("me/site:v2", "nginx", OFF, True),
        ("site", "/usr/sbin/nginx", OFF, True),
        ("site", "/usr/bin/tini", ["-g", "--", "/docker-entrypoint.sh", "nginx", *OFF], True),
        ("site", "sh", ["-c", "nginx"], False),
        ("busybox", "httpd", ["-f", "-h", "/nginx"], False),
        ("nginx/nginx-prometheus-exporter", "/usr/bin/exporter", ["-nginx.scrape-uri=http://nginx"], False),
        ("caddy", "caddy", ["run", "nginx"], False),
    ],
)
def test_an_image_of_one_s_own_that_starts_the_program_fits(
    image: str, path: str, arguments: list[str], *, fits: bool
) -> None:
    fake_engine = FakeEngine()
    inspected = fake_engine.inspect("webservers")
    inspected["Config"]["Image"] = image
    inspected |= {"Path": path, "Args": arguments}
    fake_engine.images[inspected["Image"]] = {"RepoTags": [image]}
    assert seen(fake_engine, "webservers")["image_fits"] is fits


def test_an_image_is_looked_up_only_where_its_name_does_not_tell() -> None:
    fake_engine = FakeEngine()
    assert seen(fake_engine, "webservers")["image_fits"] is True
    assert seen(fake_engine, "webservers", image=None)["image_fits"] is None
    assert fake_engine.questions == ["containers", "container"] * 2


def test_arguments_that_hold_a_secret_are_masked() -> None:
    given = [
        "-e",
        "POSTGRES_PASSWORD=hunter2",
        "--password",
        "hunter two",
        "--token=hunter2",
        "-u",
        "me:hunter2",
    ]
    given += ["--name", "x", "https://me:hunter2@example.org/"]
    expected = ["-e", "POSTGRES_PASSWORD=***", "--password", "***", "--token=***", "-u", "***"]
    expected += ["--name", "x", "https://***@example.org/"]
    assert mask_words(given) == expected


def test_a_secret_in_the_engine_s_own_error_is_masked() -> None:
    fake_engine = FakeEngine()
    fake_engine.inspect("port-taken")["State"]["Error"] = "exec: POSTGRES_PASSWORD=canary-secret-1: not found"
    assert seen(fake_engine, "port-taken")["error"] == "exec: POSTGRES_PASSWORD=*** not found"


def test_what_is_stuck_at_its_start_is_unobservable_and_named() -> None:
    fake_engine = FakeEngine()
    fake_engine.trouble["container"] = OutOfReach(UnobservableReason.DEADLINE, "3 s")
    stuck = Container(name="created-only").observe(fake_engine)
    assert stuck == Unobservable(kind="container", why=UnobservableReason.STUCK, detail="created-only")
    late = Container(name="webservers").observe(fake_engine)
    assert late == Unobservable(kind="container", why=UnobservableReason.DEADLINE, detail="3 s")
    log = ContainerLog(container="created-only").observe(fake_engine)
    assert log == Unobservable(kind="container-log", why=UnobservableReason.STUCK, detail="created-only")


@pytest.mark.parametrize("question", ["containers", "container", "log", "image"])
@pytest.mark.parametrize(
    "why",
    [
        UnobservableReason.DEADLINE,
        UnobservableReason.ENGINE_OUT_OF_REACH,
        UnobservableReason.ENGINE_ERROR,
        UnobservableReason.UNREADABLE,
    ],
)
def test_an_engine_that_does_not_answer_is_no_absence(question: str, why: UnobservableReason) -> None:
    fake_engine = FakeEngine()
    fake_engine.trouble[question] = OutOfReach(why, "detail")
    observed = Container(name="dbserver", image="nginx").observe(fake_engine)
    assert observed == Unobservable(kind="container", why=why, detail="detail")


def test_what_vanishes_between_two_questions_is_absent() -> None:
    fake_engine = FakeEngine()
    fake_engine.trouble["container"] = NotThere("gone")
    assert Container(name="webservers").observe(fake_engine) == Absent(kind="container")


def test_a_state_that_no_engine_has_is_unreadable() -> None:
    fake_engine = FakeEngine()
    fake_engine.inspect("webservers")["State"]["Status"] = "levitating"
    observed = Container(name="webservers").observe(fake_engine)
    assert observed == Unobservable(
        kind="container", why=UnobservableReason.UNREADABLE, detail="State.Status: levitating"
    )


@pytest.mark.parametrize("time", ["", None, "yesterday", "2026-13-45T00:00:00Z", "2026-11-24T01:40:06"])
def test_a_start_time_that_is_none_crashes_nothing(time: str | None) -> None:
    fake_engine = FakeEngine()
    fake_engine.inspect("webservers")["State"]["StartedAt"] = time
    observed = Container(name="webservers").observe(fake_engine)
    readable = not time or time.startswith("2026-11")
    assert isinstance(observed, Seen if readable else Unobservable)


def test_the_log_of_a_container_is_read_as_it_is_framed() -> None:
    fake_engine = FakeEngine()
    text = facts(ContainerLog(container="dbserver").observe(fake_engine))["text"]
    assert text.startswith("Error: Database is uninitialized")
    assert facts(ContainerLog(container="webservers").observe(fake_engine))["text"] == ""
    fake_engine.inspect("webservers")["Config"]["Tty"] = True
    assert facts(ContainerLog(container="webservers").observe(fake_engine))["text"] == "\r"
    assert ContainerLog(container="nobody").observe(fake_engine) == Absent(kind="container-log")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, True),
        ({"Cmd": ["nginx", "-g", "daemon off;"]}, True),
        ({"Cmd": ["bash"]}, False),
        ({"Cmd": None}, False),
        ({"Entrypoint": ["sleep"]}, False),
        ({"Entrypoint": None}, False),
    ],
)
def test_a_command_in_place_of_the_image_s_own_is_seen(given: dict[str, Any], expected: bool) -> None:  # noqa: FBT001
    fake_engine = FakeEngine()
    inspected = fake_engine.inspect("killed")
    own = {"Entrypoint": ["/docker-entrypoint.sh"], "Cmd": ["nginx", "-g", "daemon off;"]}
    fake_engine.images[inspected["Image"]] = {"Config": own}
    inspected["Config"] |= {**own, **given}
    assert seen(fake_engine, "killed")["own_command"] is expected


def test_whether_the_command_is_the_image_s_own_is_asked_only_of_what_does_not_run() -> None:
    fake_engine = FakeEngine()
    assert seen(fake_engine, "webservers")["own_command"] is None
    assert "image" not in fake_engine.questions
    assert seen(fake_engine, "killed")["own_command"] is None  # its image is gone
    assert "image" in fake_engine.questions


@pytest.mark.parametrize("config", [None, {}, {"Image": None}, {"Image": ""}])
def test_a_container_that_tells_no_image_is_not_blamed_for_it(config: Any) -> None:
    fake_engine = FakeEngine()
    fake_engine.inspect("webservers")["Config"] = config
    observed = Container(name="webservers", image="nginx").observe(fake_engine)
    assert isinstance(observed, Unobservable)
    assert observed.why is UnobservableReason.UNREADABLE
