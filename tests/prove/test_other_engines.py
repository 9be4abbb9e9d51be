"""
Reports made on eight other engines, judged again: as the cases say, but where a reason is listed here.

They were made before some facts were looked for. What they do not hold is unknown, and nobody's mistake.
"""

import json
import lzma
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache

import pytest
from msgspec import Struct

from dckgrade.grading import judging
from dckgrade.lab.discovery import find_builtin_folder, list_labs_in_folders
from dckgrade.prove.case import Case, get_diagnosis_code, list_cases
from dckgrade.report import codec
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Verdict
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab

RECORDINGS = FIXTURES.parent / "tests" / "answers" / "reports" / "other-engines.jsonl.xz"
MOST_EXCEPTIONS = 0.25
"""Of the recordings: more would mean that the recordings are no proof of anything."""
Ending = tuple[Verdict, str | None]


class Exceptions(Struct, frozen=True):
    """Checks that end otherwise than their case says, and why that is right."""

    reason: str
    ending: Ending
    checks: Sequence[str]
    recordings: Sequence[str]
    """Patterns of names: engine, lab, case."""


UNKNOWN: Ending = (Verdict.UNKNOWN, None)
EXCEPTIONS = [
    Exceptions(
        "Whether a scan is under way, or out of sight in a volume or another format, was not looked for yet.",
        UNKNOWN,
        ["image-scanned"],
        [
            "e2[69]*-tp4-cache-in-use",
            "*-tp4-container-without-the-engine",
            "e2[69]*-tp4-database-not-downloaded",
            "e2[69]*-tp4-disk-full",
            "e2[69]-tp4-misspelt-tag",
            "e29-tp4-no-access",
            "*-tp4-no-cache-found",
            "*-tp4-only-the-database",
        ],
    ),
    Exceptions(
        "Nor for the database that such a scan took.",
        UNKNOWN,
        ["database-downloaded"],
        ["*-tp4-forged-report", "*-tp4-no-cache-found", "*-tp4-partial-report"],
    ),
    Exceptions(
        "A cache and a report, which show that Trivy was there, were not looked for yet.",
        UNKNOWN,
        ["trivy-available", "database-downloaded", "image-scanned"],
        ["*-tp4-untouched", "*-tp4-not-installed"],
    ),
    Exceptions(
        "This engine refused to show files of a container (moby#52653), and the log was not looked at yet.",
        UNKNOWN,
        ["database-downloaded"],
        [
            "e28c-tp4-container",
            "e28c-tp4-database-not-downloaded",
            "e28c-tp4-disk-full",
            "e28c-tp4-memory-cache",
            "e28c-tp4-misspelt-tag",
        ],
    ),
    Exceptions(
        "This engine refused to show files of a container (moby#52653); nothing else is left of the scan.",
        UNKNOWN,
        ["image-scanned"],
        [
            "e28c-tp4-cache-in-use",
            "e28c-tp4-database-not-downloaded",
            "e28c-tp4-disk-full",
            "e28c-tp4-misspelt-tag",
            "e28c-tp4-no-access",
        ],
    ),
    Exceptions(
        "cAdvisor 0.49 does not know containerd's image store.",
        (Verdict.UNKNOWN, "PM-20"),
        ["metrics-name-this-engine"],
        ["e28c-tp6-solution", "p29-tp6-solution", "e28c-tp6-no-dashboard", "e28c-tp6-prometheus-3"],
    ),
    Exceptions(
        "What reaches Prometheus only reaches Grafana.",
        UNKNOWN,
        ["metrics-through-grafana"],
        ["e28c-tp6-solution", "p29-tp6-solution", "e28c-tp6-no-dashboard", "e28c-tp6-prometheus-3"],
    ),
    Exceptions(
        "Without control groups the engine gave the machine's figures.",
        (Verdict.UNKNOWN, "ST-09"),
        ["webservers-stats"],
        ["rl28-tp5-by-image-id", "rl28-tp5-no-password", "rl28-tp5-option-*", "rl28-tp5-solution"],
    ),
    Exceptions(
        "Without control groups the engine gave the machine's figures.",
        (Verdict.UNKNOWN, "ST-09"),
        ["dbserver-stats"],
        ["rl28-tp5-by-image-id", "rl28-tp5-solution"],
    ),
    Exceptions(
        "The call that was refused was not looked for yet, nor the error of the container quoted: no name.",
        (Verdict.FAILED, None),
        ["container-running"],
        ["e26-tp2-nginx-dies", "e26-tp2-whitelist-too-short"],
    ),
    Exceptions(
        "The error in the container's log was not quoted yet.",
        (Verdict.FAILED, None),
        ["still-serves"],
        ["e26-tp2-up-but-not-serving"],
    ),
    Exceptions(
        "Podman makes no container of a profile that it refuses.",
        (Verdict.FAILED, "SC-22"),
        ["container-running"],
        ["pod-tp2-misspelt-action"],
    ),
]


@cache
def read_recordings() -> Mapping[str, Report]:
    """Read the reports by name."""
    lines = lzma.decompress(RECORDINGS.read_bytes()).splitlines()
    kept = [json.loads(line) for line in lines]
    return {
        entry["case"]: codec.from_json(json.dumps(entry["report"]).encode(), entry["case"]) for entry in kept
    }


@cache
def read_cases() -> Mapping[tuple[str, str], Case]:
    """Read what is expected, by lab and case."""
    labs = list_labs_in_folders(find_builtin_folder())
    return {(lab, case.name): case for lab in labs for case in list_cases(FIXTURES, lab)}


def judge_again(name: str) -> Iterator[tuple[CheckResult, Ending]]:
    """Yield each check as it is judged now, and how its case says that it ends."""
    _, lab, case = name.split("-", 2)
    expectation = read_cases()[lab, case].expectation
    for line in judging.judge_report_again(load_built_in_lab(lab), read_recordings()[name], "en").checks:
        yield line, expectation.get_expected_result(line.id)


def find_exceptions(name: str, check: str) -> list[Exceptions]:
    """Find what is listed for a check."""
    return [
        listed
        for listed in EXCEPTIONS
        if check in listed.checks and any(fnmatchcase(name, pattern) for pattern in listed.recordings)
    ]


@pytest.mark.parametrize("name", read_recordings())
def test_a_report_of_another_engine_is_judged_as_its_case_says(name: str) -> None:
    for line, expected in judge_again(name):
        listed = find_exceptions(name, line.id)
        wanted = listed[0].ending if listed else expected
        assert (line.id, line.verdict, get_diagnosis_code(line)) == (line.id, *wanted)


def test_every_exception_is_one_and_they_are_few() -> None:
    excepted = set()
    for name in read_recordings():
        for line, expected in judge_again(name):
            listed = find_exceptions(name, line.id)
            assert len(listed) <= 1, (name, line.id)
            assert not listed or listed[0].ending != expected, (name, line.id)
            excepted |= {name} if listed else set()
    unused = [
        (pattern, check)
        for listed in EXCEPTIONS
        for pattern in listed.recordings
        for check in listed.checks
        if not any(fnmatchcase(name, pattern) for name in read_recordings())
    ]
    assert unused == []
    assert len(excepted) <= MOST_EXCEPTIONS * len(read_recordings())
