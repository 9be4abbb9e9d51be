"""The pages on paper: no row is cut, no table loses its head, nothing runs off the sheet."""

import io
import re
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

from tests.support.browser_page import open_page
from tests.support.pages import PAGES, gather_small_class, grow_class
from tests.support.rendering import render_class_page

ROWS = 150
A4 = (210, 297)
SMALL = (120, 150)
"""So narrow that a name takes several lines, which a page break could separate."""


def printed(browser: Browser, file: Path, *, lenient: bool = False, size: tuple[int, int] = A4) -> list[str]:
    """Give the text of each sheet; *size* in millimetres."""
    width, height = size
    with open_page(browser, file, lenient=lenient) as opened:
        pdf = opened.page.pdf(width=f"{width}mm", height=f"{height}mm")
    return [sheet.extract_text() for sheet in PdfReader(io.BytesIO(pdf)).pages]


def cut_rows(sheets: list[str]) -> list[str]:
    """Name the trainees whose name, which takes several lines, does not stand on one sheet as a whole."""
    parts = Counter(
        (word[:6], at) for at, sheet in enumerate(sheets) for word in set(re.findall(r"n\d{5}[a-h]", sheet))
    )
    return sorted({who for (who, _), count in parts.items() if count < 8})


@pytest.fixture(scope="module")
def long_class(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("print") / "class.html"
    file.write_text(render_class_page(grow_class(gather_small_class("fr"), ROWS)), encoding="utf-8")
    return file


def test_no_row_of_the_class_is_cut_and_every_sheet_of_it_has_the_head(
    browser: Browser, long_class: Path
) -> None:
    sheets = printed(browser, long_class, size=SMALL)
    assert len(sheets) > 3
    assert cut_rows(sheets) == []
    assert len({name for sheet in sheets for name in re.findall(r"n\d{5}", sheet)}) == ROWS
    heads = [sheet for sheet in sheets if re.search(r"n\d{5}a", sheet)]
    # The names stand in the table of those who are stuck, too.
    assert all("Stagiaire" in head or "Qui" in head for head in heads)


def test_a_row_that_is_cut_would_be_noticed(browser: Browser, long_class: Path, tmp_path: Path) -> None:
    file = tmp_path / "cut.html"
    # A browser keeps two lines together by itself, and a name may have no more than two.
    cutting = "break-inside: auto; orphans: 1; widows: 1"
    file.write_text(long_class.read_text().replace("break-inside: avoid", cutting))
    width, height = SMALL
    # On a sheet of one height every break may fall between two rows by chance.
    sizes = [(width, height + more) for more in (0, 7, 13)]
    assert any(cut_rows(printed(browser, file, lenient=True, size=size)) for size in sizes)


def test_what_was_seen_is_printed_of_what_failed_and_not_of_what_passed(
    browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(PAGES["failing report"]("fr"))
    whole = " ".join(printed(browser, file))
    assert "superuser password is not specified" in whole
    assert whole.count("Ce qui a été observé") == 3  # of six checks, three failed


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_proof_s_matrix_stands_on_one_sheet(browser: Browser, tmp_path: Path, lang: str) -> None:
    file = tmp_path / "proof.html"
    file.write_bytes(PAGES["proof"](lang))  # type: ignore[arg-type]
    sheets = printed(browser, file)
    (first,) = [at for at, sheet in enumerate(sheets) if "untouched" in sheet]
    (last,) = [at for at, sheet in enumerate(sheets) if "docker-29-refuses-cadvisor" in sheet]
    assert first == last
