"""Which mistake TP2, TP3 and TP4 name: what engines say in states that no case has."""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from dckgrade.grading import judging
from dckgrade.report import codec
from dckgrade.report.observation import Observation, Seen
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab

SECCOMP, SECCOMP_ERROR = (
    "seccomp-container image=nginx file=seccomp_profile.json",
    "container-error name=@seccomp image=nginx",
)
APPARMOR, APPARMOR_ERROR = (
    "apparmor-container image=nginx file=docker-nginx-profile",
    "container-error name=@apparmor image=nginx",
)
SCAN, DATABASE = "trivy-scan image=nginx:1.17", "trivy-database image=nginx:1.17"
SAID = {"program": "nginx", "text": "start worker process 29", "place": "docker logs web"}
CREATED = {"status": "created", "stable": True}
EXITED = {"status": "exited", "stable": True, "clue": "start worker process 29"}


def name_mistake(lab: str, check: str, observed: Mapping[str, Mapping[str, Any]]) -> tuple[str, str | None]:
    """Judge the lab's solution with other facts; return the verdict, and the code of the check's mistake."""
    recording = FIXTURES / lab / "solution" / "recording.json"
    report = codec.from_json(recording.read_bytes(), str(recording))
    changed: dict[str, Observation] = dict(report.observations)
    for key, facts in observed.items():
        before = changed.get(key)
        known = before.facts if isinstance(before, Seen) else {}
        changed[key] = Seen(kind=key.partition(" ")[0], facts={**known, **facts})
    again = judging.judge_report_again(load_built_in_lab(lab), replace(report, observations=changed), "en")
    line = next(line for line in again.checks if line.id == check)
    return str(line.verdict), line.diagnosis.code if line.diagnosis else None


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({**EXITED, "exit_code": 0}, "SC-25"),
        # `docker kill`, a `docker stop` that waits no longer, SIGTERM to another program.
        ({**EXITED, "exit_code": 137}, "SC-25"),
        ({**EXITED, "exit_code": 143}, "SC-25"),
        ({**EXITED, "exit_code": 137, "clue": "[emerg] open() failed (13: Permission denied)"}, "SC-90"),
        ({**EXITED, "exit_code": 1}, "SC-90"),
        # A page that could not be read is no reason for a stop.
        ({**EXITED, "exit_code": 0, "refused_call": "openat", "clue": "open() not permitted"}, "SC-25"),
        ({**EXITED, "exit_code": 1, "refused_call": "openat", "clue": "open() not permitted"}, "SC-03"),
        ({**EXITED, "status": "restarting", "exit_code": 0, "refused_call": "openat"}, "SC-03"),
        ({**EXITED, "exit_code": 159, "kills": True}, "SC-14"),
        ({**CREATED, "error": "Bind for 0.0.0.0:80 failed: port is already allocated"}, "SC-23"),
        ({**CREATED, "error": "failed to bind host port for 0.0.0.0:80: address already in use"}, "SC-23"),
        # No address of this machine's.
        (
            {**CREATED, "error": "failed to bind host port 192.0.2.9:80: cannot assign requested address"},
            "SC-90",
        ),
    ],
)
def test_what_ended_the_container_of_tp2_is_named(facts: dict[str, Any], code: str) -> None:
    observed = {SECCOMP: facts, SECCOMP_ERROR: SAID}
    assert name_mistake("tp2", "container-running", observed) == ("failed", code)


ATTR = "unable to apply apparmor profile: apparmor failed to apply profile: write /proc/self/attr/"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"error": f"{ATTR}apparmor/exec: no such file or directory: unknown"}, "AA-01"),
        ({"error": f"{ATTR}exec: no such file or directory: unknown"}, "AA-01"),
        ({"error": "write file `/proc/thread-self/attr/exec`: No such file or directory"}, "AA-01"),
        ({"error": f"{ATTR}exec: no such file or directory", "in_file": False}, "AA-04"),
        ({"error": f"{ATTR}exec: no such file or directory", "in_file": False, "wanted": "./p"}, "AA-05"),
        ({"error": f"{ATTR}exec: invalid argument", "in_file": None, "wanted": "/etc/p"}, "AA-05"),
        # A profile may be called by the path of the program that it is of.
        ({"error": f"{ATTR}exec: no such file or directory", "wanted": "/usr/sbin/nginx"}, "AA-01"),
        # The kernel knows the profile, and does not let the engine change to it.
        ({"error": f"{ATTR}exec: permission denied"}, "AA-90"),
        # A folder's name, and the container's own.
        ({"error": 'error mounting "/home/me/apparmor/x" to rootfs: not a directory: unknown'}, "AA-90"),
        ({"error": "failed to set up container networking: endpoint nginx-apparmor not found"}, "AA-90"),
    ],
)
def test_what_kept_the_container_of_tp3_from_starting_is_named(facts: dict[str, Any], code: str) -> None:
    observed = {APPARMOR: {**CREATED, "declared": "own", "in_file": True, **facts}, APPARMOR_ERROR: SAID}
    assert name_mistake("tp3", "container-running", observed) == ("failed", code)


PAGE_DENIED = '[error] 29#29: *1 open() "/x.html" failed (13: Permission denied)'


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"status": "exited", "exit_code": 0}, "AA-31"),
        ({"status": "exited", "exit_code": 1}, "AA-20"),
        ({"status": "exited", "exit_code": 137}, "AA-20"),
        ({"status": "restarting", "exit_code": 0}, "AA-20"),
    ],
)
def test_a_page_that_is_denied_stops_no_nginx_of_tp3(facts: dict[str, Any], code: str) -> None:
    observed = {APPARMOR: {"declared": "own", "clue": PAGE_DENIED, **facts}, APPARMOR_ERROR: SAID}
    assert name_mistake("tp3", "container-running", observed) == ("failed", code)


UNDER_WAY = {"evidence": None, "unseen": "running", "unseen_name": "again"}


@pytest.mark.parametrize(
    ("check", "key", "facts"),
    [
        ("image-scanned", SCAN, {"lack": "base-only"}),
        ("image-scanned", SCAN, {"lack": "another-image"}),
        ("image-scanned", SCAN, {"lack": "foreign"}),
        ("image-scanned", SCAN, {"lack": "nothing", "clue": "interrupted"}),
        ("image-scanned", SCAN, {"lack": "nothing", "clue": "database", "text": "x"}),
        ("database-downloaded", DATABASE, {"clue": "database", "text": "x"}),
        ("database-downloaded", DATABASE, {"clue": "disk-full", "text": "x"}),
    ],
)
def test_what_an_earlier_scan_lacks_is_no_mistake_while_another_is_at_work(
    check: str, key: str, facts: dict[str, Any]
) -> None:
    assert name_mistake("tp4", check, {key: {**UNDER_WAY, **facts}}) == ("unknown", "TR-25")
