"""Kinds about what cAdvisor tells: whose containers its figures are, how old, and what it does not see."""

import json
from typing import Any

import pytest

from dckgrade.engine.answers import HttpAnswer, NoAnswer, OutOfReach
from dckgrade.probes.monitoring.cadvisor import Cadvisor, read_image_version
from dckgrade.probes.monitoring.grafana_series import GrafanaSeries
from dckgrade.probes.monitoring.prometheus_series import PrometheusSeries, build_group_query
from dckgrade.probes.monitoring.series import choose_metrics, match_containers, parse_duration_s
from dckgrade.report.observation import Absent, Unobservable, UnobservableReason
from tests.support.fake_engine import facts
from tests.support.monitoring import Monitored, page, silent, vector

STRANGER = "f" * 64
SHAPES = ["/docker/{}", "/system.slice/docker-{}.scope", "/d2/{}", "/process_api/a/d2/{}"]
WITHIN = f"/docker/{STRANGER}"
"""The group of an engine that itself runs in a container of another engine."""
SEEN = {"__name__": "cadvisor_version_info", "dockerVersion": "28.5.2"}
KEPT = vector(({"__name__": "container_last_seen"}, "9"))
"""What Prometheus answers when it is asked which metrics tell of containers."""


def series(*containers: tuple[str, str | None, float], at: float = 1000.0) -> HttpAnswer:
    """Answer with control groups, names, and how long ago each was seen."""
    return vector(
        *(({"id": id_} | ({"name": name} if name else {}), str(at - age)) for id_, name, age in containers),
        at=at,
    )


def engine_with(
    *containers: tuple[str, str | None, float], groups: int = 9, docker: str | None = "28.5.2"
) -> Monitored:
    fake_engine = Monitored()
    fake_engine.pages["9090/api/v1/query?query=count by (__name__)"] = KEPT if containers else vector()
    fake_engine.pages["9090/api/v1/query?query=max by"] = series(*containers)
    about: list[tuple[dict[str, str], str]] = [({}, str(groups))] if groups else []
    if docker is not None:
        about.append((SEEN | {"dockerVersion": docker}, "1"))
    fake_engine.pages["9090/api/v1/query?query={"] = vector(*about)
    return fake_engine


@pytest.mark.parametrize(
    "shape", [*SHAPES, *(f"{WITHIN}{shape}" for shape in SHAPES), f"/docker/{{}}/docker/{STRANGER}"]
)
def test_a_container_of_this_engine_is_known_by_its_id_whatever_the_group_s_shape(shape: str) -> None:
    own = Monitored().id_of("grafana")
    found = facts(PrometheusSeries().observe(engine_with((shape.format(own), "grafana", 1))))
    assert (found["fresh"], found["named"], found["foreign"]) == (["grafana"], ["grafana"], 0)
    assert (found["blind_to"], found["docker_seen"], found["groups"]) == (None, True, 9)


def test_one_container_in_two_groups_is_one_and_the_fresher_one_counts() -> None:
    own = Monitored().id_of("grafana")
    fake_engine = engine_with((SHAPES[0].format(own), None, 200), (SHAPES[3].format(own), "grafana", 1))
    found = facts(PrometheusSeries().observe(fake_engine))
    assert (found["fresh"], found["named"], found["stale"]) == (["grafana"], ["grafana"], [])


def test_what_was_seen_long_ago_is_stale_by_the_scrape_s_own_interval() -> None:
    fake_engine = Monitored()
    fake_engine = engine_with((f"/docker/{fake_engine.id_of('grafana')}", "grafana", 100))
    found = facts(PrometheusSeries().observe(fake_engine))
    assert (found["fresh"], found["stale"], found["blind_to"]) == ([], ["grafana"], None)
    slow = fake_engine.target(scrapeInterval="1m0s")
    assert facts(PrometheusSeries().observe(slow))["fresh"] == ["grafana"]


@pytest.mark.parametrize(
    ("interval", "age", "fresh"), [("4m", 170, True), ("10m", 700, True), ("4m", 700, False)]
)
def test_what_is_scraped_seldom_is_asked_for_over_a_longer_time(
    interval: str, age: float, *, fresh: bool
) -> None:
    fake_engine = Monitored()
    own = f"/docker/{fake_engine.id_of('grafana')}"
    fake_engine.target(scrapeInterval=interval)
    asked = "9090/api/v1/query?query="
    fake_engine.pages[f"{asked}count by (__name__) (last_over_time("] = KEPT
    fake_engine.pages[f"{asked}max by (job, id, name) (max_over_time(timestamp("] = series(
        (own, "grafana", age)
    )
    fake_engine.pages[f"{asked}last_over_time("] = vector(({}, "9"))
    found = facts(PrometheusSeries().observe(fake_engine))
    assert (found["named"], found["groups"]) == (["grafana"] if fresh else [], 9)


def test_each_job_s_own_interval_tells_what_is_fresh() -> None:
    intervals = {"cadvisor": 5.0, "backup": 3600.0}
    fake_engine = Monitored()
    own = f"/docker/{fake_engine.id_of('grafana')}"
    answer = json.loads(vector(({"id": own, "job": "cadvisor"}, "100"), at=1000).body)
    assert match_containers(answer, fake_engine, intervals).stale == ["grafana"]


@pytest.mark.parametrize(
    ("kept", "asked"),
    [
        (
            ["container_fs_usage_bytes", "container_last_seen"],
            ["container_last_seen", "container_fs_usage_bytes"],
        ),
        (
            [f"container_{letter}" for letter in "edcba"],
            ["container_a", "container_b", "container_c", "container_d"],
        ),
        ([], []),
    ],
)
def test_the_best_known_metrics_are_asked_and_any_other_will_do(kept: list[str], asked: list[str]) -> None:
    answer = json.loads(vector(*(({"__name__": name}, "3") for name in kept)).body)
    assert choose_metrics(answer) == asked


def test_where_ids_were_dropped_names_tell_whose_containers_they_are() -> None:
    fake_engine = Monitored()
    by_name = '9090/api/v1/query?query=count by (__name__) ({__name__=~"container_.+",name='
    fake_engine.pages["9090/api/v1/query?query=count by (__name__)"] = vector()
    fake_engine.pages[by_name] = KEPT
    fake_engine.pages["9090/api/v1/query?query=max by"] = vector(
        ({"name": "grafana", "job": "a"}, "999"), ({"name": "theirs", "job": "b"}, "999")
    )
    fake_engine.pages["9090/api/v1/query?query={"] = vector(({}, "2"))
    found = facts(PrometheusSeries().observe(fake_engine))
    assert (found["named"], found["foreign_named"], found["jobs"]) == (["grafana"], 1, ["a"])


def test_a_neighbour_s_container_of_the_same_name_is_not_ours() -> None:
    found = facts(PrometheusSeries().observe(engine_with((f"/docker/{STRANGER}", "grafana", 1))))
    assert (found["fresh"], found["foreign_named"]) == ([], 1)


def test_another_engine_s_containers_prove_nothing() -> None:
    found = facts(PrometheusSeries().observe(engine_with((f"/docker/{STRANGER}", "theirs", 1))))
    assert (found["fresh"], found["foreign"], found["foreign_named"]) == ([], 1, 1)
    assert found["blind_to"] is None


def test_a_number_that_is_none_is_passed_over() -> None:
    fake_engine = engine_with(("/docker/x", None, 1))
    fake_engine.pages["9090/api/v1/query?query=max by"] = vector(
        ({"id": f"/docker/{fake_engine.id_of('grafana')}"}, "NaN"), ({"id": "/docker/x"}, "five")
    )
    assert facts(PrometheusSeries().observe(fake_engine))["fresh"] == []


@pytest.mark.parametrize(
    ("groups", "named", "docker", "missing"),
    [
        (1, None, "20.10.24", "/sys"),
        (1, None, "Unknown", "/sys"),
        (2, None, "20.10.24", "/"),
        (9, None, "20.10.24", "/"),
        (9, False, "Unknown", "/var/run/docker.sock"),
        (9, True, "20.10.24", None),
        (0, None, None, None),
    ],
)
def test_what_cadvisor_tells_all_the_same_shows_the_mount_that_is_missing(
    groups: int, docker: str | None, missing: str | None, *, named: bool | None
) -> None:
    own = f"/docker/{Monitored().id_of('grafana')}"
    containers = [] if named is None else [(own, "grafana" if named else None, 1.0)]
    found = facts(PrometheusSeries().observe(engine_with(*containers, groups=groups, docker=docker)))
    assert found["blind_to"] == missing


def test_a_mount_that_is_there_is_not_called_missing() -> None:
    fake_engine = engine_with(groups=9)
    fake_engine.inspect("cadvisor")["Mounts"] = [{"Destination": "/rootfs"}, {"Destination": "/sys"}]
    assert facts(PrometheusSeries().observe(fake_engine))["blind_to"] is None


@pytest.mark.parametrize(
    ("mounts", "store", "missing"),
    [
        (["/rootfs", "/sys"], False, "/var/run/docker.sock"),
        (["/rootfs", "/sys"], True, "/var/run/docker.sock"),
        (["/rootfs", "/sys", "/var/run/docker.sock"], True, "/run/containerd/containerd.sock"),
        (["/rootfs", "/sys", "/run/docker.sock"], True, "/run/containerd/containerd.sock"),
        (["/rootfs", "/sys", "/var/run/docker.sock"], False, None),
        (["/rootfs", "/sys", "/var/run"], True, None),
        (["/rootfs", "/sys", "/run"], True, None),
        ([], True, None),
    ],
)
def test_what_a_cadvisor_that_tells_nothing_of_docker_cannot_reach_is_told_by_its_mounts(
    mounts: list[str], missing: str | None, *, store: bool
) -> None:
    """Version 0.57 tells `dockerVersion=""` whether it reaches Docker or not (measured on 28.5)."""
    fake_engine = engine_with((f"/docker/{Monitored().id_of('grafana')}", None, 1.0), docker="")
    fake_engine.inspect("cadvisor")["Mounts"] = [{"Destination": place} for place in mounts]
    if store:
        fake_engine.info["DriverStatus"] = [["driver-type", "io.containerd.snapshotter.v1"]]
    found = facts(PrometheusSeries().observe(fake_engine))
    assert (found["docker_seen"], found["blind_to"]) == (None, missing)


def test_a_new_cadvisor_that_names_containers_reaches_what_it_needs() -> None:
    fake_engine = engine_with((f"/docker/{Monitored().id_of('grafana')}", "grafana", 1.0), docker="")
    fake_engine.info = OutOfReach(UnobservableReason.ENGINE_ERROR, "403")
    found = facts(PrometheusSeries().observe(fake_engine))
    assert (found["named"], found["docker_seen"], found["blind_to"]) == (["grafana"], None, None)


def test_a_node_exporter_beside_it_is_told() -> None:
    fake_engine = engine_with()
    fake_engine.pages["9090/api/v1/query?query={"] = vector(({"__name__": "node_boot_time_seconds"}, "1"))
    assert facts(PrometheusSeries().observe(fake_engine))["host_metrics"] is True


def test_a_prometheus_that_does_not_run_tells_nothing_and_one_that_falls_silent_is_not_judged() -> None:
    fake_engine = engine_with(("/docker/x", None, 1))
    fake_engine.pages["9090/api/v1/query?query=max by"] = silent()
    observed = PrometheusSeries().observe(fake_engine)
    assert isinstance(observed, Unobservable)
    assert observed.why is UnobservableReason.UNREADABLE
    fake_engine.pages["9090/-/ready"] = NoAnswer("refused")
    assert facts(PrometheusSeries().observe(fake_engine))["groups"] == 0


def test_an_agent_answers_no_query_and_says_so() -> None:
    fake_engine = Monitored()
    answer = {"status": "error", "errorType": "execution", "error": "unavailable with Prometheus Agent"}
    fake_engine.pages["9090/api/v1/query"] = page(answer, 422)
    found = facts(PrometheusSeries().observe(fake_engine))
    assert (found["agent"], found["fresh"], found["groups"]) == (True, [], 0)
    fake_engine.pages["9090/api/v1/query"] = page(answer | {"error": "too many samples"}, 422)
    assert isinstance(PrometheusSeries().observe(fake_engine), Unobservable)


def test_an_answer_that_is_cut_short_is_not_judged() -> None:
    fake_engine = engine_with(("/docker/x", None, 1))
    fake_engine.pages["9090/api/v1/query?query=max by"] = HttpAnswer(
        status=200, headers={}, body=b"{", truncated=True
    )
    assert isinstance(PrometheusSeries().observe(fake_engine), Unobservable)


@pytest.mark.parametrize(
    ("text", "worth"),
    [("5s", 5), ("1m0s", 60), ("1h0m0s", 3600), ("500ms", 0.5), ("1d", 86400), ("", 60), ("1m30s", 90)],
)
def test_a_duration_is_read_as_prometheus_writes_it(text: str, worth: float) -> None:
    assert parse_duration_s(text) == worth


@pytest.mark.parametrize("by_uid", [True, False], ids=["9 and later", "before 9"])
def test_grafana_asks_on_our_behalf(*, by_uid: bool) -> None:
    fake_engine = Monitored()
    own = f"/docker/{fake_engine.id_of('prometheus')}"
    fake_engine.pages["3000/api/datasources"] = page(
        [{"id": 7, "uid": "u" if by_uid else "", "type": "prometheus", "name": "p", "url": "http://p:9090"}]
    )
    proxied = "3000/api/datasources/proxy/" + ("uid/u" if by_uid else "7")
    fake_engine.pages[f"{proxied}/api/v1/query?query=1"] = vector()
    fake_engine.pages[f"{proxied}/api/v1/query?query=count by (__name__)"] = KEPT
    fake_engine.pages[f"{proxied}/api/v1/query?query=max by"] = series((own, "prometheus", 1))
    fake_engine.pages["3000/api/datasources/proxy/uid/u/x"] = page(b"", 404)
    found = facts(GrafanaSeries().observe(fake_engine))
    assert (found["named"], found["answered"]) == (["prometheus"], 1)


def test_a_source_that_does_not_answer_leaves_the_next_one_to_be_asked() -> None:
    fake_engine = Monitored()
    listed = [{"id": at, "uid": f"u{at}", "type": "prometheus", "name": f"p{at}"} for at in range(3)]
    fake_engine.pages["3000/api/datasources"] = page(listed)
    fake_engine.pages["3000/api/datasources/proxy/uid/u0"] = silent()
    fake_engine.pages["3000/api/datasources/proxy/uid/u1"] = page(b"", 502)
    own = f"/docker/{fake_engine.id_of('prometheus')}"
    fake_engine.pages["3000/api/datasources/proxy/uid/u2"] = page({"data": {}})
    asked = "3000/api/datasources/proxy/uid/u2/api/v1/query?query="
    fake_engine.pages[f"{asked}count by (__name__)"] = KEPT
    fake_engine.pages[f"{asked}max by"] = series((own, "prometheus", 1))
    found = facts(GrafanaSeries().observe(fake_engine))
    assert (found["named"], found["answered"]) == (["prometheus"], 1)


def engine(fake_engine: Monitored, version: str, **info: Any) -> Monitored:
    """Have the engine be of that version, and say that of itself."""
    from msgspec.structs import replace

    fake_engine.engine = replace(fake_engine.engine, version=version)
    described = {
        "Driver": "overlay2",
        "DriverStatus": [["Backing Filesystem", "extfs"]],
        "CgroupVersion": "2",
    } | info
    fake_engine.inspect_engine = lambda: described  # type: ignore[method-assign]
    return fake_engine


STORE = {
    "Driver": "overlayfs",
    "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
}


@pytest.mark.parametrize(
    ("image", "version", "info", "needs"),
    [
        ("gcr.io/cadvisor/cadvisor:latest", "29.0.1", {}, "0.52.0"),
        ("gcr.io/cadvisor/cadvisor", "29.2.0-rc.1", {}, "0.52.0"),
        ("gcr.io/cadvisor/cadvisor:v0.49.1", "29.3.0", {}, None),
        ("gcr.io/cadvisor/cadvisor:v0.52.1", "29.0.1", {}, None),
        ("gcr.io/cadvisor/cadvisor:v0.49.1", "28.5.2", STORE, "0.54.0"),
        ("ghcr.io/google/cadvisor:v0.53.0", "29.3.0", STORE, "0.54.0"),
        ("ghcr.io/google/cadvisor:v0.54.0", "29.0.0", STORE, None),
        ("google/cadvisor:latest", "26.1.5", {}, "0.40.0"),
        ("docker.io/google/cadvisor", "26.1.5", {}, "0.40.0"),
        ("google/cadvisor:latest", "20.10.24", {"CgroupVersion": "1"}, None),
        ("localhost:5000/cadvisor", "29.0.0", STORE, None),
        ("gcr.io/cadvisor/cadvisor:canary", "29.0.0", STORE, None),
    ],
)
def test_pairs_that_are_known_not_to_understand_each_other_are_named(
    image: str, version: str, info: dict[str, Any], needs: str | None
) -> None:
    fake_engine = engine(Monitored(), version, **info)
    fake_engine.inspect("cadvisor")["Config"]["Image"] = image
    found = facts(Cadvisor().observe(fake_engine))
    assert (found["needs"], found["running"], found["engine_version"]) == (needs, True, version)


@pytest.mark.parametrize(
    ("image", "version"),
    [("a/b:v0.49.1", (0, 49)), ("r:5000/b", None), ("a/b:v0.36.0@sha256:x", (0, 36)), ("b:edge", None)],
)
def test_the_version_is_told_by_the_tag(image: str, version: tuple[int, ...] | None) -> None:
    assert read_image_version(image) == version


def test_one_that_has_stopped_or_is_not_there_does_not_run() -> None:
    fake_engine = Monitored()
    fake_engine.inspect("cadvisor")["State"] = {"Running": False, "ExitCode": 255}
    found = facts(Cadvisor().observe(fake_engine))
    assert (found["found"], found["running"], found["exit_code"]) == (True, False, 255)
    fake_engine.listed = [fake_engine.entry("prometheus")]
    found = facts(Cadvisor().observe(fake_engine))
    assert (found["found"], found["running"], found["image"]) == (False, False, None)


def test_without_grafana_nothing_comes_through() -> None:
    fake_engine = Monitored()
    fake_engine.listed = [fake_engine.entry("prometheus")]
    assert isinstance(GrafanaSeries().observe(fake_engine), Absent)


@pytest.mark.parametrize(("window_s", "around"), [(None, ""), (1290.0, "last_over_time(")])
def test_control_groups_are_counted_by_id_or_name_and_what_has_neither_is_none(
    window_s: float | None, around: str
) -> None:
    asked = build_group_query(window_s)
    assert f'count by (id) ({around}{{__name__=~"container_.+",id=~".+"}}' in asked
    assert f'count by (name) ({around}{{__name__=~"container_.+",id="",name=~".+"}}' in asked
