"""Kinds about Grafana: who is let in, and how often it is tried; its data sources; its dashboards."""

from typing import Any

import pytest

from dckgrade.engine.answers import HttpAnswer, Login, NoAnswer
from dckgrade.probes.monitoring.grafana import Grafana
from dckgrade.probes.monitoring.grafana_dashboard import GrafanaDashboard
from dckgrade.probes.monitoring.grafana_series import GrafanaSeries
from dckgrade.probes.monitoring.panels import count_panels
from dckgrade.report.observation import Absent, Unobservable, UnobservableReason
from tests.support.fake_engine import facts
from tests.support.monitoring import ADMIN, Monitored, page, silent

OWN = Login("admin", "Tr0ubadour")
HEALTH = "3000/api/datasources/uid/u/health"
# https://github.com/grafana/grafana: pkg/promlib/healthcheck.go, pkg/api/datasources.go
GOOD = page({"message": "Successfully queried the Prometheus API.", "status": "OK"})
BAD = page(
    {
        "message": 'Post "http://localhost:9090/api/v1/query": dial tcp 127.0.0.1:9090: connect: connection '
        "refused - There was an error returned querying the Prometheus API.",
        "status": "ERROR",
    },
    400,
)


def source(**changes: Any) -> dict[str, Any]:
    """Describe a data source as `/api/datasources` does (Grafana, HTTP API)."""
    fields = {"id": 1, "uid": "u", "orgId": 1, "name": "Prometheus", "type": "prometheus", "access": "proxy"}
    return fields | {"url": "http://prometheus:9090", "isDefault": True, "jsonData": {}} | changes


def engine_with(*sources: dict[str, Any], **pages: Any) -> Monitored:
    engine = Monitored()
    engine.pages["3000/api/datasources"] = page(list(sources))
    engine.pages |= {name.replace("health", HEALTH): page for name, page in pages.items()}
    return engine


def test_the_image_s_own_account_is_tried_where_nobody_says_otherwise() -> None:
    engine = engine_with(source(), health=GOOD)
    found = facts(Grafana().observe(engine))
    assert (found["access"], found["account_of"], found["healthy"]) == ("granted", "default", True)
    assert (found["version"], found["loopback"]) == ("9.5.20", False)


@pytest.mark.parametrize("given", [None, OWN])
def test_what_the_container_says_is_used_and_the_user_s_word_before_it(given: Login | None) -> None:
    engine = engine_with(source(), health=GOOD)
    engine.known = OWN
    engine.inputs = {"grafana-user": given.user, "grafana-password": given.password} if given else {}
    engine.inspect("grafana")["Config"]["Env"] = [
        f"GF_SECURITY_ADMIN_PASSWORD={'wrong' if given else OWN.password}"
    ]
    observed = Grafana().observe(engine)
    assert facts(observed)["access"] == "granted"
    assert facts(observed)["account_of"] == ("option" if given else "variable")
    assert set(engine.logins) == {OWN}
    assert OWN.password not in repr(observed)


@pytest.mark.parametrize("kind", [Grafana(), GrafanaDashboard(), GrafanaSeries()])
def test_an_account_that_is_refused_asks_one_question_and_no_more(kind: Any) -> None:
    engine = engine_with(source())
    engine.known = OWN
    observed = kind.observe(engine)
    assert engine.logins == [ADMIN]
    found = facts(observed)
    if isinstance(kind, GrafanaSeries):
        assert (found["named"], found["answered"]) == ([], 0)
    else:
        assert (found["access"], found["account_of"]) == ("refused", "default")


def test_a_variable_that_came_too_late_is_told_from_a_changed_password() -> None:
    engine = engine_with(source())
    engine.known = OWN
    engine.inspect("grafana")["Config"]["Env"] = ["GF_SECURITY_ADMIN_PASSWORD=another"]
    found = facts(Grafana().observe(engine))
    assert (found["access"], found["account_of"], found["healthy"]) == ("refused", "variable", None)
    assert len(engine.logins) == 1


def test_a_password_in_a_file_of_the_container_is_not_guessed() -> None:
    engine = engine_with(source())
    engine.inspect("grafana")["Config"]["Env"] = ["GF_SECURITY_ADMIN_PASSWORD__FILE=/run/secrets/x"]
    assert facts(Grafana().observe(engine))["access"] == "not-tried"
    assert engine.logins == []


@pytest.mark.parametrize(
    "variables",
    [
        ["GF_SERVER_HTTP_PORT=3001"],
        ["GF_SERVER_ROOT_URL=%(protocol)s://%(domain)s:%(http_port)s/grafana/"],
        ["GF_SERVER_ROOT_URL=https://lab.example.org/grafana", "GF_SERVER_HTTP_PORT=3000"],
    ],
)
def test_grafana_is_found_at_its_port_and_below_its_prefix(variables: list[str]) -> None:
    engine = engine_with(source(), health=GOOD)
    engine.inspect("grafana")["Config"]["Env"] = variables
    port = "3001" if "3001" in variables[0] else "3000"
    root = "/grafana" if "ROOT_URL" in variables[0] else ""
    engine.pages = {
        place.replace("3000/", f"{port}{root}/", 1): answer for place, answer in engine.pages.items()
    }
    assert facts(Grafana().observe(engine))["healthy"] is True


def test_an_older_grafana_that_tells_its_health_at_two_roots_is_asked_below_its_own() -> None:
    engine = engine_with(source(), health=GOOD)
    own = {place.replace("3000/", "3000/lab/", 1): answer for place, answer in engine.pages.items()}
    moved = HttpAnswer(status=301, headers={"location": "/lab/api/org"}, body=b"")
    engine.pages = own | {"3000/api/health": engine.pages["3000/api/health"], "3000/api/org": moved}
    found = facts(Grafana().observe(engine))
    assert (found["access"], found["healthy"]) == ("granted", True)


def test_no_password_is_among_the_arguments_of_a_command() -> None:
    engine = engine_with(source(), health=GOOD).unreachable()
    observed = Grafana().observe(engine)
    assert isinstance(observed, Unobservable)
    assert observed.why is UnobservableReason.ADDRESS_OUT_OF_REACH
    assert engine.logins == []


def test_a_source_that_grafana_finds_unwell_is_told_in_grafana_s_words() -> None:
    engine = engine_with(source(url="http://localhost:9090"), health=BAD)
    found = facts(Grafana().observe(engine))
    assert (found["healthy"], found["loopback"]) == (False, True)
    assert "connection refused" in found["message"]
    assert found["reason"] == "dial tcp 127.0.0.1:9090: connect: connection refused"
    engine.inspect("grafana")["HostConfig"]["NetworkMode"] = "host"
    assert facts(Grafana().observe(engine))["loopback"] is False


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (502, False)])
def test_before_version_9_a_source_is_asked_through_the_proxy(status: int, *, healthy: bool) -> None:
    engine = engine_with(source())
    engine.pages[HEALTH] = page({"message": "Not found"}, 404)
    engine.pages["3000/api/datasources/proxy/uid"] = page({"message": "Not found"}, 404)
    engine.pages["3000/api/datasources/proxy/1/api/v1/query"] = page({"status": "success"}, status)
    assert facts(Grafana().observe(engine))["healthy"] is healthy
    without_uid = engine_with(source(uid=None))
    without_uid.pages["3000/api/datasources/proxy/1/api/v1/query"] = page({"status": "success"}, status)
    assert facts(Grafana().observe(without_uid))["healthy"] is healthy


def test_while_grafana_still_waits_for_its_source_that_is_not_healthy() -> None:
    found = facts(Grafana().observe(engine_with(source(), health=silent())))
    assert (found["healthy"], found["message"]) == (False, "timeout")


def test_one_healthy_source_of_several_is_enough_and_other_kinds_do_not_count() -> None:
    engine = engine_with(
        source(uid="a", type="loki"), source(uid="v", url="http://localhost:9090"), source(isDefault=False)
    )
    engine.pages |= {"3000/api/datasources/uid/v/health": BAD, HEALTH: GOOD}
    found = facts(Grafana().observe(engine))
    assert (found["healthy"], found["url"]) == (True, "http://prometheus:9090")
    assert [source["healthy"] for source in found["sources"]] == [False, True]


def test_no_address_shows_a_password() -> None:
    engine = engine_with(source(url="http://me:hunter2@prometheus:9090"), health=GOOD)
    assert "hunter2" not in repr(Grafana().observe(engine))


def test_an_error_of_grafana_s_own_is_not_judged() -> None:
    engine = engine_with()
    engine.pages["3000/api/datasources"] = page({"message": "boom"}, 500)
    assert isinstance(Grafana().observe(engine), Unobservable)


def test_one_whose_database_fails_is_not_said_to_have_another_password() -> None:
    engine = engine_with(source())
    engine.pages["3000/api/health"] = page({"database": "failing"}, 503)
    found = facts(Grafana().observe(engine))
    assert (found["answers"], found["access"], found["healthy"]) == (True, None, None)
    assert engine.logins == []


@pytest.mark.parametrize("other", [page(b"<html>"), page({"status": "UP"}), page([]), page(b"", 404)])
def test_another_program_at_that_port_is_not_given_the_password(other: HttpAnswer) -> None:
    engine = engine_with(source())
    engine.pages["3000/api/health"] = other
    found = facts(Grafana().observe(engine))
    assert (found["answers"], found["problem"]) == (False, "garbled")
    assert engine.logins == []


@pytest.mark.parametrize("kind", [Grafana(), GrafanaDashboard()])
def test_a_grafana_that_does_not_answer_yet_may_do_so_later(kind: Any) -> None:
    engine = engine_with()
    engine.pages["3000/api/health"] = NoAnswer("refused")
    observed = kind.observe(engine)
    assert facts(observed)["access"] is None
    assert observed.age_s is not None
    engine.listed = [engine.entry("prometheus")]
    assert isinstance(kind.observe(engine), Absent)


def panel(expr: str, **more: Any) -> dict[str, Any]:
    return {"type": "graph", "targets": [{"expr": expr, "refId": "A"}]} | more


CPU = "sum by (name) (rate(container_cpu_usage_seconds_total[1m]))"
BOOT = "time() - node_boot_time"
OF_893 = {
    "gnetId": 893,
    "title": "Docker and system monitoring",
    "rows": [{"panels": [panel(BOOT, datasource="Prometheus"), panel(CPU, datasource="Prometheus")]}],
}


def shown(dashboard: dict[str, Any], *sources: dict[str, Any]) -> dict[str, Any]:
    """Look at a Grafana with one dashboard."""
    engine = engine_with(*(sources or [source()]))
    engine.pages["3000/api/search"] = page([{"uid": "d", "title": "x", "type": "dash-db"}])
    engine.pages["3000/api/dashboards/uid/d"] = page({"meta": {}, "dashboard": dashboard})
    return facts(GrafanaDashboard().observe(engine))


def test_number_893_is_known_with_its_rows_of_old() -> None:
    found = shown(OF_893)
    assert (found["shows_containers"], found["bound"], found["count"]) == (True, True, 1)
    assert (found["container_panels"], found["host_panels"]) == (1, 1)


@pytest.mark.parametrize(
    ("dashboard", "bound"),
    [
        ({"panels": [panel(CPU, datasource={"type": "prometheus", "uid": "u"})]}, True),
        ({"panels": [panel(CPU, datasource={"type": "prometheus", "uid": "gone"})]}, False),
        ({"panels": [panel(CPU, datasource="Prometheus")]}, True),
        ({"panels": [panel(CPU, datasource=None)]}, True),
        ({"panels": [panel(CPU)]}, True),
        ({"panels": [panel(CPU, datasource="${DS_PROMETHEUS}")]}, False),
        ({"panels": [{"type": "row", "panels": [panel(CPU, datasource={"uid": "u"})]}]}, True),
        (
            {
                "templating": {"list": [{"name": "DS_PROMETHEUS", "type": "datasource"}]},
                "panels": [panel(CPU, datasource={"uid": "${DS_PROMETHEUS}"})],
            },
            True,
        ),
        (
            {
                "panels": [
                    {
                        "datasource": {"uid": "-- Mixed --"},
                        "targets": [{"expr": CPU, "datasource": {"uid": "gone"}}],
                    }
                ]
            },
            False,
        ),
    ],
)
def test_a_panel_is_bound_where_its_source_is_there(dashboard: dict[str, Any], *, bound: bool) -> None:
    found = shown(dashboard)
    assert (found["shows_containers"], found["bound"]) == (True, bound)


@pytest.mark.parametrize(
    ("uid", "healthy", "silent"),
    [("u", GOOD, None), ("u", BAD, "Prometheus"), ("v", BAD, None), ("gone", GOOD, None)],
)
def test_a_source_that_is_silent_feeds_nothing_where_another_answers(
    uid: str, healthy: Any, silent: str | None
) -> None:
    engine = engine_with(source(), source(id=2, uid="v", name="Other", isDefault=False))
    engine.pages["3000/api/search"] = page([{"uid": "d", "title": "x", "type": "dash-db"}])
    dashboard = {"panels": [panel(CPU, datasource={"uid": uid})]}
    engine.pages["3000/api/dashboards/uid/d"] = page({"meta": {}, "dashboard": dashboard})
    engine.pages |= {HEALTH: healthy, "3000/api/datasources/uid/v/health": GOOD}
    found = facts(GrafanaDashboard().observe(engine))
    assert (found["silent_source"], found["bound"]) == (silent, silent is None and uid != "gone")
    # Where no source answers, the dashboard is not to blame.
    engine.pages |= {HEALTH: BAD, "3000/api/datasources/uid/v/health": BAD}
    assert facts(GrafanaDashboard().observe(engine))["silent_source"] is None


@pytest.mark.parametrize(
    ("expr", "containers", "hosts"),
    [
        ("sum by (name) (rate(container_cpu_usage_seconds_total[5m]))", 1, 0),
        ('{__name__=~"container_.+"}', 1, 0),
        ("lab:container_memory:sum", 1, 0),
        # The engine's own figures and those of other systems are none of cAdvisor's.
        ("engine_daemon_container_states_containers", 0, 0),
        ('kube_pod_container_info{container_id="x"}', 0, 0),
        ("sum(container_last_seen) by (container_label_com_docker_swarm_node_id)", 1, 0),
        ('container_last_seen{container_label_com_docker_swarm_node_id =~"$node_id"} != 0', 1, 0),
        ("container_last_seen * on (node_id) group_left (node_name) swarm_nodes{node_id=~'$x'}", 1, 0),
        ("go_goroutines{container_name!='x'}", 0, 0),
        ("container_last_seen and on (instance) node_load1 != 0", 1, 1),
        ('count(node_boot_time_seconds{job="node"})', 0, 1),
    ],
)
def test_a_panel_is_about_what_its_metrics_are_called(expr: str, containers: int, hosts: int) -> None:
    counts = count_panels({"panels": [panel(expr)]}, [])
    assert (counts.containers, counts.hosts) == (containers, hosts)


def test_a_dashboard_about_something_else_shows_no_containers() -> None:
    found = shown({"title": "Node", "panels": [panel(BOOT)]})
    assert (found["count"], found["shows_containers"], found["bound"]) == (1, False, None)


@pytest.mark.parametrize(
    "odd",
    [
        {"panels": None, "rows": "x"},
        {"panels": [None, 1, {"targets": {}}, {"targets": [1, {"expr": None}]}]},
        {"panels": [panel(CPU, datasource=["x"])], "templating": []},
        {"templating": {"list": [None, {"type": "datasource"}]}, "panels": []},
    ],
)
def test_an_odd_dashboard_crashes_nothing(odd: dict[str, Any]) -> None:
    assert shown(odd)["count"] == 1


def engine_with_dashboards(count: int, **about: int) -> Monitored:
    """Have so many dashboards about a machine, and one about containers at the place *about*."""
    engine = engine_with(source())
    listed = [{"uid": f"d{number}", "type": "dash-db"} for number in range(count)]
    engine.pages["3000/api/search"] = page(listed)
    for number in range(count):
        shown = panel(CPU if number == about.get("containers") else BOOT)
        engine.pages[f"3000/api/dashboards/uid/d{number}"] = page({"dashboard": {"panels": [shown]}})
    return engine


@pytest.mark.parametrize("place", [0, 24, 60])
def test_the_dashboard_about_containers_is_found_among_many(place: int) -> None:
    engine = engine_with_dashboards(61, containers=place)
    found = facts(GrafanaDashboard().observe(engine))
    assert (found["shows_containers"], found["bound"], found["count"]) == (True, True, 61)
    asked = [question for question in engine.questions if "/dashboards/uid/" in question]
    assert len(asked) == max(20, place + 1)


def test_dashboards_that_were_not_all_looked_at_are_not_judged() -> None:
    assert facts(GrafanaDashboard().observe(engine_with_dashboards(100)))["shows_containers"] is False
    observed = GrafanaDashboard().observe(engine_with_dashboards(101))
    assert isinstance(observed, Unobservable)
    assert observed.why is UnobservableReason.UNREADABLE


def test_no_dashboard_is_counted_as_none() -> None:
    found = facts(GrafanaDashboard().observe(engine_with(source())))
    assert (found["count"], found["shows_containers"]) == (0, False)
