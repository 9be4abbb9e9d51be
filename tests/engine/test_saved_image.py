"""Archives of images in every form that engines and tools write, and hostile ones."""

import gzip
import hashlib
import io
import json
import tarfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dckgrade.engine import saved_image
from dckgrade.engine.answers import OutOfReach
from dckgrade.engine.saved_image import SavedArchive, read_saved_archive
from tests.support.recorded_images import ANSWERS, ENGINES, pack_files, pack_image

LAYER = pack_files({"app/.env": b"JETON=jt-0123456789", "bin/app": b"x"})


def read(content: bytes, *words: bytes, **options: Any) -> SavedArchive:
    return read_saved_archive(io.BytesIO(content), words, **options)


def pack_oci(layer: bytes, *, with_manifest: bool = True) -> bytes:
    """Write what `docker save` of engines since 25 writes."""

    def name(blob: bytes) -> str:
        return f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}"

    config = json.dumps({"os": "linux", "architecture": "arm64"}).encode()
    manifest = json.dumps({"layers": [{"digest": name(layer)}]}).encode()
    index = {"manifests": [{"digest": f"sha256:{hashlib.sha256(manifest).hexdigest()}"}]}
    listed = [{"Config": name(config), "RepoTags": ["mon-app:1.0"], "Layers": [name(layer)]}]
    files = {name(blob): blob for blob in (config, manifest, layer)}
    files |= {"index.json": json.dumps(index).encode(), "oci-layout": b"{}"}
    if with_manifest:
        files["manifest.json"] = json.dumps(listed).encode()
    return pack_files(files)


@pytest.mark.parametrize("layer", [LAYER, gzip.compress(LAYER)])
def test_a_layout_of_today_is_read_with_its_packed_layers(layer: bytes) -> None:
    archive = read(pack_oci(layer), b"jt-0123456789")
    (image,) = archive.images
    (content,) = image.layers
    assert content is not None
    assert (archive.kind, image.platform, image.tags) == ("saved", "linux/arm64", ("mon-app:1.0",))
    assert (content.paths, content.holders) == (("app/.env", "bin/app"), ("app/.env",))
    assert len(archive.manifest_digests) == 1


def test_a_layout_without_docker_s_manifest_is_told_apart() -> None:
    assert read(pack_oci(LAYER, with_manifest=False)).kind == "oci"


def test_a_layer_that_is_a_link_to_another_one_is_followed() -> None:
    content = pack_image({"etc/a": b""})
    written = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(content)) as old, tarfile.open(fileobj=written, mode="w") as new:
        for member in old:
            data = old.extractfile(member)
            assert data is not None
            body = data.read()
            if member.name == "manifest.json":
                (entry,) = json.loads(body)
                entry["Layers"].append("second/layer.tar")
                body = json.dumps([entry]).encode()
                member.size = len(body)
            if member.name.endswith("layer.tar"):
                link = tarfile.TarInfo("second/layer.tar")
                link.type, link.linkname = tarfile.SYMTYPE, f"../{member.name}"
                new.addfile(link)
            new.addfile(member, io.BytesIO(body))
    (image,) = read(written.getvalue()).images
    assert [layer and layer.paths for layer in image.layers] == [("etc/a",), ("etc/a",)]


@pytest.mark.parametrize("version", ENGINES)
def test_the_id_that_an_engine_gives_an_image_is_in_what_it_saved(version: str) -> None:
    with (ANSWERS / version / "saved-documents.tar").open("rb") as file:
        found = saved_image.Collected()
        for member, content in saved_image.iter_members(file, found):
            saved_image.collect_member(found, member, content, (), with_layers=False)
    image_id = json.loads((ANSWERS / version / "image-mon-app_1.0.json").read_bytes())["Id"]
    digests = {f"sha256:{hashlib.sha256(document).hexdigest()}" for document in found.documents.values()}
    assert image_id in digests


def test_a_container_s_own_archives_are_no_layers() -> None:
    archive = read(pack_files({".dockerenv": b"", "backup.tar": LAYER, "manifest.json": b"[]"}))
    assert (archive.kind, archive.images) == ("exported", ())


def test_too_many_files_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_image, "MAX_MEMBERS", 20)
    with pytest.raises(OutOfReach):
        read(pack_image({str(at): b"" for at in range(21)}))


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_image, "MAX_UNPACKED_BYTES", 1_000_000)
    bomb = gzip.compress(pack_files({"zeros": b"\0" * 2_000_000}))
    assert len(bomb) < 10_000
    with pytest.raises(OutOfReach):
        read(pack_oci(bomb))


@pytest.mark.parametrize(
    "manifest",
    [
        b"[7]",
        b"{}",
        b"[{}]",
        b'[{"Config": 7, "Layers": [7]}]',
        b'[{"Config": "gone.json", "Layers": []}]',
        b'[{"Config": "manifest.json", "Layers": null, "RepoTags": {}}]',
    ],
)
def test_a_manifest_that_makes_no_sense_makes_no_image(manifest: bytes) -> None:
    assert read(pack_files({"manifest.json": manifest})).images == ()


@given(cut=st.integers(0, len(pack_image({"a": b"b"})) - 1), noise=st.binary(max_size=40))
def test_whatever_is_cut_or_spoilt_has_a_kind(cut: int, noise: bytes) -> None:
    archive = read(pack_image({"a": b"b"})[:cut] + noise)
    assert archive.kind in {"saved", "cut", "other-tar", "not-a-tar", "empty", "recoded"}
