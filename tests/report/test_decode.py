"""Threads that meet a class for the first time together; where they call msgspec itself, the process dies."""

import os
import subprocess
import sys
from collections.abc import Mapping

import msgspec
import pytest

from dckgrade.report.decode import convert_data, parse_json

PROCESSES = 6
DYING_RELEASE = "0.22.0"
"""The newest of msgspec that dies; pyproject.toml lets it in."""
RACE = """
import sys, threading
import msgspec
from dckgrade.report.decode import convert_data, parse_json
{imports}
sys.setswitchinterval(1e-6)
def race(decode, *arguments):
    gate = threading.Barrier(4)
    def meet():
        gate.wait()
        try:
            decode(*arguments)
        except msgspec.ValidationError:
            pass
    threads = [threading.Thread(target=meet) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
{races}
"""
NEW_CLASSES = """
value = {f"f{k}": {f"a{j}": j for j in range(20)} for k in range(20)}
for n in range(100):
    inner = [msgspec.defstruct(f"I{n}_{k}", [(f"a{j}", int) for j in range(20)]) for k in range(20)]
    kind = msgspec.defstruct(f"T{n}", [(f"f{k}", part) for k, part in enumerate(inner)])
    race(convert_data, value, kind) if n % 2 else race(parse_json, msgspec.json.encode(value), kind)
"""
OUR_CLASSES = """
race(convert_data, {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}, SeccompProfile)
race(parse_json, b"{}", Report)
race(convert_data, [], answer_shapes.LISTED_CONTAINERS)
race(convert_data, {}, Lab)
"""
IMPORTS = """
from dckgrade.engine import answer_shapes
from dckgrade.lab.model import Lab
from dckgrade.probes.seccomp.profile import SeccompProfile
from dckgrade.report.report import Report
"""


@pytest.fixture(scope="module", params=["installed", DYING_RELEASE])
def environment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    """Give what lets a process find one release of msgspec, or the one that is installed."""
    if request.param == "installed":
        return os.environ
    folder = str(tmp_path_factory.mktemp("msgspec"))
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder]
    subprocess.run([*install, f"msgspec=={request.param}"], check=True, capture_output=True)
    paths = filter(None, [folder, os.environ.get("PYTHONPATH")])
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


@pytest.mark.parametrize(("imports", "races"), [("", NEW_CLASSES), (IMPORTS, OUR_CLASSES)])
def test_no_process_dies_when_threads_meet_a_class_together(
    environment: Mapping[str, str], imports: str, races: str
) -> None:
    argv = [sys.executable, "-c", RACE.format(imports=imports, races=races)]
    done = [subprocess.run(argv, env=environment, capture_output=True, check=False) for _ in range(PROCESSES)]
    assert [(run.returncode, run.stderr) for run in done] == [(0, b"")] * PROCESSES


def test_what_does_not_fit_is_told_as_msgspec_tells_it() -> None:
    class Point(msgspec.Struct):
        x: int

    assert convert_data({"x": 1}, Point) == Point(1)
    assert parse_json(b'{"x": 1}', Point) == Point(1)
    assert parse_json('{"x": [1, "a"]}') == {"x": [1, "a"]}
    with pytest.raises(msgspec.ValidationError, match="Expected `int`"):
        convert_data({"x": "1"}, Point)
    with pytest.raises(msgspec.DecodeError):
        parse_json(b"{", Point)
