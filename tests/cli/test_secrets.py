"""Secrets in what an engine answers: in no output, file, history, nor in `try`, `doctor`, `--watch`."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import masking
from dckgrade.render import formats
from dckgrade.render.formats import DocumentKind
from tests.cli.test_watch import watching
from tests.support.cli_runner import dckgrade
from tests.support.fault_engine import (
    CHUNKED_JSON_HEAD,
    FaultEngine,
    encode_frame,
    reply_with,
    stall_after,
)

CANARIES = [line.text.replace("{}", "Canary-x9_Zq7") for line in masking.read_table("secrets")]
LOG = "\n".join(CANARIES) + "\nready for connections\n"
ARGV = ["--password", "canary1", "--token=canary2", "mysql", "-pcanary3", "-u", "me:canary4"]
CONTAINER: Mapping[str, Any] = {
    "Id": "d",
    "Name": "/dbserver",
    "State": {
        "Status": "exited",
        "ExitCode": 1,
        "Error": "exec: DB_PASSWORD=canary5: not found",
        "Health": {
            "Status": "unhealthy",
            "FailingStreak": 3,
            "Log": [{"ExitCode": 1, "Output": "password: canary6"}],
        },
    },
    "HostConfig": {"LogConfig": {"Type": "json-file", "Config": {"splunk-token": "canary7"}}},
    "Config": {
        "Image": "postgres",
        "Env": ["POSTGRES_PASSWORD=canary8", "DATABASE_URL=postgres://me:canary9@db/app"],
        "Cmd": ARGV,
        "Entrypoint": ["sh", "-c", "mysql -pcanary10"],
        "Labels": {"password": "canary11", "com.docker.compose.project": "site"},
        "Healthcheck": {"Test": ["CMD-SHELL", "mysqladmin ping -pcanary12"]},
    },
}
INFO = {
    "ID": "e",
    "OperatingSystem": "Debian password=canary13",
    "KernelVersion": "6.1 token=canary14",
    "Labels": ["token=canary15"],
    "HttpProxy": "http://me:canary16@proxy:3128",
    "Driver": "overlay2",
    "Swarm": {"LocalNodeState": "inactive", "Error": "secret: canary17"},
}
REPLIES = {
    "/containers/json": reply_with(
        [{"Id": "d", "Names": ["/dbserver"], "Image": "postgres", "State": "exited", "Created": 1}]
    ),
    "/d/json": reply_with(CONTAINER),
    "/logs": reply_with(encode_frame(LOG.encode())),
    "/images/json": reply_with({"message": "login failed: password=canary18"}, 500),
    "/info": reply_with(INFO),
    "/events": stall_after(CHUNKED_JSON_HEAD),
}


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultEngine]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with FaultEngine(tmp_path / "e.sock", REPLIES) as started:
        yield started


def keep_history(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state"), "DCKGRADE_NO_HISTORY": ""}


def find_markers(*texts: bytes) -> list[str]:
    """Find secrets, and twenty characters on each side."""
    text = b"\n".join(texts).decode(errors="replace")
    return [
        text[max(0, found.start() - 20) : found.end() + 20] for found in masking.MARKER_PATTERN.finditer(text)
    ]


def read_all(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def assert_quiet(done: subprocess.CompletedProcess[bytes]) -> None:
    assert b"Traceback" not in done.stderr
    assert find_markers(done.stdout, done.stderr) == []


@pytest.mark.parametrize("lab", ["tp5", "tp7", "ch5"])
def test_no_file_of_a_run_and_no_history_holds_a_secret(
    lab: str, engine: FaultEngine, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    suffixes = formats.list_suffixes(DocumentKind.REPORT)
    paths = [word for suffix in suffixes for word in ("-o", str(out / f"report{suffix}"))]
    options = ("--passive", "--host", engine.url, "--workdir", str(out), "--timeout", "20")
    done = dckgrade(lab, *options, *paths, environ=keep_history(tmp_path))
    assert_quiet(done)
    assert len(read_all(out)) == len(suffixes)
    assert find_markers(*read_all(out)) == []
    assert find_markers(*read_all(tmp_path / "state")) == []
    assert list((tmp_path / "state").rglob("*.json")) or lab != "tp5"


def test_the_canaries_do_get_as_far_as_the_report(engine: FaultEngine) -> None:
    done = dckgrade(
        "tp5", "--host", engine.url, "-f", "json", "--timeout", "20", "--only", "dbserver-running"
    )
    report = json.loads(done.stdout)
    facts = next(
        seen["facts"] for key, seen in report["observations"].items() if key.startswith("container ")
    )
    assert "POSTGRES_PASSWORD=***" in facts["log_tail"]
    assert "ready for connections" in facts["log_tail"]
    assert facts["error"] == "exec: DB_PASSWORD=*** not found"
    assert facts["command"][:2] == ["--password", "***"]


@pytest.mark.parametrize("name", [*formats.list_stdout_names(DocumentKind.REPORT)])
def test_no_format_on_stdout_holds_a_secret(name: str, engine: FaultEngine) -> None:
    done = dckgrade("tp5", "--host", engine.url, "-f", name, "--timeout", "20")
    assert done.stdout
    assert_quiet(done)


@pytest.mark.parametrize(
    "words",
    [
        ("container", "name=dbserver"),
        ("container-log", "container=dbserver"),
        ("container-health", "container=dbserver"),
        ("tp5/dbserver-running",),
    ],
    ids=lambda words: words[0],
)
@pytest.mark.parametrize("shape", ["text", "json"])
def test_try_shows_no_secret(words: tuple[str, ...], shape: str, engine: FaultEngine) -> None:
    done = dckgrade("try", *words, "--host", engine.url, "-f", shape)
    assert done.stdout
    assert_quiet(done)


@pytest.mark.parametrize("shape", ["text", "json"])
def test_doctor_shows_no_secret(shape: str, engine: FaultEngine) -> None:
    done = dckgrade("doctor", "--host", engine.url, "-f", shape, "--lang", "en")
    assert b"Debian" in done.stdout
    assert_quiet(done)


def test_watching_shows_no_secret(engine: FaultEngine, tmp_path: Path) -> None:
    with watching("tp5", "--host", engine.url, "--workdir", str(tmp_path)) as session:
        session.until(b"Watching the engine")
        assert session.interrupt() == 130
        assert find_markers(session.shown) == []
    assert find_markers(*read_all(Path(os.environ["XDG_STATE_HOME"]))) == []
