"""Proving on real engines: it says what it sees, uses up only what it may, and leaves nothing behind."""

import json
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dckgrade.lab.load import load_lab
from dckgrade.prove import images as supplies
from dckgrade.prove import live
from dckgrade.prove.case import CaseKind, read_case
from dckgrade.prove.engines.docker_command import list_image_references, run_docker
from dckgrade.prove.live import DisposableEngine, PreparedEngine, run_case_script
from dckgrade.report.proof import Proof
from tests.conftest import FIXTURES, need_private_engines
from tests.support import traces
from tests.support.cli_runner import dckgrade_process
from tests.support.proving import prove_on
from tests.support.running_proof import Running, gone
from tests.support.tiny_lab import RUN, tiny

pytestmark = pytest.mark.engine

FOREVER = "until false; do sleep 1; done\n"


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Give a run its own folder for temporary files; short, since sockets are made in it."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def proved(folder: Path, engine: DisposableEngine, *, record: bool) -> Proof:
    """Prove the tiny lab of *folder* on *engine*."""
    return prove_on(engine, load_lab(folder / "tiny.yaml"), folder / "fixtures", record=record)


def sentences(proof: Proof) -> list[str]:
    return [fault.translate_sentence("en") for fault in proof.faults]


def test_recording_comparing_and_contradicting(tmp_path: Path, engine: DisposableEngine) -> None:
    lab, fixtures = tiny(tmp_path)
    assert sentences(proved(tmp_path, engine, record=True)) == []
    recorded = dckgrade_process("prove", str(lab), "--recorded", "--fixtures", str(fixtures))
    assert recorded.returncode == 0, recorded.stderr
    home = fixtures / "tiny"
    shutil.copy(home / "solution" / "recording.json", home / "mistakes" / "exited" / "recording.json")

    found = sentences(proved(tmp_path, engine, record=False))

    message = "box-running: the recording of exited says otherwise than the engine: passed → failed TY-01."
    assert found == [message]


def test_a_recording_of_what_was_not_expected_is_not_kept(tmp_path: Path, engine: DisposableEngine) -> None:
    _, fixtures = tiny(tmp_path)
    solution = fixtures / "tiny" / "solution"
    (solution / "apply.sh").write_text("docker create --name box busybox true\n")

    found = sentences(proved(tmp_path, engine, record=True))

    assert any("The solution solution does not pass box-running" in sentence for sentence in found), found
    assert not (solution / "recording.json").exists()


def test_an_apply_that_fails_is_said_with_what_it_printed(tmp_path: Path, engine: DisposableEngine) -> None:
    tiny(tmp_path, more="echo quite broken; exit 7\n")

    found = sentences(proved(tmp_path, engine, record=True))

    assert any(
        "exited could not be applied" in sentence and ": 7\n" in sentence and "quite broken" in sentence
        for sentence in found
    ), found


@pytest.mark.parametrize("caged", [True, False])
def test_what_a_case_leaves_running_ends_with_it(
    tmp_path: Path, engine: DisposableEngine, temporary: Path, monkeypatch: pytest.MonkeyPatch, *, caged: bool
) -> None:
    if not caged:
        monkeypatch.setattr(live, "find_containment_prefix", tuple)
    engine.empty()
    _, fixtures = tiny(tmp_path, more=f"export FORGOTTEN={temporary}; sleep 600 &\n")

    run_case_script(read_case("tiny", fixtures / "tiny" / "mistakes" / "exited", CaseKind.MISTAKE), engine)

    deadline = time.monotonic() + 10  # a killed process may take a moment to die
    while (alive := list(traces.processes(temporary))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alive == []
    engine.empty()


def test_a_tag_that_a_case_makes_does_not_reach_the_next(engine: DisposableEngine) -> None:
    stage = PreparedEngine(engine)
    stage.change_images(supplies.LabImages([], FIXTURES / "tiny"))
    before = list_image_references(engine.host)
    run_docker(engine.host, "tag", "busybox:latest", "busybox:mine")

    stage.empty()

    assert list_image_references(engine.host) == before


def test_images_can_be_archives_beside_the_cases(tmp_path: Path, own_engine: DisposableEngine) -> None:
    _, fixtures = tiny(tmp_path)
    archive = fixtures / "tiny" / "box.tar"
    run_docker(own_engine.host, "save", "--output", str(archive), "busybox")
    run_docker(own_engine.host, "image", "rm", "--force", "busybox")

    supplies.load_images(own_engine.host, ["box.tar"], fixtures / "tiny")

    assert "busybox:latest" in list_image_references(own_engine.host)


def test_an_engine_of_our_own_leaves_nothing_and_progress_goes_to_stderr(
    tmp_path: Path, temporary: Path
) -> None:
    tiny(tmp_path)
    running = Running(tmp_path, temporary)
    namespaces = running.until_two_cases_are_done()

    stdout, stderr = running.process.communicate(timeout=120)

    assert running.process.returncode == 0, stderr
    assert json.loads(stdout)["proven"] is True
    assert "tiny 3/3 exited" in stderr
    assert len(namespaces) >= 2
    gone(running, namespaces)


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_when_it_is_interrupted(tmp_path: Path, temporary: Path, signal_: int) -> None:
    tiny(tmp_path, more=FOREVER)
    running = Running(tmp_path, temporary)
    namespaces = running.until_two_cases_are_done()
    assert len(namespaces) >= 2
    assert len(running.left()) >= 3

    running.process.send_signal(signal_)
    stdout, stderr = running.process.communicate(timeout=60)

    assert running.process.returncode == 130, stderr
    assert stdout == ""
    assert "Traceback" not in stderr
    gone(running, namespaces)


def test_after_a_kill_nothing_runs_on_and_the_next_run_sweeps(tmp_path: Path, temporary: Path) -> None:
    tiny(tmp_path, more=FOREVER)
    killed = Running(tmp_path, temporary)
    namespaces = killed.until_two_cases_are_done()
    killed.process.kill()
    killed.process.communicate(timeout=60)
    deadline = time.monotonic() + 10
    while (alive := list(traces.processes(temporary))) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert alive == []
    assert killed.left() != []
    (tmp_path / "fixtures" / "tiny" / "mistakes" / "exited" / "apply.sh").write_text(RUN.replace("600", "0"))

    after = Running(tmp_path, temporary)
    _, stderr = after.process.communicate(timeout=120)

    assert after.process.returncode == 0, stderr
    gone(killed, namespaces)
    gone(after, set())


def test_two_labs_are_proven_at_once_each_on_an_engine_of_its_own(tmp_path: Path) -> None:
    need_private_engines()
    first, fixtures = tiny(tmp_path)
    second = tmp_path / "small.yaml"
    second.write_text(first.read_text().replace("id: tiny", "id: small").replace("TY-", "SM-"))
    shutil.copytree(fixtures / "tiny", fixtures / "small")
    for expect in (fixtures / "small").glob("**/expect.yaml"):
        expect.write_text(expect.read_text().replace("TY-", "SM-"))

    words = ["prove", str(first), str(second), "--fixtures", str(fixtures), "-f", "json", "--lang", "en"]
    done = dckgrade_process(*words, "--record", "--jobs", "2")

    assert [lab["lab"] for lab in json.loads(done.stdout)["labs"]] == ["tiny", "small"]
    assert done.returncode == 0, done.stdout.decode()[-3000:]
    stderr = done.stderr.decode()
    assert stderr.index("small: getting") < stderr.index("tiny 1/3"), "both begin before either ends"
