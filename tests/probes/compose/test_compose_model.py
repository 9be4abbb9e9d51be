"""What a Compose file declares, and what Compose refuses of it."""

import pytest

from dckgrade.probes.compose.compose_model import (
    build_model,
    find_model_fault,
    list_literal_secrets,
    list_variables,
    list_volumes,
    list_waits,
    override_data,
    read_environment,
)
from dckgrade.probes.compose.compose_yaml import Value, read_compose_yaml


def fault(text: str) -> tuple[str, int, str] | None:
    found = find_model_fault(read_compose_yaml(text.encode()))
    return (found.problem, found.line, found.about) if found else None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ("empty", 1, "")),
        ("- a\n", ("not-a-project", 1, "")),
        ("volumes:\n  a:\n", ("not-a-project", 1, "services")),
        ("web:\n  image: nginx\n", ("services-at-the-root", 1, "web")),
        ("services: {}\nnetwork:\n  a:\n", ("not-a-project", 2, "network")),
        ("services:\n  web: nginx\n", ("not-a-mapping", 2, "web")),
        ("services: {}\nnetworks:\n  a:\n  driver: bridge\n", ("network-not-a-mapping", 4, "driver")),
        ("services: {}\nvolumes: [data]\n", ("volume-not-a-mapping", 2, "volumes")),
        ("services:\n  web:\n    networks:\n      - front\n", ("undefined-network", 3, "front")),
        ("services:\n  web:\n    volumes:\n      - data:/srv\n", ("undefined-volume", 3, "data")),
        (
            "services:\n  web:\n    environment:\n      - A=1\n      - B: 2\n",
            ("environment-mixed", 5, "environment"),
        ),
    ],
)
def test_what_compose_refuses_is_named_with_its_line(text: str, wanted: tuple[str, int, str]) -> None:
    assert fault(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "version: '3.8'\nname: tp\nx-own: 1\nservices: {web: {networks: [default]}}\n",
        "services: {web: {volumes: [./data:/srv, /anonymous, ~/x:/x, '${HOME}/y:/y']}}\n",
        "include: [other.yaml]\n",
        "services: {web: {networks: {a: {aliases: [b]}}}}\nnetworks: {a: }\n",
        "services: {web: {volumes: ['${DATA:-data}:/srv', '${DATA}:/a', '${A:-${B}}:/b', 'x_${C}:/c']}}\n",
        "services: {web: {volumes: [{type: volume, source: '${DATA}', target: /srv}]}}\n",
        "services: {web: {volumes: ['C:\\Users\\u\\site:/srv', 'd:/site:/b:ro']}}\n",
        "services: {web: {networks: ['${NETWORK:-front}']}}\n",
        "include: [db.yaml]\nservices: {web: {networks: [back], volumes: ['data:/srv']}}\n",
    ],
)
def test_what_compose_takes_is_no_fault(text: str) -> None:
    assert fault(text) is None


def test_a_mount_is_a_volume_a_folder_or_nobody_s() -> None:
    service = {
        "volumes": [
            "data:/a:ro",
            "./b:/b",
            "/c",
            {"type": "tmpfs", "target": "/d"},
            None,
            {"source": "x"},
            "C:\\e:/e:ro",
            "${F:-./f}:/f",
            "${HOME}/g:/g",
        ]
    }
    assert [(use.kind, use.source, use.target) for use in list_volumes(service)] == [
        ("volume", "data", "/a"),
        ("bind", "./b", "/b"),
        ("volume", "", "/c"),
        ("tmpfs", "", "/d"),
        ("bind", "C:\\e", "/e"),
        ("untold", "${F:-./f}", "/f"),
        ("bind", "${HOME}/g", "/g"),
    ]


def test_variables_are_read_from_a_list_and_from_a_mapping() -> None:
    assert read_environment({"environment": ["A=1", "B", "C=x=y"]}) == {"A": "1", "B": None, "C": "x=y"}
    assert read_environment({"environment": {"A": "1", "B": None}}) == {"A": "1", "B": None}
    assert read_environment({"environment": "A=1"}) == {}


def test_a_secret_is_literal_unless_it_is_a_variable_a_file_or_a_choice() -> None:
    environment = [
        "MYSQL_PASSWORD=x",
        "MYSQL_ROOT_PASSWORD=${ROOT}",
        "WORDPRESS_DB_PASSWORD_FILE=/run/secrets/p",
        "MARIADB_RANDOM_ROOT_PASSWORD=yes",
        "MYSQL_USER=u",
        "API_KEY=",
    ]
    model = build_model({"services": {"db": {"environment": environment}}})
    assert list_literal_secrets(model) == ["MYSQL_PASSWORD"]


def test_a_variable_with_a_value_of_its_own_is_not_missed_and_two_dollars_are_none() -> None:
    found = list_variables({"a": ["${A}", "$B", "${C:-c}", "${D-}", "${E:?why}", "$$F", "$$${G}"]})
    assert sorted(found) == ["A", "B", "E", "G"]


def test_the_short_form_waits_for_the_start_alone() -> None:
    assert list_waits({"depends_on": ["db"]}) == ["db:service_started"]
    assert list_waits({"depends_on": {"db": {"condition": "service_healthy"}, "x": None}}) == [
        "db:service_healthy",
        "x:service_started",
    ]
    assert list_waits({}) == []


@pytest.mark.parametrize(
    ("override", "merged"),
    [
        ({"driver": "local"}, {"driver": "local"}),
        (
            {"driver": "json-file", "options": {"max-file": "2"}},
            {"driver": "json-file", "options": {"max-size": "1m", "max-file": "2"}},
        ),
        ({"options": {"max-size": "2m"}}, {"driver": "json-file", "options": {"max-size": "2m"}}),
    ],
)
def test_the_options_of_logs_go_with_their_driver(
    override: dict[str, Value], merged: dict[str, Value]
) -> None:
    base: dict[str, Value] = {"logging": {"driver": "json-file", "options": {"max-size": "1m"}}}
    assert override_data(base, {"logging": override}) == {"logging": merged}


def test_an_override_adds_ports_replaces_commands_and_merges_what_has_names() -> None:
    base = {
        "services": {
            "web": {"ports": ["80:80"], "command": ["a"], "environment": ["A=1"],
                    "volumes": ["xx:/a", "yy:/b"], "depends_on": ["db"]},
        }
    }  # fmt: skip
    override = {
        "services": {
            "web": {"ports": ["81:80"], "command": ["b"], "environment": {"B": "2"}, "volumes": ["zz:/a"],
                    "depends_on": {"db": {"condition": "service_healthy"}}, "restart": "always"},
        }
    }  # fmt: skip
    assert override_data(base, override)["services"]["web"] == {
        "ports": ["80:80", "81:80"],
        "command": ["b"],
        "environment": {"A": "1", "B": "2"},
        "volumes": ["yy:/b", "zz:/a"],
        "depends_on": {"db": {"condition": "service_healthy"}},
        "restart": "always",
    }
