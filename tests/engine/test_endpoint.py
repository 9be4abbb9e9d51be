"""The engine that the Docker CLI would choose, or a clear error."""

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dckgrade.engine.endpoint import (
    Endpoint,
    EndpointUsageError,
    EngineError,
    list_other_sockets,
    resolve_endpoint,
)
from dckgrade.i18n import UserError

LOCAL = "unix:///var/run/docker.sock"
PROF, SOCK = "tcp://127.0.0.1:9", "unix:///tmp/dckgrade-no-such.sock"


class Machine:
    """A home folder with Docker's configuration in it."""

    def __init__(self, home: Path) -> None:
        self.home, self.docker = home, home / ".docker"

    def context(self, name: str, host: str = PROF, **more: Any) -> Path:
        identity = hashlib.sha256(name.encode()).hexdigest()
        docker = {"Host": host, "SkipTLSVerify": False} | more
        self.write(
            f"contexts/meta/{identity}/meta.json",
            json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": docker}}),
        )
        return self.docker / "contexts/tls" / identity / "docker"

    def write(self, path: str, content: str) -> Path:
        file = self.docker / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return file

    def resolve(self, *, host: str | None = None, context: str | None = None, **environ: str) -> Endpoint:
        return resolve_endpoint(host, context, environ, self.home)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.context("prof")
    made.context("sock", SOCK)
    return made


def write_certificates(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.pem").write_text("")
    return folder


# What is given on the command line, in the environment and as currentContext → the URL that the CLI uses.
Case = tuple[Mapping[str, str], Mapping[str, str], str | None, str, str]
ORDER: list[Case] = [
    ({}, {}, None, LOCAL, "default"),
    ({}, {}, "prof", PROF, "currentContext=prof"),
    ({}, {"DOCKER_CONTEXT": "sock"}, "prof", SOCK, "DOCKER_CONTEXT=sock"),
    ({}, {"DOCKER_CONTEXT": ""}, "prof", PROF, "currentContext=prof"),
    ({}, {"DOCKER_CONTEXT": "default"}, "prof", LOCAL, "DOCKER_CONTEXT"),
    ({}, {"DOCKER_HOST": "tcp://127.0.0.1:7"}, "prof", "tcp://127.0.0.1:7", "DOCKER_HOST"),
    (
        {},
        {"DOCKER_HOST": "tcp://127.0.0.1:7", "DOCKER_CONTEXT": "sock"},
        None,
        "tcp://127.0.0.1:7",
        "DOCKER_HOST",
    ),
    ({}, {"DOCKER_HOST": "", "DOCKER_CONTEXT": "prof"}, None, PROF, "DOCKER_CONTEXT=prof"),
    ({}, {"DOCKER_HOST": " ", "DOCKER_CONTEXT": "prof"}, None, LOCAL, "DOCKER_HOST"),
    ({}, {"DOCKER_HOST": "127.0.0.1:7"}, None, "tcp://127.0.0.1:7", "DOCKER_HOST"),
    ({}, {"DOCKER_HOST": "127.0.0.1"}, None, "tcp://127.0.0.1:2375", "DOCKER_HOST"),
    ({}, {"DOCKER_HOST": "tcp://"}, None, "tcp://localhost:2375", "DOCKER_HOST"),
    ({}, {"DOCKER_HOST": ":7"}, None, "tcp://localhost:7", "DOCKER_HOST"),
    ({}, {"DOCKER_HOST": "tcp://[::1]:7"}, None, "tcp://[::1]:7", "DOCKER_HOST"),
    ({}, {"DOCKER_HOST": "unix://"}, "prof", LOCAL, "DOCKER_HOST"),
    ({"host": SOCK}, {"DOCKER_HOST": "tcp://127.0.0.1:7"}, None, SOCK, "--host"),
    ({"host": SOCK}, {"DOCKER_CONTEXT": "prof"}, None, SOCK, "--host"),
    ({"host": ""}, {}, None, LOCAL, "default"),
    ({"context": "prof"}, {"DOCKER_HOST": "tcp://127.0.0.1:7"}, None, PROF, "--context=prof"),
    ({"context": "prof"}, {"DOCKER_CONTEXT": "sock"}, "sock", PROF, "--context=prof"),
    ({"context": "default"}, {}, "prof", LOCAL, "--context"),
    (
        {"context": "default"},
        {"DOCKER_HOST": "tcp://127.0.0.1:7"},
        "prof",
        "tcp://127.0.0.1:7",
        "DOCKER_HOST",
    ),
    ({"context": ""}, {}, "prof", PROF, "currentContext=prof"),
]


@pytest.mark.parametrize("case", ORDER)
def test_the_engine_is_the_one_that_the_docker_cli_chooses(machine: Machine, case: Case) -> None:
    given, environ, current, url, source = case
    if current:
        machine.write("config.json", json.dumps({"currentContext": current}))
    chosen = machine.resolve(host=given.get("host"), context=given.get("context"), **environ)
    assert (chosen.url, chosen.source) == (url, source)


def order_of_this_cli() -> list[Case]:
    """Leave out empty variables where the CLI is as old as Debian 12's: before 23.0 it took them for set."""
    docker = shutil.which("docker")
    version = (
        subprocess.run([docker, "--version"], capture_output=True, text=True, check=True).stdout
        if docker
        else ""
    )
    old = re.search(r"version (1\d|20)\.", version)
    return [case for case in ORDER if not old or "" not in case[1].values()]


@pytest.mark.parametrize("case", order_of_this_cli())
def test_the_docker_cli_itself_goes_there(machine: Machine, case: Case) -> None:
    given, environ, current, url, source = case
    if not (docker := shutil.which("docker")):
        if os.environ.get("DCKGRADE_REQUIRE_ENGINE") == "1":
            pytest.fail("DCKGRADE_REQUIRE_ENGINE=1, but there is no docker CLI on PATH")
        pytest.skip("no docker CLI on PATH")
    if current:
        machine.write("config.json", json.dumps({"currentContext": current}))
    options = [part for name, value in given.items() for part in (f"--{name}", value)]
    clean = {"HOME": str(machine.home), "PATH": os.environ["PATH"]}
    stderr = subprocess.run(
        [docker, *options, "ps"],
        env={**clean, **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    ).stderr
    if url == LOCAL and not stderr:
        pytest.skip("an engine runs on this machine, so the CLI names none")
    assert f"Cannot connect to the Docker daemon at {url}." in stderr, source


def test_host_and_context_together_are_an_error(machine: Machine) -> None:
    with pytest.raises(EndpointUsageError, match="--host and --context"):
        machine.resolve(host=SOCK, context="prof")


@pytest.mark.parametrize("how", ["--context", "DOCKER_CONTEXT", "currentContext"])
def test_an_unknown_context_is_never_replaced_by_the_local_engine(machine: Machine, how: str) -> None:
    if how == "currentContext":
        machine.write("config.json", '{"currentContext": "porf"}')
    environ = {"DOCKER_CONTEXT": "porf"} if how == "DOCKER_CONTEXT" else {}
    with pytest.raises(EndpointUsageError) as caught:
        machine.resolve(context="porf" if how == "--context" else None, **environ)
    assert "porf" in str(caught.value)
    assert how in str(caught.value)
    assert "Did you mean prof? Known contexts: default, prof, sock." in str(caught.value)


def test_an_unknown_context_that_resembles_none_lists_them(machine: Machine) -> None:
    with pytest.raises(EndpointUsageError, match="Known contexts: default, prof, sock") as caught:
        machine.resolve(context="zzzzzz")
    assert "Did you mean" not in str(caught.value)


def test_contexts_are_never_looked_up_in_the_current_folder(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = Machine(tmp_path / "planted")
    planted.context("evil")
    monkeypatch.chdir(planted.docker)
    with pytest.raises(EndpointUsageError, match="evil"):
        machine.resolve(context="evil")


def test_docker_config_names_another_folder(machine: Machine, tmp_path: Path) -> None:
    elsewhere = Machine(tmp_path / "else")
    elsewhere.context("far", "tcp://10.0.0.1:2375")
    assert machine.resolve(context="far", DOCKER_CONFIG=str(elsewhere.docker)).url == "tcp://10.0.0.1:2375"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not valid JSON"),
        ("[]", "is not valid JSON"),
        ("", "is not valid JSON"),
        ("\xff", "is not valid JSON"),
        ('{"currentContext": 3}', "currentContext is not a name"),
        ("[" * 100_000, "is not valid JSON"),
    ],
)
def test_a_corrupt_config_json_is_named_with_what_is_wrong(
    machine: Machine, content: str, message: str
) -> None:
    file = machine.docker / "config.json"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(EngineError) as caught:
        machine.resolve()
    assert str(file) in str(caught.value)
    assert message in str(caught.value)


def test_a_corrupt_config_json_does_not_matter_when_the_engine_is_named(machine: Machine) -> None:
    machine.write("config.json", "{")
    assert machine.resolve(host=SOCK).url == machine.resolve(context="sock").url == SOCK


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"Endpoints": {"docker": {"Host": 3}}}', '{"Endpoints": []}']
)
def test_a_corrupt_context_is_named_with_its_path(machine: Machine, content: str) -> None:
    identity = hashlib.sha256(b"prof").hexdigest()
    file = machine.write(f"contexts/meta/{identity}/meta.json", content)
    with pytest.raises(EngineError) as caught:
        machine.resolve(context="prof")
    assert str(file) in str(caught.value)


def test_a_context_may_hold_only_the_authority(machine: Machine) -> None:
    folder = write_certificates(machine.context("prof"), "ca")
    tls = machine.resolve(context="prof").tls
    assert tls is not None
    assert (tls.ca, tls.cert, tls.key, tls.verify) == (folder / "ca.pem", None, None, True)


def test_a_context_may_hold_all_three_files(machine: Machine) -> None:
    folder = write_certificates(machine.context("prof"), "ca", "cert", "key")
    tls = machine.resolve(context="prof").tls
    assert tls is not None
    assert (tls.cert, tls.key) == (folder / "cert.pem", folder / "key.pem")


def test_a_certificate_without_its_key_is_an_error(machine: Machine) -> None:
    folder = write_certificates(machine.context("prof"), "ca", "cert")
    with pytest.raises(EngineError, match=str(folder)):
        machine.resolve(context="prof")


def test_a_context_that_skips_verification_says_so(machine: Machine) -> None:
    machine.context("prof", SkipTLSVerify=True)
    tls = machine.resolve(context="prof").tls
    assert tls is not None
    assert not tls.verify


def test_tls_of_the_environment_does_not_leak_into_a_context(machine: Machine, tmp_path: Path) -> None:
    folder = write_certificates(tmp_path / "certs", "ca", "cert", "key")
    environ = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(folder)}
    assert machine.resolve(context="prof", **environ).tls is None
    for chosen in (machine.resolve(host=PROF, **environ), machine.resolve(DOCKER_HOST=PROF, **environ)):
        assert chosen.tls is not None
        assert chosen.tls.ca == folder / "ca.pem"
        assert chosen.tls.verify


def test_tls_asked_for_without_a_host_means_the_tls_port_of_this_machine(machine: Machine) -> None:
    write_certificates(machine.docker, "ca")
    chosen = machine.resolve(DOCKER_TLS_VERIFY="0")
    assert chosen.url == "tcp://localhost:2376"
    assert chosen.tls is not None


def test_tls_without_verification_is_marked(machine: Machine) -> None:
    write_certificates(machine.docker, "ca")
    tls = machine.resolve(DOCKER_HOST=PROF, DOCKER_TLS="1").tls
    assert tls is not None
    assert not tls.verify


def test_a_certificate_path_alone_asks_for_nothing(machine: Machine, tmp_path: Path) -> None:
    assert machine.resolve(DOCKER_HOST=PROF, DOCKER_CERT_PATH=str(tmp_path)).tls is None


def test_tls_asked_for_without_an_authority_is_an_error(machine: Machine) -> None:
    with pytest.raises(EngineError, match=r"ca\.pem does not exist"):
        machine.resolve(DOCKER_HOST=PROF, DOCKER_TLS_VERIFY="1")


def test_a_unix_socket_has_no_tls(machine: Machine) -> None:
    write_certificates(machine.docker, "ca")
    assert machine.resolve(DOCKER_HOST=SOCK, DOCKER_TLS_VERIFY="1").tls is None


@pytest.mark.parametrize(
    "host",
    [
        "http://127.0.0.1:7",
        "npipe:////./pipe/x",
        "fd://",
        "/var/run/docker.sock",
        "unix://relative",
        "tcp://h:7/path",
        "tcp://h:notaport",
        "tcp://[::1",
        "ftp://x",
    ],
)
def test_an_address_that_is_none_is_a_usage_error(machine: Machine, host: str) -> None:
    with pytest.raises(EndpointUsageError, match="is not the address of an engine"):
        machine.resolve(host=host)


@pytest.mark.parametrize(
    "host",
    ["tcp://me:c4n4ry@h:7", "me:c4n4ry@h", "tcp://me:x/c4n4ry@h", "ssh://me:c4n4ry@h", "ssh://me:/c4n4ry@h"],
)
def test_a_login_in_an_address_is_refused_and_not_shown(machine: Machine, host: str) -> None:
    with pytest.raises(EndpointUsageError) as caught:
        machine.resolve(DOCKER_HOST=host)
    assert "c4n4ry" not in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("ssh://prof@machine", "ssh://prof@machine"),
        ("ssh://poste-01:2222/run/user/1000/docker.sock", "ssh://poste-01:2222/run/user/1000/docker.sock"),
        ("ssh://ada@[fe80::1]:22/", "ssh://ada@[fe80::1]:22"),
    ],
)
def test_an_engine_behind_ssh_is_meant_as_typed(machine: Machine, typed: str, url: str) -> None:
    found = machine.resolve(host=typed)
    assert (found.url, found.tls, found.reaches_own_addresses) == (url, None, False)


@pytest.mark.parametrize(
    "host",
    [
        "ssh://",
        "ssh://-oProxyCommand=id",
        "ssh://-l@machine",
        "ssh://ada@-F",
        "ssh://ada:c4n4ry@machine",
        "ssh://machine:0",
        "ssh://machine:99999",
        "ssh://machine/a:/b",
        "ssh://machine/$(id)",
        "ssh://machine/a b",
        "ssh://machine/../x",
        "ssh://machine;id",
        "ssh://machine\nid",
        "ssh://mach%20ine",
    ],
)
def test_nothing_that_ssh_or_a_shell_would_take_for_more_passes(machine: Machine, host: str) -> None:
    with pytest.raises(EndpointUsageError) as caught:
        machine.resolve(host=host)
    assert "c4n4ry" not in str(caught.value)


def test_the_api_ceiling_comes_along(machine: Machine) -> None:
    assert machine.resolve(DOCKER_API_VERSION="1.43").api_ceiling == "1.43"
    assert machine.resolve(context="prof", DOCKER_API_VERSION="").api_ceiling is None


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("unix:///var/run/docker.sock", True),
        ("unix:///tmp/dckgrade-engine-x/docker.sock", True),
        ("unix:///run/user/1000/docker.sock", False),
        ("unix:///run/user/1000/podman/podman.sock", False),
        ("unix:///home/me/.docker/desktop/docker.sock", False),
        ("unix:///home/me/.colima/default/docker.sock", False),
        ("tcp://127.0.0.1:2375", False),
        ("tcp://10.0.0.1:2376", False),
    ],
)
def test_containers_own_addresses_are_within_reach_of_a_system_engine_only(
    url: str, *, own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert Endpoint(url, "--host").reaches_own_addresses is own
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not Endpoint(url, "--host").reaches_own_addresses


def test_a_link_to_a_socket_in_a_home_folder_is_seen_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "docker.sock").symlink_to(tmp_path / "home/.docker/run/docker.sock")
    assert not Endpoint(f"unix://{tmp_path}/docker.sock", "--host").reaches_own_addresses


@pytest.mark.parametrize(
    ("url", "host"),
    [(LOCAL, "127.0.0.1"), ("tcp://prof:2376", "prof"), ("tcp://[::1]:2375", "::1")],
)
def test_published_ports_are_on_the_engines_machine(url: str, host: str) -> None:
    assert Endpoint(url, "--host").host == host


def test_other_sockets_that_exist_are_listed(tmp_path: Path) -> None:
    home, run = tmp_path / "h", tmp_path / "r"
    (home / ".docker/run").mkdir(parents=True)
    (run / "podman").mkdir(parents=True)
    for path in (home / ".docker/run/docker.sock", run / "docker.sock"):
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    found = list_other_sockets({"XDG_RUNTIME_DIR": str(run)}, home)
    assert [url for url in found if url != LOCAL] == [
        f"unix://{run}/docker.sock",
        f"unix://{home}/.docker/run/docker.sock",
    ]


@pytest.mark.parametrize("trouble", [EndpointUsageError, EngineError])
def test_every_trouble_is_for_the_user(trouble: type[UserError]) -> None:
    assert issubclass(trouble, UserError)


def test_nothing_heavy_is_imported() -> None:
    program = (
        "import sys, dckgrade.engine.endpoint\nprint({'docker', 'requests', 'msgspec'} & {*sys.modules})"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True
    )
    assert ended.stdout.strip() == "set()"
