"""What makes a recording stale, and what does not."""

import shutil
from pathlib import Path

import pytest

from dckgrade.lab.discovery import find_builtin_folder, list_labs_in_folders
from dckgrade.prove import provenance
from dckgrade.prove.case import Case, list_cases
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab

MAX_STALE = 5
CODE = '"""What it is."""\n\n\ndef add(a: int, b: int) -> int:\n    """Add."""\n    return a + b\n'


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """Give a case of a copy of TP5's."""
    shutil.copytree(FIXTURES / "tp5", tmp_path / "tp5")
    (tmp_path / "images").symlink_to(FIXTURES / "images")
    return next(case for case in list_cases(tmp_path, "tp5") if case.name == "no-password")


def digest_text(folder: Path, text: str) -> str:
    folder.mkdir()
    (folder / "code.py").write_text(text)
    return provenance.digest_code(folder)


def test_few_recordings_are_stale() -> None:
    stale = [
        f"{lab}/{name}"
        for lab in list_labs_in_folders(find_builtin_folder())
        for name in sorted(
            provenance.find_stale_recordings(load_built_in_lab(lab), FIXTURES, list_cases(FIXTURES, lab))
        )
    ]

    assert len(stale) <= MAX_STALE, (
        f"{len(stale)} recordings are older than what made them: {' '.join(stale[:20])}"
        f"{' …' if len(stale) > 20 else ''}. Run nox -s prove, and nox -s record for what has changed."
    )


@pytest.mark.parametrize(
    "same",
    [
        CODE.replace("What it is.", "What this is."),
        CODE.replace("    return", "    # The sum.\n    return"),
        CODE.replace('    """Add."""\n', ""),
        CODE.replace("(a: int, b: int)", "(\n    a: int,\n    b: int,\n)"),
    ],
)
def test_wording_and_layout_make_no_difference(tmp_path: Path, same: str) -> None:
    assert same != CODE
    assert digest_text(tmp_path / "before", CODE) == digest_text(tmp_path / "after", same)


@pytest.mark.parametrize("other", [CODE.replace("a + b", "a - b"), CODE.replace("b: int", "b: float")])
def test_what_code_does_makes_a_difference(tmp_path: Path, other: str) -> None:
    assert digest_text(tmp_path / "before", CODE) != digest_text(tmp_path / "after", other)


def test_a_text_that_is_no_docstring_makes_a_difference(tmp_path: Path) -> None:
    before, after = (f'def name() -> str:\n    return "{word}"\n' for word in ("old", "new"))

    assert digest_text(tmp_path / "before", before) != digest_text(tmp_path / "after", after)


def test_a_stamped_recording_is_stale_once_its_case_has_changed(case: Case) -> None:
    loaded, fixtures = load_built_in_lab("tp5"), case.folder.parents[2]
    provenance.stamp_recordings(loaded, fixtures, list_cases(fixtures, "tp5"))
    assert provenance.find_stale_recordings(loaded, fixtures, list_cases(fixtures, "tp5")) == set()

    (case.folder / "apply.sh").write_text("docker run -d --name dbserver postgres:18\n")

    assert provenance.find_stale_recordings(loaded, fixtures, list_cases(fixtures, "tp5")) == {case.name}


def test_a_recording_without_a_stamp_is_stale(case: Case) -> None:
    loaded, fixtures = load_built_in_lab("tp5"), case.folder.parents[2]
    (fixtures / "tp5" / "recorded.json").unlink(missing_ok=True)

    assert case.name in provenance.find_stale_recordings(loaded, fixtures, [case])


def test_stamping_one_case_leaves_the_stamps_of_others(case: Case) -> None:
    loaded, fixtures = load_built_in_lab("tp5"), case.folder.parents[2]
    provenance.stamp_recordings(loaded, fixtures, list_cases(fixtures, "tp5"))
    before = provenance.read_stamps(fixtures, "tp5")

    provenance.stamp_recordings(loaded, fixtures, [case])

    assert provenance.read_stamps(fixtures, "tp5") == before


def test_a_recording_depends_on_the_topics_of_its_lab_and_on_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    digested: list[str] = []

    def note(folder: Path) -> str:
        digested.append(folder.relative_to(provenance.PACKAGE).as_posix())
        return ""

    monkeypatch.setattr(provenance, "digest_code", note)

    provenance.digest_lab_parts(load_built_in_lab("tp2"), FIXTURES)

    assert {"engine", "grading", "probes/support", "probes/seccomp"} <= set(digested)
    assert "probes/elastic" not in digested
