"""Engines whose answers about images were recorded (`tests/answers/images`), and archives made for tests."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dckgrade.engine.answers import Json, NotThere
from dckgrade.engine.resources import PATH_STAT, Resource
from dckgrade.engine.saved_image import SavedArchive, read_saved_archive
from tests.support.fake_engine import FakeEngine

BUILT_AT = "2026-11-29T07:45:46Z"
ANSWERS = Path(__file__).parents[1] / "answers" / "images"
ENGINES = sorted(folder.name for folder in ANSWERS.iterdir() if folder.is_dir())
IMAGES = ("mon-app:1.0", "leaky:1", "imported:1", "committed:1", "busybox:latest")
CONTAINERS = ("app", "app-arret", "old")
APP_LAYERS: tuple[Mapping[str, bytes], ...] = ({"bin/sh": b"x"}, {"usr/local/bin/serveur": b"\x7fELF"})


def pack_files(files: Mapping[str, bytes]) -> bytes:
    """Write files as a tar."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return written.getvalue()


def pack_image(
    *layers: Mapping[str, bytes], tags: Sequence[str] | None = ("mon-app:1.0",), config: Json | None = None
) -> bytes:
    """Write an archive as `docker save` of engines before 25 does: each layer is given by its files."""
    packed = {f"{at:064x}/layer.tar": pack_files(layer) for at, layer in enumerate(layers)}
    settings = json.dumps(
        {
            "os": "linux",
            "architecture": "amd64",
            "rootfs": {
                "type": "layers",
                "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in packed.values()],
            },
            **(config or {}),
        }
    ).encode()
    name = f"{hashlib.sha256(settings).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": tags, "Layers": list(packed)}]
    return pack_files({**packed, name: settings, "manifest.json": json.dumps(manifest).encode()})


class RecordedImages(FakeEngine):
    """A recorded engine; what is in its images, and in the trainee's folder, a test puts in."""

    def __init__(self, version: str = ENGINES[0]) -> None:
        super().__init__()
        folder = ANSWERS / version

        def read(name: str) -> Any:
            return json.loads((folder / f"{name}.json").read_bytes())

        self.info = read("info")
        self.listed = read("containers")
        inspected = [read(f"inspect-{name}") for name in CONTAINERS]
        self.inspected = {entry["Id"]: entry for entry in inspected}
        self.answers = {
            "images": {"": read("images")},
            "dangling-images": {"": read("dangling-images")},
            "image-history": {},
        }
        for name in IMAGES:
            image, steps = (read(f"{what}-{name.replace(':', '_')}") for what in ("image", "history"))
            self.images |= {name: image, image["Id"]: image}
            self.answers["image-history"] |= {name: steps, image["Id"]: steps}
        self.paths = {"/bin/sh", "/usr/local/bin/serveur"}
        self.archive = pack_image(*APP_LAYERS)
        self.files: dict[str, bytes] = {}
        self.words: Sequence[bytes] = ()

    def read(self, resource: Resource[Any], *refs: str, **query: str) -> Any:
        if resource is not PATH_STAT:
            return super().read(resource, *refs, **query)
        self.questions.append(f"stat {refs[0][:6]} {query['path']}")
        if query["path"] not in self.paths:
            raise NotThere(query["path"])
        return {"name": query["path"].rpartition("/")[2], "size": 1, "mode": 0o755, "mtime": BUILT_AT}

    def stat_image_paths(self, image: str, paths: Sequence[str]) -> Mapping[str, Json]:
        self.questions.append(f"create from {image[:13]}")
        return {path: {"name": path} for path in paths if path in self.paths}

    def export_image(self, image: str, words: Sequence[bytes]) -> SavedArchive:
        self.questions.append(f"export {image[:13]}")
        self.words = words
        return read_saved_archive(io.BytesIO(self.archive), words)

    def read_file(self, name: str) -> bytes:
        if name not in self.files:
            raise NotThere(name)
        return self.files[name]

    def read_image_file(self, name: str) -> SavedArchive:
        return read_saved_archive(io.BytesIO(self.read_file(name)), with_layers=False)
