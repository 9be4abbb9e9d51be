"""What Trivy writes in any format and encoding, whole and damaged, in; what it proves out."""

import gzip
import json
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from dckgrade.probes.trivy.log_findings import COMPLAINT_PATTERNS, find_fatal_error
from dckgrade.probes.trivy.output_text import decode_output, is_trivy_output
from dckgrade.probes.trivy.outputs import assess_output, shows_table
from dckgrade.probes.trivy.reports import OutputFault, ReportTarget
from dckgrade.probes.trivy.trivy_database import TrivyDatabase
from dckgrade.probes.trivy.trivy_scan import TrivyScan
from tests.support.fake_engine import facts
from tests.support.scenes.trivy import ANSWERS, IMAGE, IMAGE_NAME, NOW, REPORT, TrivyMachine

TARGET = ReportTarget(name=IMAGE_NAME, image=IMAGE, now=NOW)
WHOLE = json.dumps(REPORT, indent=1)
LOG_LINE = "2026-11-24T04:32:41Z\tINFO\t[vuln] Vulnerability scanning is enabled\n"
FORMATS: dict[str, tuple[OutputFault | None, bool]] = {
    "cosign-vuln": (None, True),
    "cyclonedx": (None, True),
    "sarif": (None, True),
    "github": ("packages-only", False),
    "spdx": ("packages-only", False),
    "spdx-json": ("packages-only", False),
    "table": ("other-format", False),
    "template": ("other-format", False),
}


def read_output(name: str) -> bytes:
    """Read what the real Trivy wrote in a format."""
    return (ANSWERS / f"0.68.2-{name}.out").read_bytes()


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_worth_what_ties_it_to_the_image(name: str) -> None:
    content = read_output(name)
    assert is_trivy_output(content)
    found = assess_output(content, TARGET)
    assert found
    assert (found.fault, found.found_from_database) == FORMATS[name]


@pytest.mark.parametrize("name", ["cosign-vuln", "cyclonedx", "sarif", "spdx-json"])
def test_a_format_with_the_identity_of_the_image_shows_another_image(name: str) -> None:
    layers = {"Layers": ["sha256:" + "0" * 64]}
    other = {**IMAGE, "Id": "sha256:" + "1" * 64, "RootFS": layers, "RepoDigests": []}
    found = assess_output(read_output(name), replace(TARGET, image=other))
    assert found
    # SARIF has no layers, and engines that use containerd's store call the same image otherwise.
    assert found.fault == ("other-format" if name == "sarif" else "foreign")
    gone = assess_output(read_output(name), replace(TARGET, image={}))
    assert gone
    assert gone.fault == "image-gone"


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_speaks_of_an_image_of_another_name(name: str) -> None:
    other = read_output(name).replace(b"nginx:1.17", b"nginx:1.18").replace(b"nginx@", b"httpd@")
    found = assess_output(
        other, replace(TARGET, image={**IMAGE, "Id": "sha256:0", "RootFS": {"Layers": ["x"]}})
    )
    assert found is None or found.fault in {"foreign", "forged"}


def test_cyclonedx_without_vulnerabilities_is_a_list_of_packages() -> None:
    report = json.loads(read_output("cyclonedx"))
    del report["vulnerabilities"]
    found = assess_output(json.dumps(report).encode(), TARGET)
    assert found
    assert (found.fault, found.found_from_database) == ("packages-only", False)


ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "utf-8": str.encode,
    "byte order mark": lambda text: text.encode("utf-8-sig"),
    "powershell": lambda text: b"\xff\xfe" + text.replace("\n", "\r\n").encode("utf-16-le"),
    "utf-16 big-endian": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "utf-16 without a mark": lambda text: text.encode("utf-16-le"),
    "gzip": lambda text: gzip.compress(text.encode()),
    "terminal": lambda text: ("\x1b[0m" + text.replace("\n", "\r\n")).encode(),
    "sorted keys": lambda text: json.dumps(json.loads(text), sort_keys=True).encode(),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_true_report_is_taken_in_every_encoding(encoding: str) -> None:
    content = ENCODINGS[encoding](WHOLE)
    assert is_trivy_output(content[:4096])
    found = assess_output(content, TARGET)
    assert found
    assert (found.fault, found.found_from_database, found.line) == (None, True, None)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (LOG_LINE + WHOLE, 1),
        (LOG_LINE * 3 + WHOLE + "\n" + LOG_LINE, 1),
        (WHOLE + "\n" + LOG_LINE, WHOLE.count("\n") + 2),
    ],
)
def test_a_report_between_log_lines_is_read_and_the_line_told(text: str, line: int) -> None:
    found = assess_output(text.encode(), TARGET)
    assert found
    assert (found.fault, found.line) == (None, line)


@pytest.mark.parametrize(
    "text",
    [WHOLE[: len(WHOLE) // 2], LOG_LINE + WHOLE[:2000], WHOLE.replace("Results", LOG_LINE, 1), WHOLE[:-2]],
)
def test_a_report_that_is_not_whole_is_said_to_be_damaged(text: str) -> None:
    found = assess_output(text.encode(), TARGET)
    assert found
    assert (found.fault, found.found_from_database) == ("damaged", False)
    assert found.line
    engine = TrivyMachine()
    engine.written = [("report.json", text.encode())]
    seen = facts(TrivyScan(image=IMAGE_NAME).observe(engine))
    assert (seen["lack"], seen["where"], seen["line"]) == ("damaged", "report.json", found.line)
    assert facts(TrivyDatabase(image=IMAGE_NAME).observe(engine))["unseen"] == "file"


@pytest.mark.parametrize(
    "text",
    [
        "trivy image nginx:1.17 > report.json   # look for CVE-2022-41741\n",
        '{"name": "lab", "runs": {"using": "trivy"}, "scanner": "x", "metadata": []}',
        '{"schema": "dckgrade-report/1", "x": "trivy nginx:1.17 CVE-2022-0001 CVE-2022-0002 CVE-2022-0003"}',
        '[{"RepoTags": ["nginx:1.17"]}]',
        "services:\n  trivy:\n    image: aquasec/trivy\n",
        '{"runs": 7, "bomFormat": "CycloneDX", "spdxVersion": ["trivy"]}',
    ],
)
def test_what_only_speaks_of_trivy_is_no_output_of_it(text: str) -> None:
    assert assess_output(text.encode(), TARGET) is None


def test_a_table_is_of_the_image_that_its_heading_names() -> None:
    table = read_output("table")
    summary = "│ nginx:1.17 (debian 12.1) │ debian │       5         │    -    │\n".encode()
    for content in (table, summary, table.replace(b"nginx:1.17", b"docker.io/library/nginx:1.17")):
        assert shows_table(content, TARGET)
    for content in (
        b"",
        table.replace(b"nginx:1.17", b"nginx:1.18"),
        table.replace(b"nginx:1.17", b"mynginx:1.17"),
        summary.replace(b" 5 ", b" - "),
        b"nginx:1.17 (debian 12.1)\n",
    ):
        assert not shows_table(content, TARGET)
    severe = b"nginx:1.17 (debian 10.4)\n====\nTotal: 12 (HIGH: 11, CRITICAL: 1)\n"
    terminal = (
        b"\x1b[4m\x1b[1mnginx:1.17 (debian 10.4)\x1b[0m\r\n\r\n\x1b[0mTotal: 12 (HIGH: 11, CRITICAL: 1)\r\n"
    )
    assert shows_table(severe, TARGET)
    assert shows_table(terminal, TARGET)


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b", b"\x1f\x8bxxx", b"\xff\xfe", b"\xff\x00" * 40, b"\0"])
def test_bytes_of_any_kind_become_text(content: bytes) -> None:
    assert isinstance(decode_output(content), str)
    assert assess_output(content, TARGET) is None


HUB_LIMIT = """2025-03-25T01:35:00Z\tFATAL\tFatal error\timage scan error: scan error: unable to find the \
specified image "nginx:1.17" in ["docker" "containerd" "podman" "remote"]: 4 errors occurred:
\t* docker error: unable to inspect the image (nginx:1.17): {docker}
\t* containerd error: containerd socket not found: /run/containerd/containerd.sock
\t* remote error: GET https://index.docker.io/v2/library/nginx/manifests/1.17: TOOMANYREQUESTS: You have \
reached your unauthenticated pull rate limit.
"""
FATAL = "2026-11-28T22:42:08Z\tFATAL\tFatal error\t"
NO_DATABASE = "run error: init error: DB error: failed to download vulnerability DB: "


@pytest.mark.parametrize(
    ("log", "clue"),
    [
        (
            HUB_LIMIT.format(docker="Cannot connect to the Docker daemon at unix:///var/run/docker.sock."),
            "no-engine",
        ),
        (HUB_LIMIT.format(docker="Error response from daemon: No such image: nginx:1.17"), "no-image"),
        (
            HUB_LIMIT.format(docker="permission denied while trying to connect: unix:///var/run/docker.sock"),
            "no-access",
        ),
        (
            FATAL + NO_DATABASE + "GET https://ghcr.io/v2/aquasecurity/trivy-db: TOOMANYREQUESTS: x",
            "database",
        ),
        (FATAL + "database error: --skip-db-update cannot be specified on the first run", "database"),
        (FATAL + "write /tmp/x: no space left on device", "disk-full"),
        (
            FATAL + "unable to initialize fs cache: cache may be in use by another process: timeout",
            "cache-in-use",
        ),
        (
            "2021-10-10T10:00:00.000+0200\t\x1b[31mFATAL\x1b[0m\tfailed to download vulnerability DB",
            "database",
        ),
        (FATAL + "run error: image scan error: failed analysis: context canceled", "interrupted"),
        (FATAL + "run error: image scan error: failed analysis: context deadline exceeded", "timed-out"),
        (FATAL + "image scan failed: analyze error: timeout: context deadline exceeded", "timed-out"),
        (HUB_LIMIT.format(docker='Get "http://%2Fd.sock/v1.51/x": context deadline exceeded'), "timed-out"),
        (
            HUB_LIMIT.replace("TOOMANY", "context deadline exceeded").format(docker="No such image"),
            "no-image",
        ),
        (FATAL + NO_DATABASE + "context deadline exceeded", "database"),
        (FATAL + 'unknown command "imgae" for "trivy"', None),
        (FATAL + "failed to download Java DB: TOOMANYREQUESTS", None),
        (FATAL + "GET https://registry.example/v2/: TOOMANYREQUESTS", None),
    ],
)
def test_an_error_has_the_kind_that_only_its_words_show(log: str, clue: str | None) -> None:
    found = find_fatal_error(decode_output((LOG_LINE + log).encode()))
    assert found
    assert (found.clue, found.line) == (clue, 2)
    assert 0 < len(found.text) <= 300
    assert "\n" not in found.text


def test_a_warning_that_is_overcome_is_no_error() -> None:
    assert len({named for named, _ in COMPLAINT_PATTERNS}) == len(COMPLAINT_PATTERNS)
    warning = (
        "2026-11-28T22:42:08Z\tWARN\tFailed to download vulnerability DB from mirror.gcr.io, trying ghcr.io\n"
    )
    assert find_fatal_error(warning + LOG_LINE) is None
    assert find_fatal_error("2026-01-01 00:00:00 UTC [1] FATAL:  password authentication failed\n") is None


def test_the_root_of_a_long_error_is_quoted_and_secrets_are_masked() -> None:
    long = FATAL + "run error: " * 40 + "GET https://me:s3cret@registry.example/v2/: unauthorized"
    found = find_fatal_error(long)
    assert found
    assert found.text.endswith("unauthorized")
    assert "s3cret" not in found.text


def test_an_error_in_a_kept_log_is_quoted_with_its_line() -> None:
    engine = TrivyMachine()
    engine.written = [("scan.log", (LOG_LINE + FATAL + "unknown flag: --foo").encode("utf-16"))]
    seen = facts(TrivyScan(image=IMAGE_NAME).observe(engine))
    assert (seen["program"], seen["text"], seen["place"]) == ("Trivy", "unknown flag: --foo", "scan.log:2")


def test_the_results_alone_as_jq_cuts_them_out_are_true_too() -> None:
    found = assess_output(json.dumps(REPORT["Results"]).encode(), TARGET)
    assert found
    assert (found.fault, found.found_from_database) == (None, True)
