"""Which product an engine is, where its answers differ."""

from dckgrade.engine.answers import Json


def is_podman(info: Json) -> bool:
    """Return whether the engine of this `/info` is Podman, which names its Buildah there."""
    return "BuildahVersion" in info
