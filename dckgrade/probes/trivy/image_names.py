"""The names under which an image is known."""

from dckgrade.engine.answers import Json

MIN_SHORT_ID_CHARS = 12


def names_image(reference: str, name: str, image: Json) -> bool:
    """Return whether *reference* names the inspected *image*, which the lab calls *name*."""
    plain, own_id = (text.removeprefix("sha256:") for text in (reference, str(image.get("Id") or "")))
    if len(plain) >= MIN_SHORT_ID_CHARS and own_id.startswith(plain):
        return True
    return complete_reference(reference) in map(complete_reference, list_references(name, image))


def list_references(name: str, image: Json) -> list[str]:
    """List the names of an inspected image, that of the lab first."""
    return [name, *(image.get("RepoTags") or []), *(image.get("RepoDigests") or [])]


def complete_reference(reference: str) -> str:
    """Return the full name with its tag or digest: `nginx` is `index.docker.io/library/nginx:latest`."""
    plain, at, digest = reference.partition("@")
    tag = plain.rpartition("/")[2].partition(":")[2] or "latest"
    return f"{normalize_repository(plain)}{at}{digest}" if at else f"{normalize_repository(plain)}:{tag}"


def normalize_repository(reference: str) -> str:
    """Return an image's full name without its tag: `nginx:1.17` is `index.docker.io/library/nginx`."""
    plain = reference.partition("@")[0]
    head, slash, tail = plain.rpartition("/")
    plain = f"{head}{slash}{tail.partition(':')[0]}"
    first, slash, rest = plain.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        if first not in {"docker.io", "index.docker.io"}:
            return plain
        plain, slash = rest, "/" if "/" in rest else ""
    return f"index.docker.io/{plain}" if slash else f"index.docker.io/library/{plain}"
