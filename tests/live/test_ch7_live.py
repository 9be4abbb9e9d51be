"""A real registry with TLS and an account: what is seen of it, and what looking leaves there."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import EngineError, resolve_endpoint
from dckgrade.engine.run_options import WORKDIR, RunOptions
from dckgrade.probes.base import Probe
from dckgrade.probes.image_registry.registry import Registry
from dckgrade.probes.image_registry.registry_image import RegistryImage
from dckgrade.probes.observe import observe_probes
from dckgrade.prove.case import list_cases
from dckgrade.prove.engines import cleanup
from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.prove.engines.private import PrivateEngine
from dckgrade.prove.live import run_case_script
from dckgrade.report.observation import Observation, Seen
from images import build
from tests.conftest import FIXTURES, need_private_engines
from tests.support.recording_proxy import RecordingProxy

pytestmark = pytest.mark.engine

REGISTRY = Registry(container="registry", ca="ca.crt")
IMAGE = RegistryImage(container="registry", user="depuis-registre")
PASSWORD_OF_CASES = "labo-registre"


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder in which the trainee works."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def solved(workdir: Path) -> Iterator[PrivateEngine]:
    """Give an engine on which ch7's solution was typed, its registry answering."""
    need_private_engines()
    (case,) = [case for case in list_cases(FIXTURES, "ch7") if case.name == "solution"]
    shutil.copytree(case.folder, workdir, dirs_exist_ok=True)
    (workdir / "home").mkdir()
    with PrivateEngine() as engine:
        build.load(engine.host, ["nginx", "registry:2"])
        with engine.enter_network():
            run_case_script(case, engine, workdir, str(workdir / "home"))
            wait_until_listening(engine)
            yield engine


def wait_until_listening(engine: PrivateEngine) -> None:
    deadline = time.monotonic() + 30
    argv = ["docker", "--host", engine.host, "logs", "registry"]
    while "listening on" not in subprocess.run(argv, capture_output=True, text=True, check=False).stderr:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def look(engine: PrivateEngine, workdir: Path, host: str, *probes: Probe) -> list[Observation]:
    where = resolve_endpoint(host, None, {}, Path("/nonexistent"))
    given = RunOptions(
        passive=True,
        inputs={WORKDIR: str(workdir)},
        environment={"HOME": "/nonexistent"},
        dockerd=engine.dockerd,
    )
    with connect_engine(where) as daemon:
        return list(observe_probes(probes, daemon.take_snapshot(given), 60.0).values())


def test_a_registry_is_seen_whole_by_reading_alone_and_without_an_account(
    solved: PrivateEngine, workdir: Path, tmp_path: Path
) -> None:
    with RecordingProxy(tmp_path / "engine.sock", solved.host) as proxy:
        seen = look(solved, workdir, proxy.host, REGISTRY, IMAGE)
    assert all(isinstance(one, Seen) for one in seen), seen
    facts = {key: value for one in seen if isinstance(one, Seen) for key, value in one.facts.items()}
    assert (facts["certificate"], facts["trusted_by"], facts["auth"]) == ("verified", "engine", "basic")
    assert (facts["held"], facts["same"], facts["user_runs_it"]) == (True, True, True)
    assert (facts["volume"], facts["older_than_container"]) == ("registre", True)
    assert {request.method for request in proxy.requests} <= {"GET", "HEAD"}
    assert not [request for request in proxy.requests if "/distribution/" in request.path]
    argv = ["docker", "--host", solved.host, "logs", "registry"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    log = done.stdout + done.stderr
    asked = re.findall(r'"((?:GET|HEAD|PUT|POST) \S+) HTTP/1.1" (\d+) .* "dckgrade"', log)
    assert set(asked) == {("GET /v2/", "401")}
    assert PASSWORD_OF_CASES not in repr(seen)
    assert "$2y$" not in repr(seen)


def test_docker_agrees_that_an_authority_of_another_ending_is_unknown(
    solved: PrivateEngine, workdir: Path
) -> None:
    (folder,) = Path(solved.script_environment["CERTS_D"]).iterdir()
    (folder / "ca.crt").rename(folder / "ca.pem")
    (seen,) = look(solved, workdir, solved.host, REGISTRY)
    assert isinstance(seen, Seen)
    assert (seen.facts["certificate"], seen.facts["trusted_by"]) == ("unknown-authority", "file")
    with pytest.raises(EngineError, match="unknown authority"):
        run_docker(solved.host, "pull", f"{seen.facts['name']}/nginx:1.0")


def test_by_the_loopback_docker_sends_without_any_trust_which_proves_nothing(
    solved: PrivateEngine, workdir: Path
) -> None:
    """K9: 127.0.0.0/8 is always insecure. The authority is unknown since the test above."""
    loopback = "127.0.0.1:5000"
    environment = os.environ | {"DOCKER_CONFIG": str(workdir / "config"), "DOCKER_HOST": solved.host}
    for words, given in (
        (("login", "--username", "eleve", "--password-stdin", loopback), PASSWORD_OF_CASES),
        (("tag", "nginx", f"{loopback}/nginx:2.0"), ""),
        (("push", f"{loopback}/nginx:2.0"), ""),
    ):
        argv = ["docker", *words]
        done = subprocess.run(argv, input=given, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, done.stderr
    # The name that others could use is still there, and comes first.
    (seen,) = look(solved, workdir, solved.host, REGISTRY)
    assert isinstance(seen, Seen)
    assert (seen.facts["loopback"], seen.facts["certificate"]) == (False, "unknown-authority")


def test_a_reload_is_enough_for_docker_to_check_nothing_any_more(
    solved: PrivateEngine, workdir: Path
) -> None:
    """K8: SIGHUP applies `insecure-registries`."""
    solved.dockerd.daemon_json_path.write_text('{"insecure-registries": ["172.17.0.1:5000"]}')
    cleanup.signal_namespace(solved._launcher_pid, signal.SIGHUP)
    deadline, insecure = time.monotonic() + 10, False
    while not insecure:
        assert time.monotonic() < deadline
        time.sleep(0.1)
        (seen,) = look(solved, workdir, solved.host, REGISTRY)
        insecure = isinstance(seen, Seen) and seen.facts["insecure"] is True


def test_what_a_case_had_the_engine_trust_is_gone_with_it(solved: PrivateEngine) -> None:
    solved.empty()
    assert list(Path(solved.script_environment["CERTS_D"]).iterdir()) == []
