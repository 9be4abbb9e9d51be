"""A lab that was checked before is not read again; a doubt about what was kept, and the source is read."""

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from dckgrade.lab import kept, load
from dckgrade.lab.any_probe import decode_probe
from dckgrade.lab.checked import (
    CheckedLab,
    load_checked_lab,
    load_lab_head,
    make_checked,
    write_built_in_labs,
)
from dckgrade.lab.discovery import find_builtin_folder
from dckgrade.lab.kept import LabHead, decode_kept, encode_kept, find_kept_head, get_cache_folder
from dckgrade.lab.load import LabInvalid, load_lab
from dckgrade.lab.model import Lab
from dckgrade.lab.source import read_lab_source
from tests.support.sample_lab import SAMPLE

BUILT_IN = sorted(find_builtin_folder().glob("*.yaml"))
BY_STEM = pytest.mark.parametrize("path", BUILT_IN, ids=lambda path: path.stem)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return get_cache_folder()


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    path = tmp_path / "sample.yaml"
    path.write_text(SAMPLE.replace("id: sample", f"id: {path.stem}"), encoding="utf-8")
    return path


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """List the labs whose source is read from now on."""
    seen: list[Path] = []

    def note(raw: bytes, path: Path) -> Lab:
        seen.append(path)
        return parse(raw, path)

    parse = load.parse_lab
    monkeypatch.setattr(load, "parse_lab", note)
    return seen


def show_head(head: LabHead | None) -> list[object]:
    return [getattr(head, name) for name in LabHead.__struct_fields__]


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


@BY_STEM
def test_a_built_in_lab_comes_back_as_it_was_checked(path: Path) -> None:
    loaded = load_lab(path)
    made = make_checked(loaded.lab, loaded.digest, with_times=False)
    assert decode_kept(encode_kept(made), CheckedLab, decode_probe) == made
    assert load_checked_lab(path) == load_checked_lab(path) == loaded


def test_the_second_time_no_source_is_read(lab: Path, parsed: list[Path]) -> None:
    assert load_checked_lab(lab) == load_checked_lab(lab)
    assert show_head(find_kept_head(lab)) == show_head(load_lab_head(lab))
    assert parsed == [lab]


def test_what_is_kept_is_the_user_s_alone(lab: Path, cache: Path) -> None:
    load_checked_lab(lab)
    assert stat.S_IMODE(only_file(cache).stat().st_mode) == 0o600
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


def test_a_changed_lab_is_read_again(lab: Path, parsed: list[Path]) -> None:
    before = load_checked_lab(lab)
    lab.write_text(lab.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    after = load_checked_lab(lab)
    assert after.lab == before.lab
    assert after.digest != before.digest
    assert parsed == [lab, lab]


def test_what_another_code_has_checked_is_checked_again(
    lab: Path, parsed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    load_checked_lab(lab)
    monkeypatch.setattr(kept, "digest_tool", lambda *, with_times: f"another {with_times}")
    load_checked_lab(lab)
    assert parsed == [lab, lab]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda raw: raw[:-1],
    "a digest alone": lambda raw: raw[:32],
    "one bit": lambda raw: raw[:99] + bytes([raw[99] ^ 1]) + raw[100:],
    "too long": lambda raw: raw + b"\0" * kept.MAX_KEPT_BYTES,
    "no lab": lambda _: b"\x93\x01\x02",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_not_used_and_is_mended(
    damage: str, lab: Path, cache: Path, parsed: list[Path]
) -> None:
    first = load_checked_lab(lab)
    path = only_file(cache)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    assert load_checked_lab(lab) == load_checked_lab(lab) == first
    assert parsed == [lab, lab]


def test_content_that_fits_no_lab_of_today_is_not_used(lab: Path) -> None:
    loaded = load_lab(lab)
    raw = encode_kept(make_checked(loaded.lab, loaded.digest, with_times=True))
    content = raw[32:].replace(b"container", b"contrainer")
    assert content != raw[32:]
    assert decode_kept(hashlib.sha256(content).digest() + content, CheckedLab, decode_probe) is None


def test_a_kept_lab_under_another_lab_s_key_is_not_used(lab: Path, cache: Path, parsed: list[Path]) -> None:
    load_checked_lab(lab)
    raw = only_file(cache).read_bytes()
    lab.write_text(lab.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    (cache / kept.name_kept(read_lab_source(lab).digest)).write_bytes(raw)
    load_checked_lab(lab)
    assert parsed == [lab, lab]


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770])
def test_a_folder_that_others_can_write_to_is_neither_trusted_nor_used(
    mode: int, lab: Path, cache: Path, parsed: list[Path]
) -> None:
    load_checked_lab(lab)
    cache.chmod(mode)
    load_checked_lab(lab)
    assert parsed == [lab, lab]
    only_file(cache).unlink()
    load_checked_lab(lab)
    assert list(cache.iterdir()) == []


def test_a_file_that_others_can_write_to_is_not_trusted(lab: Path, cache: Path, parsed: list[Path]) -> None:
    load_checked_lab(lab)
    only_file(cache).chmod(0o666)
    load_checked_lab(lab)
    assert parsed == [lab, lab]


def test_a_link_or_a_pipe_in_the_cache_is_not_read(lab: Path, cache: Path, parsed: list[Path]) -> None:
    load_checked_lab(lab)
    path = only_file(cache)
    path.rename(cache.parent / "elsewhere")
    path.symlink_to(cache.parent / "elsewhere")
    load_checked_lab(lab)
    path.unlink()
    os.mkfifo(path)
    load_checked_lab(lab)
    assert parsed == [lab, lab, lab]


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(lab: Path, cache: Path) -> None:
    cache.parent.parent.mkdir(parents=True)
    cache.parent.write_text("no folder", encoding="utf-8")
    assert load_checked_lab(lab) == load_lab(lab)
    assert load_lab_head(lab).points == sum(check.points for check in load_lab(lab).lab.checks)


def test_a_lab_with_a_fault_is_refused_each_time_with_its_place(lab: Path, cache: Path) -> None:
    lab.write_text(lab.read_text(encoding="utf-8").replace("version: 1", "version: 2"), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(LabInvalid, match=r"sample\.yaml:\d+:\d+: "):
            load_checked_lab(lab)
    assert not cache.exists()


def test_the_same_bytes_under_another_name_are_refused(lab: Path) -> None:
    load_checked_lab(lab)
    other = lab.with_name("other.yaml")
    other.write_bytes(lab.read_bytes())
    with pytest.raises(LabInvalid, match=r"other\.yaml:\d+:\d+: the file is called"):
        load_checked_lab(other)


def test_the_cache_does_not_grow_without_end(lab: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MAX_KEPT_LABS", 3)
    for turn in range(5):
        lab.write_text(lab.read_text(encoding="utf-8") + f"# {turn}\n", encoding="utf-8")
        load_checked_lab(lab)
    assert len(list(cache.iterdir())) == 3


def test_the_build_writes_each_lab_beside_its_yaml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parsed: list[Path]
) -> None:
    package = tmp_path / "package"
    folder = package / "checks"
    folder.mkdir(parents=True)
    for path in BUILT_IN[:2]:
        (folder / path.name).write_bytes(path.read_bytes())
    written = write_built_in_labs(folder, folder)
    assert written == [folder / f"{path.stem}.msgpack" for path in BUILT_IN[:2]]
    monkeypatch.setattr(kept, "PACKAGE", package)
    parsed.clear()
    assert [load_checked_lab(folder / path.name).lab for path in BUILT_IN[:2]] == [
        load_lab(path).lab for path in BUILT_IN[:2]
    ]
    assert not [path for path in parsed if path.parent == folder]


def test_inputs_are_kept_as_help_reads_them() -> None:
    declared = [path for path in BUILT_IN if load_lab(path).lab.inputs]
    assert declared
    for path in declared:
        assert [entry["name"] for entry in load_lab_head(path).inputs] == [
            entry.name for entry in load_lab(path).lab.inputs
        ]
        assert show_head(load_lab_head(path)) == show_head(find_kept_head(path))
