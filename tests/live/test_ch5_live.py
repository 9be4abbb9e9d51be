"""What a real engine says of a project, of one-off runs and of networks that are made anew."""

import time
from pathlib import Path
from typing import Any

import pytest

from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import resolve_endpoint
from dckgrade.engine.run_options import WORKDIR, RunOptions
from dckgrade.probes.base import Probe
from dckgrade.probes.compose.compose_file import ComposeFile
from dckgrade.probes.compose.compose_project import ComposeProject
from dckgrade.probes.compose.compose_service import ComposeService
from dckgrade.probes.compose.wordpress import Wordpress
from dckgrade.probes.docker.container_error import ContainerError
from dckgrade.probes.observe import observe_probes
from dckgrade.probes.storage.kept_data import KeptData
from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.prove.live import DisposableEngine
from dckgrade.report.observation import Absent, Seen
from images import build

pytestmark = pytest.mark.engine

LABEL = "com.docker.compose"
FILE = """\
services:
  db:
    image: busybox
    command: sleep 600
    volumes: [data:/data]
  web:
    image: nginx
    ports: ["8085:80"]
    restart: always
volumes:
  data:
"""


@pytest.fixture(autouse=True)
def emptied(engine: DisposableEngine) -> None:
    engine.empty()


def label(service: str, **further: str) -> list[str]:
    labels = {"project": "tp", "service": service, "container-number": "1", "oneoff": "False", **further}
    return [word for name, value in labels.items() for word in ("--label", f"{LABEL}.{name}={value}")]


def up(engine: DisposableEngine) -> None:
    """Make what Compose would of the file."""
    run_docker(engine.host, "network", "create", "--label", f"{LABEL}.project=tp", "tp_default")
    own = ("run", "--detach", "--network", "tp_default")
    words = ("-v", "tp_data:/data", "busybox", "sleep", "600")
    run_docker(engine.host, *own, "--name", "tp-db-1", *label("db"), *words)
    words = ("-p", "8085:80", "--restart", "always", "nginx")
    run_docker(
        engine.host, *own, "--name", "tp-web-1", *label("web", depends_on="db:service_started:false"), *words
    )


def look(engine: DisposableEngine, probe: Probe, workdir: Path | None = None) -> Any:
    where = resolve_endpoint(engine.host, None, {}, Path("/nonexistent"))
    inputs = {WORKDIR: str(workdir)} if workdir else {}
    given = RunOptions(inputs=inputs, environment={"HOME": "/nonexistent"})
    with connect_engine(where) as daemon, engine.enter_network():
        (seen,) = observe_probes([probe], daemon.take_snapshot(given), 60.0).values()
    return seen


def facts(engine: DisposableEngine, probe: Probe, workdir: Path | None = None) -> dict[str, Any]:
    seen = look(engine, probe, workdir)
    assert isinstance(seen, Seen), seen
    return seen.facts


def test_a_project_is_up_while_all_its_services_run(engine: DisposableEngine) -> None:
    probe = ComposeProject(services=["db", "web"])
    assert isinstance(look(engine, probe), Absent)
    up(engine)
    assert facts(engine, probe)["up"] is True
    run_docker(engine.host, "run", "--detach", *label("web", oneoff="True"), "nginx")
    run_docker(engine.host, "rm", "--force", "tp-web-1")
    found = facts(engine, probe)
    assert (found["up"], found["one_off"]) == (False, ["web"])
    assert isinstance(look(engine, Wordpress(container="web", database="db")), Absent)


def test_a_service_tells_its_ports_its_neighbours_and_what_it_waits_for(engine: DisposableEngine) -> None:
    up(engine)
    web = facts(engine, ComposeService(service="web", other="db"))
    assert (web["published"], web["waits_for"], web["restart"]) == (
        ["8085:80"],
        ["db:service_started"],
        "always",
    )
    assert (web["reached_by_other"], web["networks"]) == (True, ["default"])


def test_the_file_is_in_force_until_it_is_edited(engine: DisposableEngine, tmp_path: Path) -> None:
    up(engine)
    probe = ComposeFile(services=["db", "web"])
    (tmp_path / "compose.yaml").write_text(FILE)
    assert facts(engine, probe, tmp_path)["in_force"] is True
    (tmp_path / "compose.yaml").write_text(FILE.replace("8085", "8086").replace("always", "'no'"))
    found = facts(engine, probe, tmp_path)
    assert (found["in_force"], found["differs"]) == (False, ["web: ports", "web: restart"])


def test_another_program_is_no_wordpress(engine: DisposableEngine) -> None:
    up(engine)
    found = wait_for_state(engine, Wordpress(container="web", database="db"), "other")
    assert (found["answers"], found["state"], found["published"]) == (True, "other", True)
    assert (found["database_host"], found["host_known"], found["database_runs"]) == ("mysql", False, True)


def test_only_taking_a_project_down_makes_its_network_younger_than_its_data(engine: DisposableEngine) -> None:
    up(engine)
    run_docker(engine.host, "exec", "tp-db-1", "touch", "/data/f")
    time.sleep(1)
    probe = KeptData(container="db", path="/nowhere", otherwise="/data/f")
    run_docker(engine.host, "rm", "--force", "tp-db-1")
    own = ("run", "--detach", "--network", "tp_default", "--name", "tp-db-1", *label("db"))
    run_docker(engine.host, *own, "-v", "tp_data:/data", "busybox", "sleep", "600")
    found = facts(engine, probe)
    assert (found["survived"], found["outlived_project"]) == (True, False)
    run_docker(engine.host, "rm", "--force", "tp-db-1", "tp-web-1")
    run_docker(engine.host, "network", "rm", "tp_default")
    up(engine)
    assert facts(engine, probe)["outlived_project"] is True


SITE_IMAGES = ["mariadb:10.6.4-focal", "wordpress"]
ACCOUNT = ("MYSQL_DATABASE=wp", "MYSQL_USER=wp", "MYSQL_PASSWORD=one")


def with_variables(*variables: str) -> list[str]:
    return [word for variable in variables for word in ("-e", variable)]


def wait_for_state(engine: DisposableEngine, probe: Wordpress, wanted: str) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while True:
        found = facts(engine, probe)
        if found["state"] == wanted or time.monotonic() > deadline:
            return found
        time.sleep(1)


def wait_for_denial(engine: DisposableEngine) -> bool:
    """Wait until the database, which had to start first, has refused the account."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if facts(engine, Wordpress(container="wordpress"))["denied"]:
            return True
        time.sleep(1)
    return False


def test_mariadb_without_a_password_refuses_in_the_official_words(engine: DisposableEngine) -> None:
    build.load(engine.host, SITE_IMAGES)
    run_docker(engine.host, "run", "--detach", "--name", "db", SITE_IMAGES[0])
    run_docker(engine.host, "wait", "db")
    error = facts(engine, ContainerError(name="db"))
    assert error["text"] == "Database is uninitialized and password option is not specified"


def test_a_real_wordpress_tells_a_refused_account_from_a_site_that_is_not_installed(
    engine: DisposableEngine,
) -> None:
    build.load(engine.host, SITE_IMAGES)
    run_docker(engine.host, "network", "create", "site")
    own = ("run", "--detach", "--network", "site", "--name")
    words = with_variables("MYSQL_ROOT_PASSWORD=root", *ACCOUNT)
    run_docker(engine.host, *own, "db", *words, SITE_IMAGES[0])
    account = ("WORDPRESS_DB_HOST=db", "WORDPRESS_DB_NAME=wp", "WORDPRESS_DB_USER=wp")
    for password, state in (("two", "no-database"), ("one", "not-installed")):
        words = with_variables(*account, f"WORDPRESS_DB_PASSWORD={password}")
        run_docker(engine.host, *own, "wordpress", *words, "-p", "80:80", "wordpress")
        found = wait_for_state(engine, Wordpress(container="wordpress"), state)
        assert (found["state"], found["same_account"]) == (state, password == "one")
        assert state == "not-installed" or wait_for_denial(engine)
        run_docker(engine.host, "rm", "--force", "wordpress")
