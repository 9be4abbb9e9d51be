"""What ch2 says of errors that only look like those that it names."""

from typing import Any

import pytest

from dckgrade.judge.judge import judge_recording
from dckgrade.report.codec import extract_recording, from_json
from dckgrade.report.observation import Recording, Seen
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab

LAB = load_built_in_lab("ch2").lab
REFUSED = "failed to create shim task: OCI runtime create failed: runc create failed: {}: unknown"
CHDIR = (
    'unable to start container process: chdir to cwd ("/root") set in config.json failed: permission denied'
)
MOUNTING = 'error mounting "/work/conf" to rootfs at "/conf": {}: no such file or directory'
DEVICE = 'gathering device information while adding custom device "/dev/x": no such file or directory'
MISSING = 'exec: "/serveur": stat /serveur: no such file or directory'
CRUN = "crun: executable file `serveur` not found in $PATH: No such file or directory"
NOT_EXECUTABLE = 'exec: "/lance.sh": permission denied'


def recording(case: str) -> Recording:
    return extract_recording(from_json((FIXTURES / "ch2" / case / "recording.json").read_bytes(), case))


def change(found: Recording, key: str, **facts: Any) -> None:
    for name in [name for name in found.observations if name.startswith(key)]:
        seen = found.observations[name]
        assert isinstance(seen, Seen)
        seen.facts.update({fact: value for fact, value in facts.items() if fact in seen.facts})


def name_mistake(found: Recording, check: str) -> str | None:
    result = next(result for result in judge_recording(LAB, found, "en") if result.id == check)
    return result.diagnosis.code if result.diagnosis else None


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NOT_EXECUTABLE, "IM-16"),
        (CHDIR, "IM-90"),
        (MISSING, "IM-33"),
        (CRUN, "IM-33"),
        (MOUNTING.format("mount /work/conf:/conf"), "IM-90"),
        (DEVICE, "IM-90"),
    ],
)
def test_an_error_about_the_program_is_told_from_one_about_a_folder_or_a_device(
    error: str, code: str
) -> None:
    found = recording("mistakes/not-executable")
    change(found, "container name=app", error=REFUSED.format(error))
    said = {"program": "Docker", "text": REFUSED.format(error), "place": "docker inspect app: State.Error"}
    found.observations["container-error name=app"] = Seen(kind="container-error", facts=said)
    assert name_mistake(found, "app-serves") == code


@pytest.mark.parametrize(
    ("signal", "code"),
    [
        (None, "IM-55"),
        ("SIGTERM", "IM-55"),
        ("term", "IM-55"),
        ("15", "IM-55"),
        ("SIGKILL", "IM-43"),
        ("SIGQUIT", "IM-43"),
        ("INT", "IM-43"),
        ("3", "IM-43"),
    ],
)
def test_a_signal_to_stop_that_the_program_does_not_know_is_nobody_s_kill(
    signal: str | None, code: str
) -> None:
    found = recording("mistakes/stop-signal-kill")
    change(found, "image-build name=mon-app:1.0", stop_signal=signal)
    assert name_mistake(found, "stops-cleanly") == code
