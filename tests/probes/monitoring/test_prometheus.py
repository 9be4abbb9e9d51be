"""Kinds about Prometheus: whose port it is, what it has loaded, what it scrapes, why it has stopped."""

from datetime import timedelta
from typing import Any

import pytest

from dckgrade.engine.answers import HttpAnswer, NoAnswer, NotThere, OutOfReach
from dckgrade.probes.docker.volume import Volume
from dckgrade.probes.monitoring import prometheus_config
from dckgrade.probes.monitoring.prometheus import Prometheus
from dckgrade.probes.monitoring.prometheus_api import DEFAULT_CONFIG_FILE
from dckgrade.probes.monitoring.prometheus_file import PrometheusFile
from dckgrade.probes.monitoring.prometheus_log import PrometheusLog
from dckgrade.probes.monitoring.prometheus_series import PrometheusSeries
from dckgrade.probes.monitoring.prometheus_target import PrometheusTarget
from dckgrade.probes.support.lookup import parse_timestamp
from dckgrade.report.observation import Absent, Unobservable, UnobservableReason
from tests.support.fake_engine import ENGINES, facts
from tests.support.monitoring import VERSIONS, Monitored, page, recorded, vector

DOWN = {"health": "down", "lastError": "connection refused"}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("engine", ENGINES)
def test_both_major_versions_tell_what_they_have_loaded(engine: str, version: str) -> None:
    found = facts(Prometheus().observe(Monitored(engine, version)))
    assert (found["answers"], found["problem"], found["ready"]) == (True, None, True)
    assert (found["job"], found["job_has_targets"], found["any_target"]) == ("cadvisor", True, True)
    assert found["jobs"] == (["cadvisor"] if version == "2.42.0" else ["cadvisor", "node exporter"])


def test_another_program_at_that_port_is_not_this_container_s_prometheus() -> None:
    fake_engine = Monitored()
    fake_engine.pages["9090/api/v1/status/runtimeinfo"] = page(fake_engine.born("2.42.0", later_s=-3600))
    found = facts(Prometheus().observe(fake_engine))
    assert (found["answers"], found["problem"], found["jobs"]) == (False, "garbled", None)
    fake_engine.pages["9090/api/v1/status/runtimeinfo"] = page(b"<html>Cockpit</html>")
    assert facts(Prometheus().observe(fake_engine))["problem"] == "garbled"


def test_where_no_address_is_reached_prometheus_is_asked_inside_its_container() -> None:
    found = facts(Prometheus().observe(Monitored().unreachable()))
    assert (found["answers"], found["via"], found["job"]) == (True, "inside", "cadvisor")


def test_a_version_that_does_not_tell_its_birth_is_believed() -> None:
    fake_engine = Monitored()
    del fake_engine.pages["9090/api/v1/status/runtimeinfo"]
    assert facts(Prometheus().observe(fake_engine))["answers"] is True


def test_one_that_still_replays_is_there_and_not_ready() -> None:
    fake_engine = Monitored()
    fake_engine.pages["9090/-/ready"] = page(b"Service Unavailable", 503)
    found = facts(Prometheus().observe(fake_engine))
    assert (found["answers"], found["ready"], found["jobs"]) == (True, False, None)


def test_nobody_at_the_port_is_told_and_its_container_s_mounts_are_seen_all_the_same() -> None:
    fake_engine = Monitored()
    fake_engine.pages["9090/-/ready"] = NoAnswer("refused")
    fake_engine.inspect("prometheus")["Mounts"] = [{"Type": "bind", "Destination": "/etc/prometheus.yml"}]
    found = facts(Prometheus().observe(fake_engine))
    assert (found["answers"], found["problem"]) == (False, "refused")
    assert (found["config_mounted"], found["mounted_elsewhere"]) == (False, True)


@pytest.mark.parametrize(
    ("place", "kind", "command", "covers", "elsewhere"),
    [
        ("/etc/prometheus/prometheus.yml", "bind", [], True, False),
        ("/etc/prometheus", "volume", [], True, False),
        ("/prometheus", "volume", [], False, False),
        ("/prometheus", "bind", [], False, False),
        ("/data", "bind", ["--storage.tsdb.path=/data/tsdb"], False, False),
        ("/etc/localtime", "bind", [], False, False),
        ("/var/run/docker.sock", "bind", [], False, False),
        ("/conf/p.yml", "bind", ["--config.file=/conf/p.yml"], True, False),
        ("/conf/p.yml", "bind", ["--config.file", "/conf/p.yml"], True, False),
        ("/conf/p.yml", "bind", ["--config.file=../conf/p.yml"], True, False),
        # Options that say nothing of it replace the image's: the working directory is looked in.
        ("/prometheus/prometheus.yml", "bind", ["--web.enable-lifecycle"], True, False),
        ("/etc/prometheus/prometheus.yml", "bind", ["--web.enable-lifecycle"], False, True),
        ("/etc/prom", "bind", [], False, True),
    ],
)
def test_what_is_mounted_over_the_configuration_is_told(
    place: str, kind: str, command: list[str], *, covers: bool, elsewhere: bool
) -> None:
    fake_engine = Monitored()
    fake_engine.inspect("prometheus")["Mounts"] = [{"Type": kind, "Destination": place}]
    program = {"Entrypoint": ["/bin/prometheus"], "WorkingDir": "/prometheus"}
    fake_engine.inspect("prometheus")["Config"] |= {"Cmd": command, **program}
    found = facts(Prometheus().observe(fake_engine))
    assert (found["config_mounted"], found["mounted_elsewhere"]) == (covers, elsewhere)


def test_the_configuration_that_an_entrypoint_names_is_the_one_that_is_read() -> None:
    fake_engine = Monitored()
    fake_engine.inspect("prometheus")["Mounts"] = [{"Type": "bind", "Destination": "/conf/p.yml"}]
    entrypoint = ["/bin/sh", "-c", "exec prometheus --config.file=/conf/p.yml"]
    fake_engine.inspect("prometheus")["Config"] |= {"Entrypoint": entrypoint, "Cmd": None}
    found = facts(Prometheus().observe(fake_engine))
    assert (found["config_mounted"], found["mounted_elsewhere"]) == (True, False)


@pytest.mark.parametrize(
    ("text", "job", "has_targets", "any_target"),
    [
        ("global:\n  scrape_interval: 1m\n", None, None, False),
        ("scrape_configs:\n- job_name: cadvisor\n  scheme: http\n", "cadvisor", False, False),
        ("scrape_configs:\n  - job_name: 'cAdvisor'\n    dns_sd_configs:\n", "cAdvisor", True, True),
        ("- job_name: a\n  static_configs:\n  - targets:\n    - cadvisor:8080\n", "a", True, True),
        ("- job_name: a\n  static_configs:\n  - targets:\n    - x:1\n    labels: {}\n", None, None, True),
        (
            "- job_name: old-cadvisor\n- job_name: cadvisor\n  static_configs:\n  - targets:\n    - a:1\n",
            "cadvisor",
            True,
            True,
        ),
    ],
)
def test_the_job_is_found_by_name_or_by_what_it_scrapes(
    text: str, job: str | None, *, has_targets: bool | None, any_target: bool
) -> None:
    found = facts(Prometheus().observe(Monitored().configured(text)))
    assert (found["job"], found["job_has_targets"], found["any_target"]) == (job, has_targets, any_target)


def test_what_prometheus_lists_in_other_places_is_no_target() -> None:
    text = "- job_name: a\n  scrape_protocols:\n  - PrometheusText0.0.4\n  static_configs: []\n"
    assert prometheus_config.parse_jobs(text) == [prometheus_config.ScrapeJob("a", [], discovers=False)]


def with_figures(fake_engine: Monitored, job: str) -> Monitored:
    """Have figures of a container of this engine come by the label of *job*."""
    own = f"/docker/{fake_engine.id_of('grafana')}"
    asked = "9090/api/v1/query?query="
    fake_engine.pages[f"{asked}count by (__name__)"] = vector(({"__name__": "container_last_seen"}, "3"))
    fake_engine.pages[f"{asked}max by"] = vector(({"id": own, "name": "grafana", "job": job}, "999"))
    return fake_engine


def describe_jobs(*jobs: tuple[str, str], more: str = "") -> str:
    return "scrape_configs:\n" + "".join(
        f"- job_name: {name}\n  {more}static_configs:\n  - targets:\n    - {target}\n"
        for name, target in jobs
    )


@pytest.mark.parametrize(
    ("jobs", "label", "more", "chosen"),
    [
        ([("prometheus", "localhost:9090"), ("docker", "x:1")], "docker", "", "docker"),
        ([("cadvisor", "localhost:9090"), ("docker", "x:1")], "docker", "", "docker"),
        ([("docker", "x:1"), ("cAdvisor", "y:1")], "cAdvisor", "", "cAdvisor"),
        ([("federate", "other:9090")], "cadvisor", "honor_labels: true\n  ", "federate"),
    ],
)
def test_the_job_that_brings_figures_of_this_engine_is_it_whatever_its_name(
    jobs: list[tuple[str, str]], label: str, more: str, chosen: str
) -> None:
    fake_engine = with_figures(Monitored().configured(describe_jobs(*jobs, more=more)), label)
    assert facts(Prometheus().observe(fake_engine))["job"] == chosen


@pytest.mark.parametrize(
    ("target", "published", "mode", "chosen"),
    [
        ("172.18.0.1:8081", {"8080/tcp": [{"HostPort": "8081"}]}, "lab", "docker"),
        ("lab.example.org:8081", {"8080/tcp": [{"HostPort": "8081"}]}, "lab", "docker"),
        ("app:8081", {"8080/tcp": [{"HostPort": "8081"}]}, "lab", None),
        ("localhost:8081", {"8080/tcp": [{"HostPort": "8081"}]}, "lab", None),
        ("172.18.0.7:8080", {}, "lab", "docker"),
        ("192.168.1.7:8080", {}, "host", "docker"),
        ("192.168.1.7:9100", {}, "host", None),
        ("192.168.1.7:8080", {}, "lab", None),
    ],
)
def test_before_there_are_figures_the_job_is_found_by_where_its_target_leads(
    target: str, published: dict[str, Any], mode: str, chosen: str | None
) -> None:
    fake_engine = Monitored().configured(describe_jobs(("docker", target)))
    fake_engine.target(scrapePool="docker", labels={"job": "docker"}, scrapeUrl=f"http://{target}/metrics")
    cadvisor = fake_engine.inspect("cadvisor")
    cadvisor["HostConfig"] |= {"PortBindings": published, "NetworkMode": mode}
    cadvisor["NetworkSettings"]["Networks"]["lab"]["IPAddress"] = "172.18.0.7"
    assert facts(Prometheus().observe(fake_engine))["job"] == chosen


@pytest.mark.parametrize(
    ("pool", "address", "chosen"),
    [("cadvisor", "x:8080", "cadvisor"), ("docker", "cadvisor:8080", "docker"), ("node", "x:9100", None)],
)
def test_a_job_of_a_file_that_the_configuration_names_is_known_by_its_targets(
    pool: str, address: str, chosen: str | None
) -> None:
    jobs = describe_jobs(("prometheus", "localhost:9090"))
    fake_engine = Monitored().configured(f"scrape_config_files:\n- /etc/prometheus/jobs/*.yml\n{jobs}")
    fake_engine.target(scrapePool=pool, labels={"job": pool}, scrapeUrl=f"http://{address}/metrics")
    found = facts(Prometheus().observe(fake_engine))
    assert found["jobs"] == ["prometheus", pool]
    assert (found["job"], found["job_has_targets"]) == (chosen, True if chosen else None)
    assert facts(PrometheusTarget().observe(fake_engine))["health"] == ("up" if chosen else None)


def test_targets_that_were_never_scraped_leave_it_open_which_job_is_cadvisor_s() -> None:
    fake_engine = Monitored().configured(describe_jobs(("a", "x:1")))
    target = {"scrapePool": "a", "labels": {"job": "a"}, "scrapeUrl": "http://x:1/metrics"}
    found = facts(Prometheus().observe(fake_engine.target(**target, health="unknown")))
    assert (found["job"], found["any_target"], found["scraped"]) == (None, True, False)
    assert facts(Prometheus().observe(fake_engine.target(**target, health="down")))["scraped"] is True
    other = target | {"scrapePool": "b", "labels": {"job": "b"}}
    assert facts(Prometheus().observe(fake_engine.target(**other, health="up")))["scraped"] is False


@pytest.mark.parametrize(("up_s", "scraped"), [(3, False), (60, True)])
def test_a_discovery_that_has_just_begun_leaves_it_open_which_job_is_cadvisor_s(
    up_s: float, *, scraped: bool
) -> None:
    section = (
        "scrape_configs:\n- job_name: docker\n  docker_sd_configs:\n  - host: unix:///var/run/docker.sock\n"
    )
    fake_engine = Monitored().configured(section)
    fake_engine.pages["9090/api/v1/targets"] = page({"status": "success", "data": {"activeTargets": []}})
    started = parse_timestamp(fake_engine.inspect("prometheus")["State"]["StartedAt"])
    fake_engine.clock = started + timedelta(seconds=up_s)
    found = facts(Prometheus().observe(fake_engine))
    assert (found["job"], found["any_target"], found["scraped"]) == (None, True, scraped)


LOCKED = HttpAnswer(status=401, headers={"www-authenticate": "Basic"}, body=b"Unauthorized\n")


def test_one_that_wants_an_account_is_prometheus_and_nothing_else_is_known_of_it() -> None:
    fake_engine = Monitored()
    fake_engine.pages = {"9090/": LOCKED}
    found = facts(Prometheus().observe(fake_engine))
    assert (found["answers"], found["access"], found["ready"], found["jobs"]) == (True, "wanted", None, None)
    for probe in (PrometheusTarget(), PrometheusFile(), PrometheusSeries()):
        observed = probe.observe(fake_engine)
        assert isinstance(observed, Unobservable)
        assert observed.why is UnobservableReason.NOT_TRIED


def test_another_program_s_lock_is_not_prometheus_s() -> None:
    fake_engine = Monitored()
    realm = {"www-authenticate": 'Basic realm="router"'}
    fake_engine.pages = {"9090/": HttpAnswer(status=401, headers=realm, body=b"Unauthorized")}
    assert facts(Prometheus().observe(fake_engine))["problem"] == "garbled"


@pytest.mark.parametrize(
    ("command", "at"),
    [
        (["--web.route-prefix=/", "--web.external-url=http://x/prometheus"], ""),
        (["--web.external-url", "http://localhost:9090/prometheus/"], "/prometheus"),
        (["--web.external-url=https://lab.example.org/a", "--web.route-prefix=/b"], "/b"),
    ],
)
def test_prometheus_is_found_below_its_prefix(command: list[str], at: str) -> None:
    fake_engine = Monitored()
    fake_engine.inspect("prometheus")["Config"]["Cmd"] = command
    fake_engine.pages = {
        key.replace("9090/", f"9090{at}/", 1): page for key, page in fake_engine.pages.items()
    }
    found = facts(Prometheus().observe(fake_engine))
    assert (found["root"], found["ready"], found["job"]) == (at, True, "cadvisor")


def test_one_that_was_started_later_in_its_container_is_its_own_unless_on_the_machine_s_network() -> None:
    fake_engine = Monitored()
    fake_engine.pages["9090/api/v1/status/runtimeinfo"] = page(fake_engine.born("2.42.0", later_s=300))
    assert facts(Prometheus().observe(fake_engine))["answers"] is True
    fake_engine.inspect("prometheus")["HostConfig"]["NetworkMode"] = "host"
    assert facts(Prometheus().observe(fake_engine))["problem"] == "garbled"


def test_of_several_targets_the_one_that_leads_to_cadvisor_is_looked_at() -> None:
    fake_engine = Monitored()
    targets = recorded("2.42.0", "targets")
    (first,) = targets["data"]["activeTargets"]
    second = {**first, "scrapeUrl": "http://localhost:9090/metrics"}
    first["health"] = "down"
    targets["data"]["activeTargets"] = [second, first]
    fake_engine.pages["9090/api/v1/targets"] = page(targets)
    found = facts(PrometheusTarget().observe(fake_engine))
    assert (found["host"], found["is_cadvisor"], found["health"]) == ("cadvisor", True, "down")


def test_the_target_is_seen_from_both_ends() -> None:
    found = facts(PrometheusTarget().observe(Monitored()))
    assert (found["health"], found["host"], found["port"]) == ("up", "cadvisor", 8080)
    assert (found["known_name"], found["shares_network"], found["cadvisor_running"]) == (True, True, True)
    assert (found["loopback"], found["itself"], found["machines_port"]) == (False, False, False)


@pytest.mark.parametrize(
    ("url", "loopback", "itself", "known"),
    [
        ("http://localhost:8080/metrics", True, False, False),
        ("http://[::1]:8080/metrics", True, False, False),
        ("http://127.0.0.1:9090/metrics", True, True, False),
        ("http://prometheus:9090/metrics", False, True, False),
        ("http://172.18.0.7:8080/metrics", False, False, True),
        ("http://nobody:8080/metrics", False, False, False),
    ],
)
def test_what_a_target_is_called_tells_where_it_leads(
    url: str, *, loopback: bool, itself: bool, known: bool
) -> None:
    fake_engine = Monitored().target(scrapeUrl=url, **DOWN)
    fake_engine.inspect("cadvisor")["NetworkSettings"]["Networks"]["lab"]["IPAddress"] = "172.18.0.7"
    found = facts(PrometheusTarget().observe(fake_engine))
    assert (found["loopback"], found["itself"], found["known_name"]) == (loopback, itself, known)


def test_on_the_machine_s_network_localhost_is_the_machine() -> None:
    fake_engine = Monitored().target(scrapeUrl="http://localhost:8080/metrics", **DOWN)
    fake_engine.inspect("prometheus")["HostConfig"]["NetworkMode"] = "host"
    assert facts(PrometheusTarget().observe(fake_engine))["loopback"] is False


def test_on_dockers_own_bridge_a_name_is_not_known() -> None:
    fake_engine = Monitored().target(**DOWN)
    for name in ("prometheus", "cadvisor"):
        networks = fake_engine.inspect(name)["NetworkSettings"]["Networks"]
        networks["bridge"] = networks.pop("lab")
    found = facts(PrometheusTarget().observe(fake_engine))
    assert (found["shares_network"], found["known_name"]) == (False, False)


def test_a_port_of_the_machine_is_told_from_the_container_s_own() -> None:
    fake_engine = Monitored().target(scrapeUrl="http://cadvisor:8081/metrics", **DOWN)
    fake_engine.inspect("cadvisor")["HostConfig"]["PortBindings"] = {"8080/tcp": [{"HostPort": "8081"}]}
    assert facts(PrometheusTarget().observe(fake_engine))["machines_port"] is True


def test_without_a_cadvisor_container_it_does_not_run() -> None:
    fake_engine = Monitored().target(**DOWN)
    fake_engine.listed = [fake_engine.entry("prometheus")]
    found = facts(PrometheusTarget().observe(fake_engine))
    assert (found["cadvisor_running"], found["shares_network"], found["known_name"]) == (False, None, None)


def test_no_active_target_yet_is_no_health_and_a_word_nobody_knows_is_not_judged() -> None:
    fake_engine = Monitored()
    fake_engine.pages["9090/api/v1/targets"] = page({"status": "success", "data": {"activeTargets": []}})
    assert facts(PrometheusTarget().observe(fake_engine))["health"] is None
    observed = PrometheusTarget().observe(Monitored().target(health="asleep"))
    assert isinstance(observed, Unobservable)
    assert observed.why is UnobservableReason.UNREADABLE


def test_an_error_of_the_scrape_shows_no_password() -> None:
    fake_engine = Monitored().target(health="down", lastError='Get "http://me:hunter2@x:1/metrics": refused')
    assert "hunter2" not in repr(PrometheusTarget().observe(fake_engine))


@pytest.mark.parametrize("kind", [Prometheus(), PrometheusTarget(), PrometheusLog(), PrometheusFile()])
def test_without_a_container_there_is_nothing(kind: Any) -> None:
    fake_engine = Monitored()
    fake_engine.listed = []
    assert isinstance(kind.observe(fake_engine), Absent)


@pytest.mark.parametrize("kind", [Prometheus(), PrometheusTarget(), PrometheusLog(), PrometheusFile()])
def test_an_engine_that_does_not_answer_is_no_absence(kind: Any) -> None:
    fake_engine = Monitored()
    fake_engine.trouble["container"] = OutOfReach(UnobservableReason.DEADLINE, "3 s")
    assert isinstance(kind.observe(fake_engine), Unobservable)


@pytest.mark.parametrize(("later_s", "newer"), [(-60, False), (1, False), (60, True)])
def test_a_file_that_was_changed_after_it_was_loaded_is_newer(later_s: float, *, newer: bool) -> None:
    fake_engine = Monitored()
    changed_at = parse_timestamp("2026-11-24T04:39:41Z") + timedelta(seconds=later_s)
    fake_engine.changes[f"{fake_engine.id_of('prometheus')}:{DEFAULT_CONFIG_FILE}"] = changed_at
    observed = PrometheusFile().observe(fake_engine)
    assert facts(observed) == {"newer": newer}
    fake_engine.pages["9090/-/ready"] = NoAnswer("refused")
    assert facts(PrometheusFile().observe(fake_engine)) == {"newer": None}


def test_a_volume_is_there_or_not() -> None:
    fake_engine = Monitored()
    assert isinstance(Volume(name="prometheus.yml").observe(fake_engine), Absent)
    fake_engine.volumes["prometheus.yml"] = {"Driver": "local"}
    assert facts(Volume(name="prometheus.yml").observe(fake_engine)) == {"driver": "local"}
    fake_engine.trouble["volume"] = NotThere("x")
    assert isinstance(Volume(name="prometheus.yml").observe(fake_engine), Absent)
