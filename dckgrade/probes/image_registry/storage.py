"""Read the storage of a registry through its container: which digest a tag has, and who has signed it."""

from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.image_registry.references import Reference
from dckgrade.probes.image_registry.settings import read_small_file
from dckgrade.probes.support.http_json import as_mapping, iter_mappings
from dckgrade.probes.support.lookup import parse_timestamp
from dckgrade.report.decode import parse_json
from dckgrade.report.observation import UnobservableReason

ROOT = "docker/registry/v2"
"""https://pkg.go.dev/github.com/distribution/distribution/v3/registry/storage; version 2 has the same."""
_DIGEST_PATTERN = compile_lazily(r"sha256:([0-9a-f]{64})")
_PAYLOAD_TYPE = "cosign container image signature"


class StoredImage(Struct, frozen=True, kw_only=True):
    """What the registry holds under a name."""

    digest: str
    """Of the manifest."""
    sent_at: datetime
    """When it came here: sending it again changes the dates of its names, and not that of the image."""


class Signature(Struct, frozen=True, kw_only=True):
    """A signature that cosign has put beside an image; who signed is not verified."""

    digest: str | None
    """What it says that it signs; None where that cannot be read."""


def find_stored_image(
    engine: Engine, container: str, folder: str, reference: Reference
) -> StoredImage | None:
    """Return what the registry holds by that name; None where it holds nothing. Raises `OutOfReach`."""
    manifests = f"{folder}/{ROOT}/repositories/{reference.repository}/_manifests"
    part = f"tags/{reference.tag}/current"
    if reference.digest:
        part = f"revisions/{reference.digest.replace(':', '/')}"
    try:
        stat = engine.read_path_stat(container, f"{manifests}/{part}/link")
    except NotThere:
        return None
    content = read_small_file(engine, container, f"{manifests}/{part}/link") or b""
    digest = content.decode("latin-1").strip()
    if not _DIGEST_PATTERN.fullmatch(digest):
        raise OutOfReach(UnobservableReason.UNREADABLE, reference.name)
    dates = [stat["mtime"]]
    with suppress(NotThere):
        dates.append(engine.read_path_stat(container, get_blob_path(folder, digest))["mtime"])
    return StoredImage(digest=digest, sent_at=min(map(parse_timestamp, dates)))


def get_blob_path(folder: str, digest: str) -> str:
    """Return where the registry keeps what has this digest."""
    found = digest.removeprefix("sha256:")
    return f"{folder}/{ROOT}/blobs/sha256/{found[:2]}/{found}/data"


def find_signature(
    engine: Engine, container: str, folder: str, reference: Reference, digest: str
) -> Signature | None:
    """
    Return cosign's signature of *digest*: a tag `sha256-….sig` beside it; None without one.

    https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md.
    """
    beside = replace(reference, tag=f"{digest.replace(':', '-')}.sig", digest=None)
    try:
        stored = find_stored_image(engine, container, folder, beside)
        if stored is None:
            return None
        layers = read_blob(engine, container, folder, stored.digest).get("layers")
        layer = next(iter_mappings(layers), {})
        payload = read_blob(engine, container, folder, str(layer.get("digest")))
    except OutOfReach:
        return Signature(digest=None)
    critical = as_mapping(payload.get("critical"))
    signed = as_mapping(critical.get("image")).get("docker-manifest-digest")
    is_signature = critical.get("type") == _PAYLOAD_TYPE and _DIGEST_PATTERN.fullmatch(str(signed))
    return Signature(digest=str(signed) if is_signature else None)


def read_blob(engine: Engine, container: str, folder: str, digest: str) -> dict[str, Any]:
    """Read a small JSON document of the registry by its digest; raises `OutOfReach`."""
    is_digest = _DIGEST_PATTERN.fullmatch(digest)
    content = read_small_file(engine, container, get_blob_path(folder, digest)) if is_digest else None
    try:
        return dict(as_mapping(parse_json(content or b"")))
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise OutOfReach(UnobservableReason.UNREADABLE, "blob") from None
