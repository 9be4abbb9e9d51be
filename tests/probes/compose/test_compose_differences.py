"""A service of the file beside its container: each key by which they may differ, and what cannot be told."""

import copy
from typing import Any

import pytest

from dckgrade.probes.compose.compose_differences import Compared, list_differences, read_port
from dckgrade.probes.compose.compose_model import build_model
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
    engine.images = {"sha256:1": {"Config": {"Env": ["PATH=/bin"]}}}
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
        ("healthcheck", {"test": "curl ${URL}"}),
    ],
)
def test_what_cannot_be_told_is_no_difference(key: str, value: Any) -> None:
    assert differences({**SERVICE, key: value}) == []


def test_names_of_the_file_s_own_are_those_of_the_engine() -> None:
    assert differences(SERVICE, volumes={"data": {"name": "tp_data"}}) == []
    assert differences(SERVICE, volumes={"data": {"external": "true"}}) == ["volumes"]
    assert differences(SERVICE, networks={"default": {"name": "other"}}) == ["networks"]


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
