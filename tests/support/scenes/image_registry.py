"""Scenes of topic image_registry: a recorded registry with TLS, an account and an image that is run."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from dckgrade.engine.answers import (
    Address,
    Certificate,
    CertificateFault,
    HttpAnswer,
    HttpsAnswer,
    NoAnswer,
    NotThere,
)
from dckgrade.engine.resources import Resource
from dckgrade.probes.image_registry.registry import Registry
from dckgrade.probes.image_registry.registry_image import RegistryImage
from tests.support.fake_engine import FakeEngine
from tests.support.scenes import Scene, SceneBuilder

REGISTRY_ANSWERS = Path(__file__).parents[2] / "answers" / "registries"
REGISTRY_VERSIONS = sorted(folder.name for folder in REGISTRY_ANSWERS.iterdir() if folder.is_dir())
NAME, HOST, AUTHORITY = "172.17.0.1:5000", "172.17.0.1", b"the authority"
MANIFESTS = "/var/lib/registry/docker/registry/v2/repositories/nginx/_manifests"
LINK = f"{MANIFESTS}/tags/1.0/current/link"
ACCOUNTS = "/auth/htpasswd"
API_HEADERS = {"docker-distribution-api-version": "registry/2.0"}
LOCKED = HttpAnswer(
    status=401, headers={**API_HEADERS, "www-authenticate": 'Basic realm="labo"'}, body=b'{"errors":[]}'
)
OPEN = HttpAnswer(status=200, headers=API_HEADERS, body=b"{}")
TLS_ONLY = HttpAnswer(status=400, headers={}, body=b"Client sent an HTTP request to an HTTPS server.\n")


class EngineWithRegistry(FakeEngine):
    """An engine with the recorded containers of ch7's solution: registry, depuis-registre."""

    def __init__(self, version: str = REGISTRY_VERSIONS[0]) -> None:
        super().__init__()
        self.folder = REGISTRY_ANSWERS / version
        self.listed = self.read_json("containers")
        self.names = {str(entry["Id"]): str(entry["Names"][0][1:]) for entry in self.listed}
        self.inspected = {ref: self.read_json(f"inspect-{name}") for ref, name in self.names.items()}
        self.info = self.read_json("info")
        image = self.read_json("image")
        self.local_images = self.read_json("images")
        self.images = {image["Id"]: image, f"{NAME}/nginx:1.0": image}
        self.volumes = {"registre": self.read_json("volume")}
        self.stats: dict[str, Any] = self.read_json("stats")
        self.files: dict[str, str] = self.read_json("files")
        self.logs = {self.id_of("registry"): (self.folder / "log.txt").read_text(encoding="utf-8")}
        told = self.read_json("engine")
        self.engine = replace(self.engine, version=told["version"])
        self.clock = datetime.fromisoformat(told["now"])
        self.answer: HttpAnswer = LOCKED
        """What it answers without an account, over TLS where *trusts* is not None."""
        self.is_clear = False
        self.is_own_alone = False
        """Whether it answers at the container's own address, and not at the published port."""
        self.trusted: bytes | Exception = AUTHORITY
        """The engine's authorities for the registry."""
        self.work_files: dict[str, bytes] = {"ca.crt": AUTHORITY}
        self.signed_by: bytes | None = AUTHORITY
        """Whose authority has signed the certificate; None: one that this machine trusts."""
        self.fault: CertificateFault | None = None
        self.certificate = Certificate(
            names=[HOST], common_name="registre", expires_at=datetime.now(UTC) + timedelta(days=9)
        )
        self.told_names: list[str | None] = []
        self.hosts: dict[str, list[str]] = {}
        """The addresses that the machine's hosts file gives to names."""

    def read_json(self, name: str) -> Any:
        """Read one answer."""
        return json.loads((self.folder / f"{name}.json").read_bytes())

    def read(self, resource: Resource[Any], *refs: str, **query: str) -> Any:
        if resource.name == "images":
            return self._answered("images", {"": self.local_images}, "")
        if resource.name == "path-stat":
            return self._answered("path-stat", self.stats, query["path"])
        if resource.name == "archive":
            self._answered("archive", self.files, query["path"])
            return self.files[query["path"]].encode(), self.clock
        return super().read(resource, *refs, **query)

    def put_file(self, path: str, content: str) -> None:
        """Have a file in the registry's container."""
        self.files[path] = content
        self.stats[path] = {**self.stats[LINK], "size": len(content)}

    def request_http(self, address: Address, path: str, login: object = None) -> HttpAnswer:
        assert login is None, "no account is ever sent"
        self.questions.append(f"http {address.host}:{address.port}{path}")
        self.reach(address)
        return self.answer if self.is_clear else TLS_ONLY

    def reach(self, address: Address) -> None:
        if self.is_own_alone and address.via == "published":
            raise NoAnswer("reset")

    def request_https(self, address: Address, name: str | None, path: str) -> HttpsAnswer:
        self.questions.append(f"https {address.host}:{address.port}{path}")
        self.told_names.append(name)
        self.reach(address)
        if self.is_clear:
            raise NoAnswer("garbled")
        return HttpsAnswer(http=self.answer, certificate=b"DER")

    def verify_certificate(
        self, address: Address, name: str, authorities: bytes | None
    ) -> CertificateFault | None:
        self.questions.append(f"verify {address.host}:{address.port} for {name}")
        return self.fault if authorities == self.signed_by else "unknown-authority"

    def read_certificate(self, address: Address, name: str | None, certificate: bytes) -> Certificate:
        self.questions.append(f"certificate {address.host}:{address.port} for {name}")
        assert certificate == b"DER"
        return self.certificate

    def read_trusted_authorities(self, registry: str) -> bytes:
        self.questions.append(f"authorities {registry}")
        if isinstance(self.trusted, Exception):
            raise self.trusted
        return self.trusted

    def find_hosts_addresses(self, name: str) -> Sequence[str]:
        return self.hosts.get(name, [])

    def read_file(self, name: str) -> bytes:
        if name not in self.work_files:
            raise NotThere(name)
        return self.work_files[name]


REGISTRY = Registry(container="registry", ca="ca.crt")
IMAGE = RegistryImage(container="registry", user="depuis-registre")

SCENES: Mapping[str, SceneBuilder] = {
    "registry": lambda: [Scene(REGISTRY, EngineWithRegistry(version)) for version in REGISTRY_VERSIONS],
    "registry-image": lambda: [Scene(IMAGE, EngineWithRegistry(version)) for version in REGISTRY_VERSIONS],
}
