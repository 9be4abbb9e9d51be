"""Many reports: each is judged and let go, and ten times as many take hardly more memory."""

from pathlib import Path

import pytest
from classroom import made, run

FEW, MANY = 200, 2_000
PADDING = 40_000
MOST = 15
"""Megabytes that 1,800 further reports may add, held as what they came to; they are 80 MB on disk."""
HELD = """
import sys
from pathlib import Path
from dckgrade.report import codec
held = [codec.from_json(path.read_bytes(), str(path)) for path in Path(sys.argv[1]).rglob("*.json")]
"""


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Write a small and a large class."""
    folder = tmp_path_factory.mktemp("classes")
    for size in (FEW, MANY):
        made(size, folder / str(size), padding=PADDING)
    return folder / str(FEW), folder / str(MANY)


def growth(few: tuple[float, float], many: tuple[float, float]) -> float:
    """Give the megabytes that the large class took more than the small one."""
    return many[1] - few[1]


def test_ten_times_the_reports_take_hardly_more_memory_page_and_document_included(
    classes: tuple[Path, Path], tmp_path: Path
) -> None:
    page, document = tmp_path / "class.html", tmp_path / "class.json"
    few, many = (
        run("-m", "dckgrade", "collect", str(folder), "-o", str(page), "-o", str(document))
        for folder in classes
    )
    assert growth(few, many) < MOST
    assert page.stat().st_size < 1_000_000


def test_reports_that_were_held_would_be_noticed(classes: tuple[Path, Path]) -> None:
    few, many = (run("-c", HELD, str(folder)) for folder in classes)
    assert growth(few, many) > MOST
