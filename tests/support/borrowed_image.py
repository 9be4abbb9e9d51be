"""An engine in, a tiny image whose programs are this machine's own out, so that no image has to be built."""

import contextlib
import hashlib
import io
import json
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker

from dckgrade.prove.engines.private import PrivateEngine

_BORROWED = {path: {"bind": path, "mode": "ro"} for path in ("/usr", sys.base_prefix)}
PYTHON = str(Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}"))


def archive(folder: Path) -> Path:
    """An image without any program: links only, towards what `_BORROWED` mounts."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for name in ("bin", "lib", "lib64", "sbin"):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, f"usr/{name}"
            tar.addfile(link)
    parts = {
        "layer.tar": layer.getvalue(),
        "config.json": b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}',
        "manifest.json": b'[{"Config":"config.json","RepoTags":["borrowed:latest"],"Layers":["layer.tar"]}]',
    }
    with tarfile.open(folder / "borrowed.tar", "w") as tar:
        for name, content in _with_digest(parts).items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return folder / "borrowed.tar"


def _with_digest(parts: dict[str, bytes]) -> dict[str, bytes]:
    config = json.loads(parts["config.json"])
    config["rootfs"]["diff_ids"] = [f"sha256:{hashlib.sha256(parts['layer.tar']).hexdigest()}"]
    return parts | {"config.json": json.dumps(config).encode()}


@contextlib.contextmanager
def client_of(engine: PrivateEngine, within: int = 30) -> Iterator[Any]:
    client = docker.DockerClient(base_url=engine.host, timeout=within)
    with contextlib.closing(client):
        yield client


def serve(engine: PrivateEngine, name: str) -> tuple[str, int]:
    with client_of(engine) as client:
        container = client.containers.run(
            "borrowed",
            [PYTHON, "-m", "http.server", "80"],
            name=name,
            volumes=_BORROWED,
            ports={"80/tcp": 8080},
            detach=True,
        )
        container.reload()
        return container.attrs["NetworkSettings"]["IPAddress"], 80


def until(condition: Callable[[], bool], wanted: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {wanted}"
        time.sleep(0.05)
