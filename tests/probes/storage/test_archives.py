"""Kinds `volume-archive` and `same-tree`: whole archives, spoilt ones, and what was restored of them."""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from dckgrade.engine.answers import OutOfReach
from dckgrade.probes.storage.same_tree import SameTree
from dckgrade.probes.storage.volume_archive import VolumeArchive
from dckgrade.report.observation import Absent, Unobservable, UnobservableReason
from tests.support.fake_engine import facts
from tests.support.scenes.storage import BACKUP, STORAGE_VERSIONS, EngineWithVolumes


def pack(*members: tuple[str, str | bytes | None], uid: int = 1000, mode: int = 0o644) -> bytes:
    """Pack files; a name that ends with `/` is a folder, a text leads elsewhere."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name.rstrip("/"))
            info.uid = info.gid = uid
            info.mode = mode
            if name.endswith("/"):
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
            elif content is None:
                info.type, info.linkname = tarfile.LNKTYPE, members[0][0]
            body = content if isinstance(content, bytes) else b""
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return written.getvalue()


LINES = b"one\ntwo\n" * 100
SAVED = pack(("volume/", b""), ("volume/journal.txt", LINES), ("volume/link", "journal.txt"))


def describe(raw: bytes, name: str = "sauvegarde.tar") -> dict[str, Any]:
    engine = EngineWithVolumes()
    engine.work_files = {name: raw}
    return facts(VolumeArchive(file=name).observe(engine))


def test_an_archive_of_a_volume_is_read() -> None:
    found = describe(BACKUP)
    assert (found["kind"], found["files"], found["members"], found["prefix"]) == ("tar", 1, 2, "volume")
    assert (found["paths"], found["empty_files"], found["recoded"]) == (["volume/journal.txt"], [], None)


@pytest.mark.parametrize(
    ("packing", "compress"), [("gzip", gzip.compress), ("bzip2", bz2.compress), ("xz", lzma.compress)]
)
def test_a_packed_archive_is_as_good_whatever_its_name_and_not_when_it_is_cut(
    packing: str, compress: Callable[[bytes], bytes]
) -> None:
    packed = compress(SAVED)
    assert (describe(packed)["kind"], describe(packed)["files"]) == (packing, 1)
    assert describe(packed[: len(packed) // 2])["kind"] == "cut"


@pytest.mark.parametrize(
    ("raw", "kind", "recoded"),
    [
        (b"", "empty", None),
        (SAVED[:1100], "cut", None),
        (SAVED[: SAVED.rindex(b"journal.txt") // 512 * 512], "cut", None),
        (SAVED.replace(b"\n", b"\r\n"), "not-a-tar", "line-ends"),
        (b"\xff\xfe" + SAVED.decode("latin-1").encode("utf-16-le"), "not-a-tar", "utf-16"),
        (BACKUP.replace(b"\n", b"\r\n"), "not-a-tar", "line-ends"),
        (b"tar: can't open 'x': No such file or directory\n", "not-a-tar", None),
        (gzip.compress(SAVED)[:20] + b"x" * 500, "not-a-tar", None),
    ],
)
def test_what_is_spoilt_is_told_by_the_way_it_was(raw: bytes, kind: str, recoded: str | None) -> None:
    found = describe(raw)
    assert (found["kind"], found["recoded"], found["files"]) == (kind, recoded, 0)


def test_an_empty_volume_makes_an_archive_without_a_file() -> None:
    found = describe(pack(("volume/", b"")))
    assert (found["kind"], found["files"], found["members"], found["prefix"]) == ("tar", 0, 1, "volume")


def test_of_many_files_some_of_each_folder_are_shown() -> None:
    programs = [(f"bin/program{number}", b"x") for number in range(200)]
    found = describe(pack(*programs, ("data/journal.txt", b""), ("etc/hosts", b"x")))
    assert (found["files"], len(found["paths"])) == (202, 50)
    assert {"data/journal.txt", "etc/hosts", "bin/program0"} <= {*found["paths"]}
    assert found["empty_files"] == ["data/journal.txt"]
    few = [(f"{name}", b"x") for name in ("b/2", "b/1", "a/1")]
    assert describe(pack(*few))["paths"] == ["b/2", "b/1", "a/1"]


def test_an_archive_may_hold_itself_and_files_without_a_byte() -> None:
    found = describe(pack(("b/sauvegarde.tar", b""), ("b/x", b"1")))
    assert (found["contains_itself"], found["empty_files"]) == (True, ["b/sauvegarde.tar"])


@pytest.mark.parametrize(("raw", "said"), [(b"\x28\xb5\x2f\xfdxx", "zstd"), (b"PK\x03\x04", "zip")])
def test_a_packing_that_is_not_read_is_unknown(raw: bytes, said: str) -> None:
    engine = EngineWithVolumes()
    engine.work_files = {"x.tar": raw}
    seen = VolumeArchive(file="x.tar").observe(engine)
    assert isinstance(seen, Unobservable)
    assert seen.detail == said


def test_a_folder_of_that_name_is_no_file_and_no_file_is_absent() -> None:
    engine = EngineWithVolumes()
    assert isinstance(VolumeArchive(file="none.tar").observe(engine), Absent)
    engine.trouble["large file"] = OutOfReach(UnobservableReason.UNREADABLE, "x is not a file")
    assert facts(VolumeArchive(file="x").observe(engine))["kind"] == "not-a-file"


def test_from_the_trainer_s_desk_it_is_unknown_and_foreseen() -> None:
    engine, probe = EngineWithVolumes(), VolumeArchive(file="sauvegarde.tar")
    assert probe.foresee(engine) is None
    engine.trouble["large file"] = OutOfReach(UnobservableReason.ELSEWHERE, "sauvegarde.tar")
    for seen in (probe.observe(engine), probe.foresee(engine)):
        assert isinstance(seen, Unobservable)
        assert seen.why is UnobservableReason.ELSEWHERE


def compare(tree: bytes, saved: bytes = SAVED, top: str | None = "journal.txt") -> dict[str, Any]:
    engine = EngineWithVolumes()
    engine.trees["archive:/data"], engine.work_files = tree, {"s.tar": saved}
    return facts(SameTree(container="archive", path="/data", with_="s.tar", top=top).observe(engine))


RESTORED = pack(("data/", b""), ("data/journal.txt", LINES), ("data/link", "journal.txt"))


@pytest.mark.parametrize("version", STORAGE_VERSIONS)
def test_a_restored_volume_is_what_its_archive_holds(version: str) -> None:
    seen = SameTree(container="archive", path="/data", with_="sauvegarde.tar").observe(
        EngineWithVolumes(version)
    )
    assert (facts(seen)["same"], facts(seen)["empty"], facts(seen)["files"]) == (True, False, 1)


@pytest.mark.parametrize("top", ["journal.txt", None])
@pytest.mark.parametrize(
    "saved",
    [
        SAVED,
        pack(("./", b""), ("./journal.txt", LINES), ("./link", "journal.txt")),
        pack(("journal.txt", LINES), ("link", "journal.txt")),
        pack(("srv/a/journal.txt", LINES), ("srv/a/link", "journal.txt")),
        gzip.compress(SAVED),
    ],
)
def test_the_leading_folders_of_an_archive_do_not_count(saved: bytes, top: str | None) -> None:
    assert compare(RESTORED, saved, top)["same"] is True


def test_what_was_restored_one_folder_too_deep_is_told() -> None:
    deep = pack(("data/", b""), ("data/volume/", b""), ("data/volume/journal.txt", LINES))
    found = compare(deep, pack(("volume/journal.txt", LINES)))
    assert (found["same"], found["nested"]) == (False, "volume")


def test_a_plain_copy_loses_the_owners_and_a_volume_restored_beside_is_empty() -> None:
    copied = pack(("data/", b""), ("data/journal.txt", LINES), ("data/link", "journal.txt"), uid=0)
    found = compare(copied)
    assert (found["same"], found["owners_differ"], found["differing"]) == (False, True, [])
    found = compare(pack(("data/", b"")))
    assert (found["same"], found["empty"], found["only_right"]) == (False, True, ["journal.txt", "link"])


def test_owners_that_podman_does_not_tell_are_nobody_s_mistake() -> None:
    engine = EngineWithVolumes()
    engine.info["BuildahVersion"] = "1.39.3"
    engine.work_files = {"s.tar": SAVED}
    copied = ("data/", b""), ("data/journal.txt", LINES), ("data/link", "journal.txt")
    engine.trees["archive:/data"] = pack(*copied, uid=0)
    seen = SameTree(container="archive", path="/data", with_="s.tar").observe(engine)
    assert isinstance(seen, Unobservable)
    assert "Podman" in seen.detail

    engine.trees["archive:/data"] = pack(*copied, ("data/more", b""), uid=0)
    found = facts(SameTree(container="archive", path="/data", with_="s.tar").observe(engine))
    assert (found["same"], found["only_left"]) == (False, ["more"])


def test_other_content_permissions_or_files_are_named() -> None:
    other = pack(("data/", b""), ("data/journal.txt", LINES + b"x"), ("data/more", b""))
    found = compare(other)
    assert (found["differing"], found["only_left"], found["only_right"]) == (
        ["journal.txt"],
        ["more"],
        ["link"],
    )
    open_to_all = pack(("data/", b""), ("data/journal.txt", LINES), ("data/link", "journal.txt"), mode=0o666)
    assert compare(open_to_all)["differing"] == ["journal.txt", "link"]


def test_two_names_of_one_file_are_as_good_as_two_files() -> None:
    linked = pack(("data/a", LINES), ("data/b", None))
    assert compare(linked, pack(("v/a", LINES), ("v/b", LINES)), None)["same"] is True
    assert compare(linked, pack(("v/a", LINES), ("v/b", None)), None)["same"] is True


def test_two_containers_are_compared_and_a_missing_one_is_absent() -> None:
    engine = EngineWithVolumes()
    engine.trees["redacteur:/data"] = RESTORED
    engine.trees["archive:/data"] = RESTORED
    probe = SameTree(container="archive", path="/data", with_="redacteur:/data")
    assert facts(probe.observe(engine))["same"] is True
    for other in ("nobody:/data", "redacteur:/none", "none.tar"):
        assert isinstance(SameTree(container="archive", path="/data", with_=other).observe(engine), Absent)


def test_owners_that_were_lost_before_the_archive_was_made_are_seen_by_the_living_folder() -> None:
    members = ("data/", b""), ("data/journal.txt", LINES), ("data/link", "journal.txt")
    engine = EngineWithVolumes()
    engine.work_files = {"s.tar": pack(*members, uid=0)}
    engine.trees["archive:/data"] = pack(*members, uid=0)
    probe = SameTree(container="archive", path="/data", with_="s.tar", owners_of="redacteur:/data")
    assert facts(probe.observe(engine))["same"] is True  # The folder of that container is not there.

    grown = ("data/", b""), ("data/journal.txt", LINES + LINES), ("data/younger", b"")
    engine.trees["redacteur:/data"] = pack(*grown)
    found = facts(probe.observe(engine))
    assert (found["same"], found["owners_differ"], found["differing"]) == (False, True, [])

    engine.trees["redacteur:/data"] = pack(*grown, uid=0)
    assert facts(probe.observe(engine))["same"] is True
    unasked = SameTree(container="archive", path="/data", with_="s.tar")
    assert probe.recall({unasked.observation_key: unasked.observe(engine)}) == unasked.observe(engine)
