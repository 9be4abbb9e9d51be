"""The tool's own image on a real engine: built there, and grading that engine through its socket."""

import json
import subprocess
from pathlib import Path

import pytest

from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.prove.engines.private import PrivateEngine
from tests.support.tool_image import build_tool_image

pytestmark = pytest.mark.engine
USER = 12345


def grade(engine: PrivateEngine, work: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Grade as the documentation says, for a user who is not root and may use the socket."""
    socket = Path(engine.host.removeprefix("unix://"))
    user = f"--user={USER}:{socket.stat().st_gid}"
    mounts = ("-v", f"{socket}:/var/run/docker.sock", "-v", f"{work}:/work")
    argv = ["docker", "--host", engine.host, "run", "--rm", "--network", "host", user, *mounts, "dckgrade"]
    return subprocess.run([*argv, *arguments], capture_output=True, text=True, timeout=120, check=False)


def test_the_image_grades_the_engine_that_it_runs_on_and_is_not_root(
    own_engine: PrivateEngine, tmp_path: Path
) -> None:
    build_tool_image(own_engine, tmp_path, "dckgrade")
    work = tmp_path / "work"
    work.mkdir()
    work.chmod(0o777)

    described = run_docker(own_engine.host, "image", "inspect", "--format", "{{.Config.User}}", "dckgrade")
    untouched = grade(own_engine, work, "tp5", "--lang", "en")
    run_docker(own_engine.host, "run", "-d", "--name", "webservers", "nginx")
    run_docker(own_engine.host, "run", "-d", "--name", "dbserver", "-e", "POSTGRES_PASSWORD=labo", "postgres")
    solved = grade(own_engine, work, "tp5", "--lang", "en", "-o", "tp5.json")

    assert described.strip() == "65532:65532"
    assert untouched.returncode == 1, untouched.stdout + untouched.stderr
    assert solved.returncode == 0, solved.stdout + solved.stderr
    report = work / "tp5.json"
    assert report.stat().st_uid == USER
    assert json.loads(report.read_bytes())["score"]["earned"] == 10
