"""TP3 on an engine whose kernel has no AppArmor: nothing is decided, and the report says why."""

import shutil
from pathlib import Path

import pytest

from dckgrade.cli.exit_codes import ExitCode, choose_exit_code
from dckgrade.prove import live
from dckgrade.prove.case import CaseKind, read_case
from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.prove.live import DisposableEngine
from dckgrade.report.result import Verdict
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("typed", ["", "docker run --security-opt apparmor=docker-nginx-profile -d nginx\n"])
def test_without_apparmor_all_is_unknown_and_the_machine_is_named(
    typed: str, engine: DisposableEngine, tmp_path: Path
) -> None:
    if "name=apparmor" in run_docker(engine.host, "info", "--format", "{{.SecurityOptions}}"):
        pytest.skip("this machine's own kernel has AppArmor")
    folder = shutil.copytree(FIXTURES / "tp3" / "solution", tmp_path / "case")
    (folder / "apply.sh").write_text(typed)

    report = live.grade_case(load_built_in_lab("tp3"), read_case("tp3", folder, CaseKind.SOLUTION), engine)

    assert {line.verdict for line in report.checks} == {Verdict.UNKNOWN}
    assert report.checks[0].diagnosis
    assert report.checks[0].diagnosis.code == "AA-02"
    assert (report.score.earned, report.score.undecided) == (0, 10)
    assert choose_exit_code([report]) is ExitCode.NOT_GRADABLE
