"""Reports lead to a mistake's page where the package's metadata names a site, and nowhere else."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from dckgrade.lab.catalogue import collect_mistakes
from dckgrade.render.explanation import render_mistake
from dckgrade.render.mistake_page import find_mistake_page, read_site_address
from dckgrade.render.report.html import render_report_page
from pictures.draw import judge_demonstration
from tests.support.built_in_labs import load_built_in_lab

PAGE = "https://docs.example/dckgrade/en/mistakes/ST-01.html"


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    read_site_address.cache_clear()
    yield
    read_site_address.cache_clear()


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Have the metadata of a package that was built with these lines found first."""
    metadata = folder / "dckgrade-1.0.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("\n".join(["Metadata-Version: 2.4", "Name: dckgrade", "Version: 1.0.0", *lines, ""]))
    monkeypatch.syspath_prepend(str(folder))


def test_reports_and_explain_lead_to_the_mistake_s_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = (
        "Project-URL: Repository, https://forge.example",
        "Project-URL: Documentation, https://docs.example/dckgrade/",
    )
    install(tmp_path, monkeypatch, *urls)

    assert f'<a href="{PAGE}" rel="noreferrer">' in render_report_page(judge_demonstration("en"))
    assert PAGE not in render_report_page(judge_demonstration("en"), hints=0)
    known = collect_mistakes([load_built_in_lab("tp5").lab])["ST-01"]
    console = Console(file=io.StringIO(), width=120)
    console.print(render_mistake(known, "en"))
    assert f"\n  https://hub.docker.com/_/postgres\n  {PAGE}\n" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_lab_of_somebody_s_own_has_no_page_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "Project-URL: Documentation, https://docs.example/dckgrade")

    assert find_mistake_page("HE-01", "hello", "en") == ""
    assert find_mistake_page("ST-01", "tp5", "en") == PAGE


def test_without_an_address_there_is_no_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch)

    assert read_site_address() == ""
    assert "mistakes/ST-01" not in render_report_page(judge_demonstration("en"))
