"""What TP6 names where Prometheus does not reach its target, by the target and Prometheus's error."""

import pytest

from dckgrade.probes.monitoring.prometheus_target import PrometheusTarget
from tests.support.built_in_labs import load_built_in_lab
from tests.support.fake_engine import facts
from tests.support.monitoring import Monitored
from tests.support.named_mistakes import name_mistake

TP6 = load_built_in_lab("tp6").lab
REFUSED, LATE = "connect: connection refused", "context deadline exceeded"
UNKNOWN = "dial tcp: lookup x on 127.0.0.11:53: no such host"


@pytest.mark.parametrize(
    ("address", "error", "network", "code"),
    [
        ("localhost:8080", REFUSED, "lab", "PM-10"),
        # Somebody does listen there: Prometheus itself, below a prefix or asked by https.
        ("localhost:9090", "server returned HTTP status 404 Not Found", "lab", "PM-15"),
        ("localhost:9090", "http: server gave HTTP response to HTTPS client", "lab", "PM-67"),
        ("localhost:9090", LATE, "lab", "PM-95"),
        ("prometheus:9090", LATE, "lab", "PM-95"),
        ("cadvisor:8081", REFUSED, "lab", "PM-13"),
        # The machine's port is the right one at the machine's own address: nothing is said against it.
        ("host.docker.internal:8081", REFUSED, "lab", "PM-95"),
        ("192.168.1.7:8081", REFUSED, "lab", "PM-95"),
        ("c-advisor:8080", UNKNOWN, "lab", "PM-31"),
        ("c-advisor:8080", LATE, "lab", "PM-31"),
        # A firewall lets nothing through, which says nothing against the name.
        ("host.docker.internal:8081", LATE, "lab", "PM-95"),
        ("lab.example.org:8081", LATE, "lab", "PM-95"),
        ("[fd00::7]:8080", LATE, "lab", "PM-95"),
        ("cadvisor:8080", UNKNOWN, "bridge", "PM-11"),
        ("cadvisor:8080", LATE, "bridge", "PM-11"),
        ("nobody.example.org:8080", UNKNOWN, "bridge", "PM-11"),
        ("lab.example.org:8081", LATE, "bridge", "PM-95"),
        ("lab.example.org:8081", "dial tcp 192.0.2.7:8081: i/o timeout", "bridge", "PM-95"),
        ("[fd00::7]:8080", LATE, "bridge", "PM-95"),
    ],
)
def test_a_target_that_is_down_is_named_by_what_the_error_proves(
    address: str, error: str, network: str, code: str
) -> None:
    engine = Monitored().target(scrapeUrl=f"http://{address}/metrics", health="down", lastError=error)
    engine.inspect("cadvisor")["HostConfig"]["PortBindings"] = {"8080/tcp": [{"HostPort": "8081"}]}
    for name in ("prometheus", "cadvisor"):
        networks = engine.inspect(name)["NetworkSettings"]["Networks"]
        networks[network] = networks.pop("lab")
    mistake = name_mistake(TP6, engine, "target-up")
    assert mistake
    assert mistake.code == code


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("cAdvisor", True),
        ("cadvisor", True),
        ("Metrics", True),
        ("cadvisor.lab", True),
        ("metrics.lab", True),
        ("cadvisor.other", False),
        ("[fd00::7]", True),
        ("[fd00::8]", False),
    ],
)
def test_a_container_is_known_by_every_spelling_of_its_names(host: str, *, known: bool) -> None:
    fake_engine = Monitored().target(scrapeUrl=f"http://{host}:8080/metrics", health="down")
    fake_engine.renamed("cadvisor", "cAdvisor")
    fake_engine.inspect("cAdvisor")["NetworkSettings"]["Networks"]["lab"] |= {
        "GlobalIPv6Address": "fd00::7",
        "Aliases": ["metrics"],
    }
    found = facts(PrometheusTarget().observe(fake_engine))
    assert (found["known_name"], found["is_cadvisor"]) == (known, known)
