"""A service of the file beside its container: each key by which they may differ, and what cannot be told."""

import copy
from typing import Any

import pytest

from dckgrade.probes.compose.compose_differences import Compared, list_differences, read_port
from dckgrade.probes.compose.compose_model import build_model
from dckgrade.probes.compose.compose_settings import list_setting_differences
from tests.support.fake_engine import FakeEngine

SERVICE: dict[str, Any] = {
    "image": "nginx",
    "command": "nginx -g 'daemon off;'",
    "environment": ["A=1", "SECRET=${S}"],
    "ports": ["127.0.0.1:8080:80", "443"],
    "volumes": ["data:/srv", "./conf:/etc/nginx/conf.d:ro", "/cache"],
    "restart": "always",
    "healthcheck": {"test": "curl -f http://localhost/?$$x"},
}
INSPECTED: dict[str, Any] = {
    "Image": "sha256:1",
    "Config": {
        "Image": "nginx:latest",
        "Cmd": ["nginx", "-g", "daemon off;"],
        "Env": ["PATH=/bin", "A=1", "SECRET=canary"],
        "Healthcheck": {"Test": ["CMD-SHELL", "curl -f http://localhost/?$x"]},
    },
    "HostConfig": {
        "NetworkMode": "tp_default",
        "PortBindings": {
            "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}],
            "443/tcp": [{"HostPort": ""}],
        },
        "RestartPolicy": {"Name": "always", "MaximumRetryCount": 0},
    },
    "Mounts": [
        {"Type": "volume", "Name": "tp_data", "Destination": "/srv"},
        {"Type": "bind", "Source": "/home/u/conf", "Destination": "/etc/nginx/conf.d"},
        {"Type": "volume", "Name": "a" * 64, "Destination": "/cache"},
    ],
    "NetworkSettings": {"Networks": {"tp_default": {}}},
}


def differences(service: dict[str, Any], **top: Any) -> list[str]:
    engine = FakeEngine()
    engine.images = {"sha256:1": {"Id": "sha256:1", "Config": {"Env": ["PATH=/bin"]}}}
    model = build_model({"services": {"web": service}, "volumes": {"data": None}, **top})
    return list_differences(Compared(engine, model, "tp", service, copy.deepcopy(INSPECTED)))


def test_what_was_made_of_the_file_does_not_differ_from_it() -> None:
    assert differences(SERVICE) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("image", "nginx:1.27"),
        ("command", ["nginx"]),
        ("environment", ["A=2", "SECRET=${S}"]),
        ("environment", ["A=1"]),
        ("environment", ["A=1", "SECRET=${S}", "B=3"]),
        ("ports", ["8080:80"]),
        ("ports", []),
        ("volumes", ["data:/srv"]),
        ("volumes", ["other:/srv", "./conf:/etc/nginx/conf.d"]),
        ("volumes", ["./data:/srv", "./conf:/etc/nginx/conf.d"]),
        ("networks", ["front"]),
        ("network_mode", "host"),
        ("restart", "unless-stopped"),
        ("restart", None),
        ("healthcheck", {"test": ["CMD", "true"]}),
    ],
)
def test_each_key_that_was_changed_since_is_named(key: str, value: Any) -> None:
    name = "networks" if key == "network_mode" else key
    assert differences({**SERVICE, key: value}) == [name]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("image", "${IMAGE}"),
        ("command", "echo ${X}"),
        ("ports", ["8000-8010:80"]),
        ("ports", ["${PORT}:80"]),
        ("restart", "${POLICY:-always}"),
        ("network_mode", "service:other"),
        ("networks", ["${NETWORK}"]),
        ("volumes", ["${DATA:-data}:/srv", "./conf:/etc/nginx/conf.d"]),
        (
            "volumes",
            [{"type": "volume", "source": "${DATA}", "target": "/srv"}, "C:\\conf:/etc/nginx/conf.d"],
        ),
        ("healthcheck", {"test": "curl ${URL}"}),
    ],
)
def test_what_cannot_be_told_is_no_difference(key: str, value: Any) -> None:
    assert differences({**SERVICE, key: value}) == []


def test_names_of_the_file_s_own_are_those_of_the_engine() -> None:
    assert differences(SERVICE, volumes={"data": {"name": "tp_data"}}) == []
    assert differences(SERVICE, volumes={"data": {"external": "true"}}) == ["volumes"]
    assert differences(SERVICE, networks={"default": {"name": "other"}}) == ["networks"]


def test_names_that_a_variable_tells_may_be_any() -> None:
    assert differences(SERVICE, volumes={"data": {"name": "${DATA}"}}) == []
    assert differences(SERVICE, networks={"default": {"name": "${NETWORK:-other}"}}) == []


def test_the_old_way_to_name_what_is_not_the_project_s_is_read() -> None:
    assert differences(SERVICE, volumes={"data": {"external": {"name": "tp_data"}}}) == []
    assert differences(SERVICE, volumes={"data": {"external": {"name": "other"}}}) == ["volumes"]


def test_what_an_included_file_declares_may_be_called_anything() -> None:
    included = {"include": ["db.yaml"], "volumes": {}}
    assert differences({**SERVICE, "networks": ["front"]}, **included) == []


def test_a_key_of_another_shape_than_compose_takes_is_left_to_compose() -> None:
    odd = {"restart": ["always"], "privileged": {"x": "y"}, "read_only": ["true"]}
    assert differences({**SERVICE, **odd}) == []


def test_variables_of_a_file_beside_may_be_any() -> None:
    assert differences({**SERVICE, "environment": ["A=1"], "env_file": "e"}) == []


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("80", ("", "80/tcp")),
        ("80:80", ("80", "80/tcp")),
        ("[::1]:53:53/udp", ("53", "53/udp")),
        ({"target": "80", "published": "8080"}, ("8080", "80/tcp")),
        ({"target": "80"}, ("", "80/tcp")),
        ({"published": "80"}, None),
        ("80-81", None),
        (None, None),
    ],
)
def test_a_port_is_read_in_each_of_its_forms(written: Any, wanted: tuple[str, str] | None) -> None:
    assert read_port(written) == wanted


SETTINGS: dict[str, Any] = {
    "container_name": "site",
    "hostname": "host",
    "user": "1000:1000",
    "entrypoint": "/start.sh --loud",
    "labels": ["tp=5", "empty"],
    "logging": {"driver": "json-file", "options": {"max-size": "1m"}},
    "mem_limit": "512m",
    "privileged": "false",
    "read_only": "true",
    "healthcheck": {"interval": "1m30s", "timeout": "500ms", "retries": "3"},
}


def make_of_settings() -> dict[str, Any]:
    return {
        "Name": "/site",
        "Config": {
            "Hostname": "host",
            "User": "1000:1000",
            "Entrypoint": ["/start.sh", "--loud"],
            "Labels": {"tp": "5", "empty": "", "com.docker.compose.project": "tp"},
            "Healthcheck": {"Interval": 90_000_000_000, "Timeout": 500_000_000, "Retries": 3},
        },
        "HostConfig": {
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "3"}},
            "Memory": 512 * 2**20,
            "Privileged": False,
            "ReadonlyRootfs": True,
        },
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("container_name", "other"),
        ("hostname", "other"),
        ("user", "33"),
        ("entrypoint", ["/start.sh"]),
        ("labels", {"tp": "6"}),
        ("labels", ["new=1"]),
        ("logging", {"driver": "local"}),
        ("logging", {"options": {"max-size": "2m"}}),
        ("mem_limit", "256m"),
        ("privileged", "true"),
        ("read_only", "false"),
        ("healthcheck", {"interval": "90s", "retries": "5"}),
        ("healthcheck", {"start_period": "10s"}),
    ],
)
def test_a_setting_that_was_changed_since_is_named(key: str, value: Any) -> None:
    assert list_setting_differences({**SETTINGS, key: value}, make_of_settings()) == [key]


NUMBER_WITHOUT_END = "9" * 5000


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mem_limit", NUMBER_WITHOUT_END),
        ("mem_limit", f"{NUMBER_WITHOUT_END}.5g"),
        ("healthcheck", {"interval": f"{NUMBER_WITHOUT_END}s"}),
        ("healthcheck", {"retries": NUMBER_WITHOUT_END}),
    ],
)
def test_a_number_that_no_engine_takes_is_left_to_compose(key: str, value: Any) -> None:
    assert list_setting_differences({**SETTINGS, key: value}, make_of_settings()) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("user", "${UID}"),
        ("labels", {"tp": "${TP}"}),
        ("labels", {"tp": "5", "empty": None}),
        ("labels", ["tp=4", "tp=5"]),
        ("mem_limit", "0.5G"),
        ("mem_limit", "512 MiB"),
        ("mem_limit", "536870912"),
        ("mem_limit", "${LIMIT}"),
        ("entrypoint", None),
        ("entrypoint", '"'),
        ("logging", None),
        ("privileged", "${ON}"),
        ("healthcheck", {"interval": "90s", "timeout": "soon"}),
        ("healthcheck", None),
    ],
)
def test_a_setting_written_otherwise_or_not_told_is_no_difference(key: str, value: Any) -> None:
    assert list_setting_differences({**SETTINGS, key: value}, make_of_settings()) == []
