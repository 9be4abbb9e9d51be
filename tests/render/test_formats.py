"""The table of output formats: each row works, and a row is all that a new format takes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from dckgrade.cli import output
from dckgrade.render import formats
from dckgrade.render.formats import DocumentKind, OutputFormat
from dckgrade.report.report import Report
from tests.support.rendering import list_sanitizing_formats, render_to_bytes
from tests.support.reports import make_eventful_report

TOY = OutputFormat("toy", ".toy", report="report.toy:render_toy", appendable=True)
WITH_TOY = """
import sys
from types import ModuleType
from dckgrade.render import formats
toy = ModuleType("dckgrade.render.report.toy")
toy.render_toy = lambda reports, hints: f"toy of {reports[0].lab.id} with {hints} hints"
sys.modules[toy.__name__] = toy
formats.FORMATS.append(formats.OutputFormat("toy", ".toy", report="report.toy:render_toy"))
from dckgrade.__main__ import main
main()
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add one renderer module and one row, and nothing else."""
    module = ModuleType("dckgrade.render.report.toy")

    def render_toy(reports: list[Report], hints: int) -> str:
        return f"toy of {reports[0].lab.id} with {hints} hints"

    module.render_toy = render_toy  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(formats, "FORMATS", [*formats.FORMATS, TOY])


@pytest.fixture
def dckgrade_with_toy(tmp_path: Path) -> Run:
    """Run the command with that row in the table."""

    def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", WITH_TOY, *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "DCKGRADE_LANG": "en", **environ},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.mark.parametrize("row", formats.FORMATS, ids=lambda row: row.name)
def test_every_renderer_that_a_row_names_is_there(row: OutputFormat) -> None:
    kinds = [kind for kind in DocumentKind if row in formats.list_formats(kind)]
    assert kinds
    assert all(callable(row.load_renderer(kind)) for kind in kinds)


def test_no_two_formats_share_a_name_or_a_suffix() -> None:
    names = [row.name for row in formats.FORMATS]
    suffixes = [row.suffix for row in formats.FORMATS if row.suffix]
    assert len(names) == len(set(names))
    assert len(suffixes) == len(set(suffixes))


@pytest.mark.parametrize(
    ("kind", "names", "suffixes"),
    [
        (
            DocumentKind.REPORT,
            {"text", "json", "junit", "tap", "md", "github", "csv", "gradescope"},
            {".json", ".html", ".xml", ".tap", ".md", ".csv", ".gradescope.json"},
        ),
        (DocumentKind.CLASS_REPORT, {"text", "json", "csv"}, {".html", ".json", ".csv", ".xml"}),
        (
            DocumentKind.PROOF,
            {"text", "json", "junit", "github", "md"},
            {".html", ".json", ".xml", ".md"},
        ),
    ],
    ids=lambda value: value.value if isinstance(value, DocumentKind) else "",
)
def test_what_users_rely_on_is_in_the_table(kind: DocumentKind, names: set[str], suffixes: set[str]) -> None:
    assert names - set(formats.list_stdout_names(kind)) == set()
    assert suffixes - set(formats.list_suffixes(kind)) == set()


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("a.json", "json"),
        ("a.gradescope.json", "gradescope"),
        ("a.tar.xml", "junit"),
        (".json", None),
        ("a.txt", None),
        ("json", None),
    ],
)
def test_a_file_has_the_format_of_the_longest_suffix(file_name: str, name: str | None) -> None:
    found = formats.find_format_of_file(file_name, DocumentKind.REPORT)
    assert (found and found.name) == name


def test_a_suffix_is_of_one_kind_of_document_alone() -> None:
    found = formats.find_format_of_file("class.gradescope.json", DocumentKind.CLASS_REPORT)
    assert found
    assert found.name == "json"
    assert formats.find_format_of_file("class.tap", DocumentKind.CLASS_REPORT) is None


def test_a_renderer_is_given_only_the_options_that_it_heeds() -> None:
    csv = formats.get_format("csv")
    assert csv.encode(DocumentKind.REPORT, [make_eventful_report()], hints=3, lang="fr") == csv.encode(
        DocumentKind.REPORT, [make_eventful_report()]
    )
    tap = formats.get_format("tap")
    assert tap.encode(DocumentKind.REPORT, [make_eventful_report()], hints=0) != tap.encode(
        DocumentKind.REPORT, [make_eventful_report()], hints=3
    )


@pytest.mark.usefixtures("toy")
def test_a_new_row_is_offered_found_by_its_suffix_rendered_and_tested_with_hostile_text(
    tmp_path: Path,
) -> None:
    assert "toy" in formats.list_stdout_names(DocumentKind.REPORT)
    assert "toy" not in formats.list_stdout_names(DocumentKind.PROOF)
    assert "toy" in list_sanitizing_formats(DocumentKind.REPORT)
    assert (
        render_to_bytes("toy", DocumentKind.REPORT, [make_eventful_report()], hints=2)
        == b"toy of tp9 with 2 hints"
    )
    paths = output.validate_output_paths([tmp_path / "x.toy"])
    output.write_reports([make_eventful_report()], paths, 1)
    assert (tmp_path / "x.toy").read_text() == "toy of tp9 with 1 hints"


def test_a_new_row_is_in_the_help_and_in_the_completion(dckgrade_with_toy: Run) -> None:
    for command in ("demo", "judge", "tp5"):
        help_text = dckgrade_with_toy(command, "--help").stdout
        assert "|gradescope|toy>" in help_text, command
        assert "|.toy)" in help_text, command
    assert "toy" not in dckgrade_with_toy("prove", "--help").stdout
    completed = dckgrade_with_toy(
        _DCKGRADE_COMPLETE="complete_bash", COMP_WORDS="dckgrade demo -f t", COMP_CWORD="3"
    )
    assert completed.stdout.split() == ["text", "tap", "toy"]


def test_a_new_row_is_printed_and_written(dckgrade_with_toy: Run, tmp_path: Path) -> None:
    done = dckgrade_with_toy("demo", "-f", "toy", "--hints", "3", "-o", str(tmp_path / "x.toy"))
    assert done.stdout == "toy of tp5 with 3 hints"
    assert (tmp_path / "x.toy").read_text() == done.stdout
    refused = dckgrade_with_toy("demo", "-o", str(tmp_path / "x.toi"))
    assert refused.returncode == 2
    assert ".toy" in refused.stderr
