"""Folders, zips and tars of reports: read as they come, bounded, nothing extracted, each refusal a row."""

import gzip
import io
import os
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from dckgrade.classroom import archive_bounds as module
from dckgrade.classroom.submissions import Submission, read_submissions
from dckgrade.i18n import UserError

REPORT = b'{"schema": "dckgrade-report/1"}'
BOMB = b"0" * (40 * 1024 * 1024)


def read(*paths: Path) -> list[Submission]:
    return list(read_submissions(list(paths)))


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, members: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def test_a_folder_is_read_to_its_depths_and_only_its_json(tmp_path: Path) -> None:
    (tmp_path / "ada" / "deep").mkdir(parents=True)
    (tmp_path / "ada" / "deep" / "tp5.json").write_bytes(REPORT)
    (tmp_path / "ada" / "tp5.html").write_bytes(b"<html>")
    (submission,) = read(tmp_path)
    assert (submission.path_within, submission.raw, submission.refusal) == ("ada/deep/tp5.json", REPORT, None)
    assert submission.source == str(tmp_path / "ada/deep/tp5.json")


def test_a_link_is_not_followed_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.json").write_bytes(REPORT)
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "link.json").symlink_to(tmp_path / "elsewhere.json")
    (submission,) = read(tmp_path / "class")
    assert (submission.raw, "is a link" in str(submission.refusal)) == (b"", True)


def test_moodle_s_zip_of_the_whole_class_is_read_as_it_comes(tmp_path: Path) -> None:
    members = {
        "Ada Lovelace_7_assignsubmission_file_/tp5.json": REPORT,
        "Élodie Çelik_8_assignsubmission_file_/mon tp.json": REPORT,
        "Ada Lovelace_7_assignsubmission_file_/photo.png": b"\x89PNG",
        "__MACOSX/Ada/._tp5.json": b"\0\5\x16\7",
    }
    found = read(zipped(tmp_path / "moodle.zip", members))
    assert [submission.path_within for submission in found] == list(members)[:2]
    assert all(submission.raw == REPORT for submission in found)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_is_read_whatever_it_is_packed_with(tmp_path: Path, mode: str) -> None:
    suffix = mode.replace("w", ".tar").replace(":", ".")
    found = read(tarred(tmp_path / f"class{suffix}", {"ada/tp5.json": REPORT, "bob/tp5.json": REPORT}, mode))
    assert [submission.path_within for submission in found] == ["ada/tp5.json", "bob/tp5.json"]


@pytest.mark.parametrize("name", ["../../etc/cron.d/x.json", "/etc/x.json", "..\\x.json", "a/../../x.json"])
def test_a_path_that_leads_out_is_only_a_name(tmp_path: Path, name: str) -> None:
    before = set(tmp_path.rglob("*")) | {tmp_path / "class.zip", tmp_path / "class.tgz"}
    found = read(
        zipped(tmp_path / "class.zip", {name: REPORT}), tarred(tmp_path / "class.tgz", {name: REPORT})
    )
    assert [submission.raw for submission in found] == [REPORT, REPORT]
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_what_is_no_plain_file_in_a_tar_is_told_and_not_read(tmp_path: Path, kind: bytes) -> None:
    member = tarfile.TarInfo("x.json")
    member.type, member.linkname = kind, "/etc/passwd"
    with tarfile.open(tmp_path / "class.tar", "w") as archive:
        archive.addfile(member)
    (submission,) = read(tmp_path / "class.tar")
    assert (submission.raw, "link or a device" in str(submission.refusal)) == (b"", True)


@pytest.mark.parametrize("make", [zipped, tarred])
def test_a_bomb_is_a_refusal_of_one_file_and_the_others_are_read(tmp_path: Path, make: object) -> None:
    name = "class.zip" if make is zipped else "class.tgz"
    found = read(make(tmp_path / name, {"bomb.json": BOMB, "tp5.json": REPORT}))  # type: ignore[operator]
    assert [bool(submission.refusal) for submission in found] == [True, False]
    assert all(len(submission.raw) < 1024 for submission in found)


def test_an_archive_that_is_larger_than_any_class_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ARCHIVE_BYTES", 2048)
    many = {f"{at}.json": os.urandom(900) for at in range(9)}
    for made in (zipped(tmp_path / "class.zip", many), tarred(tmp_path / "class.tar", many, "w")):
        found = read(made)
        assert "more than the reports of a class" in str(found[-1].refusal)
        assert len(found) < 4


def test_too_many_members_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ARCHIVE_MEMBERS", 3)
    many = {f"{at}.txt": b"" for at in range(4)}
    for made in (zipped(tmp_path / "class.zip", many), tarred(tmp_path / "class.tar", many, "w")):
        (submission,) = read(made)
        assert submission.refusal


def test_an_archive_within_an_archive_is_refused_by_name(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"tp5.json": REPORT}).read_bytes()
    for made in (
        zipped(tmp_path / "outer.zip", {"ada/inner.zip": inner}),
        tarred(tmp_path / "outer.tgz", {"ada/inner.zip": inner}),
    ):
        (submission,) = read(made)
        assert "archive within an archive" in str(submission.refusal)
        assert "ada/inner.zip" in str(submission.refusal)


def test_an_encrypted_file_is_refused_by_name(tmp_path: Path) -> None:
    path = zipped(tmp_path / "class.zip", {"tp5.json": REPORT})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    (submission,) = read(path)
    assert "encrypted" in str(submission.refusal)


@pytest.mark.parametrize("cut", [10, 60, 1600])
@pytest.mark.parametrize("suffix", ["zip", "tgz", "tar"])
def test_a_broken_archive_is_a_row_and_no_crash(tmp_path: Path, cut: int, suffix: str) -> None:
    members = {"a.json": REPORT, "b.json": os.urandom(2000)}
    made = tmp_path / "whole"
    (zipped(made, members) if suffix == "zip" else tarred(made, members, "w:gz" if suffix == "tgz" else "w"))
    whole = made.read_bytes()
    broken = tmp_path / f"class.{suffix}"
    broken.write_bytes(whole[:cut])
    found = read(broken)
    assert found[-1].refusal
    assert "class." in str(found[-1].refusal)


def test_random_bytes_are_no_archive(tmp_path: Path) -> None:
    for suffix in ("zip", "tgz", "tar.xz"):
        path = tmp_path / f"noise.{suffix}"
        path.write_bytes(os.urandom(5000))
        (submission,) = read(path)
        assert "not a whole archive" in str(submission.refusal)


def test_a_file_that_is_larger_than_any_report_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024 * 1024)
    (submission,) = read(path)
    assert "larger than any report" in str(submission.refusal)


def test_a_path_that_is_not_there_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no file or folder"):
        read(tmp_path, tmp_path / "nowhere")


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K", b"S", b"X"])
def test_a_header_that_unpacks_to_more_than_any_name_is_given_up_unread(tmp_path: Path, kind: bytes) -> None:
    good, bomb = tarfile.TarInfo("tp5.json"), tarfile.TarInfo("x")
    good.size, bomb.size, bomb.type = len(REPORT), 512 * 1024 * 1024, kind
    path = tmp_path / "bomb.tar.gz"
    with gzip.open(path, "wb", 1) as packed:
        packed.write(good.tobuf() + REPORT.ljust(512, b"\0") + bomb.tobuf())
        for _ in range(64):
            packed.write(bytes(1024 * 1024))
    tracemalloc.start()
    try:
        first, second = read(path)
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert first.raw == REPORT
    assert second.refusal
    assert "bomb.tar.gz" in str(second.refusal)


def test_the_map_of_a_sparse_file_is_no_way_around_it(tmp_path: Path) -> None:
    records = b"".join(
        b"%d %s\n" % (len(record) + 4, record)
        for record in (b"GNU.sparse.major=1", b"GNU.sparse.minor=0", b"GNU.sparse.name=a.json")
    )
    header, member = tarfile.TarInfo("pax"), tarfile.TarInfo("a.json")
    header.type, header.size, member.size = b"x", len(records), 512 * 1024 * 1024
    path = tmp_path / "sparse.tar.gz"
    with gzip.open(path, "wb", 1) as packed:
        packed.write(header.tobuf() + records.ljust(512, b"\0") + member.tobuf() + b"999999999\n")
        packed.write(b"1\n" * (16 * 1024 * 1024))
    tracemalloc.start()
    try:
        (submission,) = read(path)
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert submission.refusal


SESSION = b'{"schema": "dckgrade-session/1", "reports": [%s]}'
DEEP = b"[" * 900 + b"]" * 900


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (SESSION % b",".join([b"{}"] * 101), 1),
        (SESSION % b",".join([b"{}"] * 100), 100),
        (SESSION % b",".join([b"{}"] * 2_700_000), 1),
        (
            b'{"schema": "other", "x": "dckgrade-session/1", "reports": [%s]}'
            % b",".join([b"{}"] * 2_700_000),
            1,
        ),
        # Indented, each of its 4,000 lists would be 1.6 MB.
        (SESSION % b",".join([b"[" + b",".join([DEEP] * 400) + b"]"] * 10), 10),
        (SESSION % (b"[" + b",".join([DEEP] * 4000) + b"]"), 1),
    ],
    ids=["one too many", "as many as may be", "millions", "millions of another", "deep", "one that is long"],
)
def test_a_session_takes_no_more_memory_than_its_reports(tmp_path: Path, content: bytes, count: int) -> None:
    path = tmp_path / "all.json"
    path.write_bytes(content)
    del content
    tracemalloc.start()
    try:
        found = sum(1 for _ in read_submissions([path]))
        assert tracemalloc.get_traced_memory()[1] < 64 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert found == count


def test_files_come_in_the_order_of_their_names_folder_by_folder(tmp_path: Path) -> None:
    names = ["b/tp5.json", "a.json", "a/z.json", "a/b/c.json", "a-b.json", "B.json"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(REPORT)
    (tmp_path / "a" / "link").symlink_to(tmp_path / "b")
    wanted = ["B.json", "a/b/c.json", "a/z.json", "a-b.json", "a.json", "b/tp5.json"]
    assert [submission.path_within for submission in read(tmp_path)] == wanted
    assert [submission.source for submission in read(tmp_path)] == [str(tmp_path / name) for name in wanted]
