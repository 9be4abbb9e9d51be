"""The images of fixtures/images on a private engine in, the behaviour of the official images out."""

import contextlib
import http.client
import importlib
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dckgrade.prove.engines.private import PrivateEngine
from tests.conftest import need_private_engines

pytestmark = pytest.mark.engine

_BUILD = Path(__file__).parents[2] / "fixtures" / "images" / "build.py"
_READY = "database system is ready to accept connections"
_NO_PASSWORD = """\
Error: Database is uninitialized and superuser password is not specified.
       You must specify POSTGRES_PASSWORD to a non-empty value for the
       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".

       You may also use "POSTGRES_HOST_AUTH_METHOD=trust" to allow all
       connections without a password. This is *not* recommended.

       See PostgreSQL documentation about "trust":
       https://www.postgresql.org/docs/current/auth-trust.html
"""
_OLD_PLACE = """\
Error: in 18+, these Docker images are configured to store database data in a
       format which is compatible with "pg_ctlcluster" (specifically, using
       major-version-specific directory names).  This better reflects how
"""


class Engine(PrivateEngine):
    def docker(self, *words: str) -> subprocess.CompletedProcess[str]:
        argv = ["docker", "--host", self.host, *words]
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)

    def started(self, *words: str) -> tuple[str, str]:
        """A detached container's name and address."""
        done = self.docker("run", "--detach", *words)
        assert done.returncode == 0, done.stderr
        name = done.stdout.strip()
        found = self.docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", name)
        return name, found.stdout.strip()

    def logs(self, container: str) -> str:
        done = self.docker("logs", container)
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def build() -> Any:
    sys.path.insert(0, str(_BUILD.parents[1]))
    return importlib.import_module("images.build")


@pytest.fixture(scope="module")
def loaded(build: Any) -> Iterator[Engine]:
    need_private_engines()
    with Engine() as started:
        build.load(started.host)
        yield started


@pytest.fixture
def engine(loaded: Engine) -> Iterator[Engine]:
    yield loaded
    loaded.empty()


def test_every_image_is_small(engine: Engine, build: Any) -> None:
    for name in build.IMAGES:
        size = int(engine.docker("image", "inspect", "--format", "{{.Size}}", name).stdout)
        assert size < 170e6  # Trivy is one program of 160 MB


def test_loading_twice_does_nothing(engine: Engine, build: Any, capfd: pytest.CaptureFixture[str]) -> None:
    build.load(engine.host, ["nginx", "postgres:18"])
    assert capfd.readouterr().err == ""


def test_an_unknown_image_is_named_with_the_known_ones(build: Any) -> None:
    with pytest.raises(build.NoImage, match=r"no recipe for httpd:latest.*nginx:latest"):
        build.archives(["httpd"])


def test_an_image_that_can_be_neither_built_nor_pulled_says_both(
    engine: Engine, build: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(build.debian, "missing_tools", lambda: ["apt-get"])
    engine.docker("rmi", "busybox:latest")
    with pytest.raises(
        build.NoImage, match=r"(?s)neither built nor pulled.*apt-get not found.*The pull said"
    ):
        build.load(engine.host, ["busybox"])
    monkeypatch.undo()
    build.load(engine.host, ["busybox"])


def test_by_hand_the_archives_are_printed() -> None:
    argv = [sys.executable, str(_BUILD), "nginx", "busybox"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    paths = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert list(paths) == ["nginx:latest", "busybox:latest"]
    assert all(Path(path).is_file() for path in paths.values())


def test_busybox_runs(engine: Engine) -> None:
    done = engine.docker("run", "--rm", "busybox", "sh", "-c", "echo from $(id -un); ls / | wc -l")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("from root\n")


@pytest.mark.parametrize("image", ["nginx", "nginx:1.17"])
def test_nginx_answers_and_its_access_log_reaches_docker_logs(engine: Engine, image: str) -> None:
    name, address = engine.started(image)
    with engine.enter_network():
        status, server, page = _until(lambda: _http(address), "nginx answers")
    assert (status, server[:6]) == (200, "nginx/")
    assert "Welcome to nginx!" in page
    engine.docker("exec", name, "wget", "-q", "-O", "-", "http://127.0.0.1/who-came")
    assert '"GET /who-came HTTP/1.1" 404' in _until(lambda: _has(engine.logs(name), "who-came"), "a log line")


def test_nginx_has_a_shell_with_wget_and_stops_cleanly(engine: Engine) -> None:
    name, _ = engine.started("nginx")
    done = engine.docker("exec", name, "sh", "-c", "wget -q -O - http://localhost | head -n 1")
    assert done.stdout == "<!DOCTYPE html>\n", done.stderr
    assert engine.docker("stop", name).returncode == 0
    assert engine.docker("inspect", "--format", "{{.State.ExitCode}}", name).stdout == "0\n"


def test_postgres_without_a_password_exits_with_the_official_text(engine: Engine) -> None:
    done = engine.docker("run", "postgres")
    assert (done.returncode, done.stderr) == (1, _NO_PASSWORD)


def test_an_option_after_the_image_name_does_not_reach_docker(engine: Engine) -> None:
    done = engine.docker("run", "postgres", "-e", "POSTGRES_PASSWORD=secret")
    assert (done.returncode, done.stderr) == (1, _NO_PASSWORD)


def test_postgres_with_a_password_answers_the_ssl_request(engine: Engine) -> None:
    name, address = engine.started("-e", "POSTGRES_PASSWORD=secret", "postgres")
    with engine.enter_network():
        assert _until(lambda: _ssl_answer(address), "postgres answers") in {b"N", b"S"}
    assert "PostgreSQL init process complete; ready for start up." in engine.logs(name)
    # It listens a moment before it says so.
    _until(lambda: engine.logs(name).count(_READY) == 2, "PostgreSQL says so twice")


def test_postgres_makes_the_user_and_the_database_and_checks_the_password(engine: Engine) -> None:
    settings = ("POSTGRES_PASSWORD=it's $ecret", "POSTGRES_USER=alice", "POSTGRES_DB=shop")
    name, address = engine.started(*(word for setting in settings for word in ("-e", setting)), "postgres")
    with engine.enter_network():
        _until(lambda: _ssl_answer(address), "postgres answers")
    query = ("psql", "-h", address, "-U", "alice", "-d", "shop", "-Atc", "SELECT current_user")
    right = engine.docker("exec", "-e", "PGPASSWORD=it's $ecret", name, *query)
    assert (right.returncode, right.stdout) == (0, "alice\n"), right.stderr
    wrong = engine.docker("exec", "-e", "PGPASSWORD=other", name, *query)
    assert "password authentication failed" in wrong.stderr


def test_postgres_runs_the_init_files_before_it_listens(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text("CREATE TABLE stock (item text);")
    (tmp_path / "2.sh").write_text("psql -U $POSTGRES_USER -c \"INSERT INTO stock VALUES ('nail')\"; sleep 2")
    tmp_path.chmod(0o755)
    mount = f"{tmp_path}:/docker-entrypoint-initdb.d:ro"
    name, address = engine.started("-e", "POSTGRES_PASSWORD=secret", "-v", mount, "postgres")
    with engine.enter_network():
        _until(lambda: _has(engine.logs(name), "sourcing"), "the second file runs")
        assert _ssl_answer(address) is None
        _until(lambda: _ssl_answer(address), "postgres answers")
    found = engine.docker("exec", name, "psql", "-U", "postgres", "-Atc", "SELECT item FROM stock")
    assert found.stdout == "nail\n"


def test_a_known_volume_is_not_initialised_again(engine: Engine) -> None:
    volume = ("-v", "kept:/var/lib/postgresql/data")
    name, address = engine.started(*volume, "-e", "POSTGRES_PASSWORD=secret", "postgres")
    with engine.enter_network():
        _until(lambda: _ssl_answer(address), "postgres answers")
    assert engine.docker("stop", name).returncode == 0
    name, address = engine.started(*volume, "postgres")
    with engine.enter_network():
        _until(lambda: _ssl_answer(address), "postgres answers again")
    _until(lambda: engine.logs(name).count(_READY) == 1, "PostgreSQL says so once")
    skipped = "PostgreSQL Database directory appears to contain a database; Skipping initialization"
    assert skipped in engine.logs(name)


def test_postgres_18_refuses_the_old_place_of_the_data(engine: Engine) -> None:
    mount = "kept:/var/lib/postgresql/data"
    done = engine.docker("run", "-e", "POSTGRES_PASSWORD=secret", "-v", mount, "postgres:18")
    assert done.returncode == 1
    assert done.stderr.startswith(_OLD_PLACE)
    assert "         /var/lib/postgresql/data (unused mount/volume)\n" in done.stderr


def test_postgres_18_keeps_its_data_one_level_higher(engine: Engine) -> None:
    volume = ("-v", "kept:/var/lib/postgresql")
    name, address = engine.started(*volume, "-e", "POSTGRES_PASSWORD=secret", "postgres:18")
    with engine.enter_network():
        _until(lambda: _ssl_answer(address), "postgres answers")
    assert (
        engine.docker("exec", name, "test", "-s", "/var/lib/postgresql/18/docker/PG_VERSION").returncode == 0
    )


def _until(condition: Callable[[], Any], wanted: str) -> Any:
    deadline = time.monotonic() + 120
    while not (result := condition()):
        assert time.monotonic() < deadline, f"in vain: {wanted}"
        time.sleep(0.1)
    return result


def _has(text: str, part: str) -> str | None:
    return text if part in text else None


def _http(address: str) -> tuple[int, str, str] | None:
    with contextlib.closing(http.client.HTTPConnection(address, timeout=2)) as connection:
        try:
            connection.request("GET", "/")
        except OSError:
            return None
        answer = connection.getresponse()
        return answer.status, answer.headers["Server"], answer.read().decode()


def _ssl_answer(address: str) -> bytes | None:
    with contextlib.suppress(OSError), socket.create_connection((address, 5432), timeout=2) as connection:
        connection.sendall(struct.pack("!ii", 8, 80877103))
        return connection.recv(1)
    return None


@pytest.mark.parametrize(
    ("image", "config"),
    [("registry:2", "/etc/docker/registry/config.yml"), ("registry:3", "/etc/distribution/config.yml")],
)
def test_a_registry_says_what_it_is_and_reads_the_configuration_of_its_version(
    engine: Engine, image: str, config: str
) -> None:
    name, _ = engine.started(image)
    asked = ("exec", name, "wget", "-S", "-q", "-O", "-", "http://127.0.0.1:5000/v2/")
    head = _until(lambda: _has(engine.docker(*asked).stderr, "200 OK"), "the registry answers")
    assert "Docker-Distribution-Api-Version: registry/2.0" in head
    found = engine.docker("inspect", "--format", "{{.Config.Cmd}} {{.Config.Volumes}}", name).stdout
    assert found.strip() == f"[{config}] map[/var/lib/registry:{{}}]"
    assert engine.docker("exec", name, "cat", config).stdout.startswith("version: 0.1\n")


def test_a_registry_has_no_htpasswd_any_more(engine: Engine) -> None:
    done = engine.docker("run", "--entrypoint", "htpasswd", "registry:2", "-Bbn", "user", "word")
    assert done.returncode == 127
    assert "executable file not found" in done.stderr


def test_cosign_makes_keys_offline(engine: Engine) -> None:
    done = engine.docker(
        *("run", "--rm", "--entrypoint", "sh", "-e", "COSIGN_PASSWORD=x", "cosign", "-c"),
        "cosign generate-key-pair && cat cosign.pub",
    )
    assert "BEGIN PUBLIC KEY" in done.stdout, done.stderr
