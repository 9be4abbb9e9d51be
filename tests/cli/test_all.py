"""`dckgrade all`: every lab in one run, what they share asked once, one document, each lab whole in it."""

import json
import threading
import time
from collections import Counter
from pathlib import Path
from socket import socket

import jsonschema
import pytest

from dckgrade.lab.discovery import list_lab_paths
from dckgrade.probes.base import observation_key
from dckgrade.render.formats import DocumentKind, list_suffixes
from dckgrade.report import codec, signature
from tests.support.built_in_labs import load_built_in_lab
from tests.support.cli_runner import NOWHERE, dckgrade
from tests.support.fault_engine import FaultEngine, Reply, reply_with

EMPTY = {"/containers/json": reply_with([]), "/images/json": reply_with([]), "/info": reply_with({"ID": "e"})}
LABS = list(list_lab_paths())


def slow(say: Reply, seconds: float) -> Reply:
    def later(connected: socket, over: threading.Event) -> None:
        over.wait(seconds)
        say(connected, over)

    return later


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    path = tmp_path / "Ada" / "all.json"
    path.parent.mkdir()
    with FaultEngine(tmp_path / "engine.sock", EMPTY) as engine:
        dckgrade("all", "--host", engine.url, "--trainee", "Ada", "-o", str(path), "--workdir", str(tmp_path))
    return path


def test_every_lab_is_graded_and_each_question_is_asked_once(tmp_path: Path) -> None:
    with FaultEngine(tmp_path / "engine.sock", EMPTY) as engine:
        done = dckgrade("all", "-f", "json", "--host", engine.url, "--workdir", str(tmp_path))

    session = json.loads(done.stdout)
    jsonschema.validate(session, codec.build_report_schema("session"))
    assert [report["lab"]["id"] for report in session["reports"]] == LABS
    asked = Counter(path.partition("?")[0] for path in engine.list_paths())
    assert asked["/v1.51/containers/json"] == 1, asked
    assert asked["/v1.51/info"] <= 1, asked
    assert session["score"]["possible"] == sum(report["score"]["possible"] for report in session["reports"])


def test_each_report_holds_what_its_own_lab_asks_for_and_no_more(tmp_path: Path) -> None:
    with FaultEngine(tmp_path / "engine.sock", EMPTY) as engine:
        options = ("-f", "json", "--host", engine.url, "--workdir", str(tmp_path))
        together = {
            report["lab"]["id"]: report for report in json.loads(dckgrade("all", *options).stdout)["reports"]
        }
        for lab in LABS:
            alone = json.loads(dckgrade(lab, *options).stdout)
            # What another lab has asked may be there too, where a diagnosis of this one would look at it.
            own = {observation_key(probe) for probe in load_built_in_lab(lab).lab.list_probes()}
            assert alone["observations"].keys() <= together[lab]["observations"].keys() <= own
            assert [check["verdict"] for check in alone["checks"]] == [
                check["verdict"] for check in together[lab]["checks"]
            ]


def test_all_takes_as_long_as_the_slowest_lab_and_not_the_sum(tmp_path: Path) -> None:
    says = {name: slow(say, 0.7) for name, say in EMPTY.items()}
    took = {}
    with FaultEngine(tmp_path / "engine.sock", says) as engine:
        for lab in (*LABS, "all"):
            begun = time.monotonic()
            dckgrade(lab, "-f", "json", "--host", engine.url, "--workdir", str(tmp_path))
            took[lab] = time.monotonic() - begun
    everything = took.pop("all")
    assert everything < 0.6 * sum(took.values()), (everything, took)


def test_without_an_engine_there_is_one_document_in_which_all_is_unknown() -> None:
    done = dckgrade("all", "-f", "json", "--host", NOWHERE)
    session = json.loads(done.stdout)
    verdicts = {check["verdict"] for report in session["reports"] for check in report["checks"]}
    assert (done.returncode, len(session["reports"])) == (3, len(LABS))
    # What needs no engine is judged: files of the working folder, and the engine's own on this machine.
    assert "unknown" in verdicts
    assert "passed" not in verdicts
    assert session["score"]["earned"] == 0


def test_a_lab_that_cannot_be_graded_here_spoils_no_other(tmp_path: Path) -> None:
    with FaultEngine(tmp_path / "engine.sock", EMPTY) as engine:
        done = dckgrade("all", "-f", "json", "--host", engine.url, "--workdir", str(tmp_path))
    ended = {
        report["lab"]["id"]: {check["verdict"] for check in report["checks"]}
        for report in json.loads(done.stdout)["reports"]
    }
    assert "unknown" in ended["tp3"], "this engine's machine has no AppArmor"
    assert "unknown" not in ended["tp5"]
    assert done.returncode == 3, "the worst"


def test_the_terminal_names_the_engine_once_and_ends_with_what_the_labs_come_to(tmp_path: Path) -> None:
    with FaultEngine(tmp_path / "engine.sock", EMPTY) as engine:
        done = dckgrade("all", "--host", engine.url, "--lang", "en", "--workdir", str(tmp_path))
    shown = done.stdout.decode()
    assert shown.startswith(f"Engine: {engine.url}"[:60])
    assert shown.count("Engine: ") == 1
    assert [line.split()[1] for line in shown.partition("All labs\n")[2].splitlines()[:-1]] == LABS


def test_only_leaves_out_the_labs_of_which_no_check_was_chosen() -> None:
    done = dckgrade("all", "-f", "json", "--host", NOWHERE, "--only", "dbserver-running")
    assert json.loads(done.stdout)["lab"]["id"] == "tp5"
    done = dckgrade("all", "--host", NOWHERE, "--only", "dbserver-runing", "--lang", "en")
    assert (done.returncode, b"Did you mean dbserver-running?" in done.stderr) == (5, True)


def test_every_file_asked_for_has_all_labs(tmp_path: Path) -> None:
    ends = list_suffixes(DocumentKind.REPORT)
    outputs = [part for end in ends for part in ("-o", str(tmp_path / f"r{end}"))]
    dckgrade("all", "-f", "json", "--host", NOWHERE, *outputs)
    for end in ends:
        written = (tmp_path / f"r{end}").read_text()
        assert [lab for lab in LABS if lab not in written] == [], end


def test_judge_takes_the_session_as_it_was_written(handed_in: Path) -> None:
    done = dckgrade("judge", str(handed_in), "-f", "json")
    before, after = json.loads(handed_in.read_bytes()), json.loads(done.stdout)
    assert [report["checks"] for report in after["reports"]] == [
        report["checks"] for report in before["reports"]
    ]


def test_collect_counts_a_session_as_its_reports(handed_in: Path) -> None:
    done = dckgrade("collect", str(handed_in.parents[0]), "-f", "json")
    report = json.loads(done.stdout)
    assert report["refused"] == []
    assert report["reports"] == len(LABS)
    (row,) = report["rows"]
    assert (row["trainee"], sorted(row["cells"])) == ("Ada", LABS)


def test_a_session_is_judged_again_in_place_and_stays_whole(handed_in: Path) -> None:
    session = json.loads(handed_in.read_bytes())
    forged = session["reports"][LABS.index("tp5")]["checks"][0]
    forged |= {"verdict": "passed", "earned": forged["points"]}
    handed_in.write_text(json.dumps(session))
    assert dckgrade("judge", "--diff", str(handed_in)).returncode == 1
    assert dckgrade("judge", "--diff", "--write", str(handed_in)).returncode == 0
    mended = json.loads(handed_in.read_bytes())
    assert [report["lab"]["id"] for report in mended["reports"]] == LABS
    assert mended["reports"][LABS.index("tp5")]["checks"][0]["verdict"] == "failed"
    assert Path(f"{handed_in}.before").exists()


def test_signatures_in_a_session_stay_good(handed_in: Path) -> None:
    key = signature.make_key("Ada")
    reports = [codec.from_json(raw, "ada") for raw in codec.split_session(handed_in.read_bytes())]
    session = codec.encode_session([signature.sign_report(report, key) for report in reports])
    apart = list(codec.split_session(session))
    assert len(apart) == len(LABS)
    assert all(signature.has_valid_signature(codec.from_json(raw, "ada"), raw, key) for raw in apart)
    forged = list(codec.split_session(session.replace(b'"earned": 0', b'"earned": 1', 2)))
    assert not all(signature.has_valid_signature(codec.from_json(raw, "ada"), raw, key) for raw in forged)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"schema": "dckgrade-session/1"}',
        b'{"schema": "dckgrade-session/1", "reports": []}',
        b'{"schema": "dckgrade-session/1", "reports": [' + b"{}," * 200 + b"{}]}",
        b'{"schema": "dckgrade-session/1", "reports": ' + b"[" * 100_000,
        b'{"schema": "dckgrade-session/1", "reports": [{"schema": "dckgrade-session/1", "reports": [{}]}]}',
        b'{"schema": "dckgrade-session/1", "reports": "\xff"}',
    ],
    ids=lambda raw: raw[:60],
)
def test_a_session_that_is_none_is_refused_with_its_reason(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(raw)
    done = dckgrade("judge", str(tmp_path / "s.json"), "--lang", "en")
    assert (done.returncode, b"Traceback" in done.stderr) == (2, False)
    assert b"s.json" in done.stderr
    done = dckgrade("collect", str(tmp_path), "-f", "json")
    assert (done.returncode, len(json.loads(done.stdout)["refused"])) == (5, 1)
