"""Files of labs: found, read, digested; and what two of them must not have in common."""

import hashlib
from pathlib import Path

import pytest

from dckgrade.i18n import UserError
from dckgrade.lab.discovery import NoSuchLab, find_lab_path, list_lab_paths
from dckgrade.lab.load import find_repeated_codes, load_lab
from dckgrade.lab.model import LoadedLab, parse_duration_s
from dckgrade.lab.source import MAX_YAML_BYTES
from tests.support.sample_lab import FILE, SAMPLE, lab


def test_a_file_is_loaded_with_the_digest_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "sample.yaml"
    path.write_text(SAMPLE, encoding="utf-8")
    loaded = load_lab(path)
    assert loaded.lab == lab()
    assert loaded.digest == f"sha256:{hashlib.sha256(SAMPLE.encode()).hexdigest()}"


def test_a_mark_and_line_ends_of_windows_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sample.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SAMPLE.replace("\n", "\r\n").encode())
    assert load_lab(path).lab == lab()


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read_is_trouble_and_no_crash(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        load_lab(tmp_path / name)


def test_of_an_endless_file_only_so_much_is_read_as_is_needed_to_refuse_it() -> None:
    with pytest.raises(Exception, match=f"larger than {MAX_YAML_BYTES} bytes"):
        load_lab(Path("/dev/zero"))


def test_a_code_that_two_labs_give_to_mistakes_of_their_own_is_found_at_its_line(tmp_path: Path) -> None:
    loaded: list[LoadedLab] = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.yaml"
        path.write_text(SAMPLE.replace("id: sample", f"id: {name}"), encoding="utf-8")
        loaded.append(load_lab(path))
    lines = [line for invalid in find_repeated_codes(loaded) for line in invalid.format_problems("en")]
    other = tmp_path / "one.yaml"
    assert lines == [
        f"{tmp_path}/two.yaml:15:15: AB-01 already names a mistake of {other}",
        f"{tmp_path}/two.yaml:20:15: AB-02 already names a mistake of {other}",
    ]
    assert list(find_repeated_codes(loaded[:1])) == []


def test_the_shelf_has_tp5_and_guesses_what_was_meant() -> None:
    assert find_lab_path("tp5") == list_lab_paths()["tp5"]
    with pytest.raises(NoSuchLab, match="Did you mean tp5"):
        find_lab_path("tp55")
    with pytest.raises(NoSuchLab, match="Available: "):
        find_lab_path("zzzzzz")


@pytest.mark.parametrize(("written", "expected"), [("500ms", 0.5), ("20s", 20.0), ("2m", 120.0)])
def test_durations_are_read_as_seconds(written: str, expected: float) -> None:
    assert parse_duration_s(written) == expected


def test_a_full_mistake_is_found_by_its_code_and_a_reference_is_not() -> None:
    full = lab().find_diagnosis("AB-01")
    assert full is not None
    assert full.name == "paused"
    assert lab().find_diagnosis("AB-99") is None


def test_the_sample_is_called_like_its_file() -> None:
    assert lab().id == FILE.stem
