"""The image of a container: its names, and whether it is the one that a lab asks for."""

from collections.abc import Sequence

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.support.lookup import is_of_repository, starts_program
from dckgrade.report.observation import UnobservableReason

ENGINE_MADE_NAME = compile_lazily(r"(sha256:)?[0-9a-f]{12,64}")
"""The id of an image; the name of a volume that nobody named."""


def list_image_names(inspected: Json, wanted: str | None, engine: Engine) -> list[str]:
    """Return the image as it was asked for; where that is an id, or is not *wanted*, its tags too."""
    asked = str((inspected.get("Config") or {}).get("Image") or "")
    if wanted and not asked:
        raise OutOfReach(UnobservableReason.UNREADABLE, "Config.Image")
    is_id = is_id_of(asked, str(inspected.get("Image") or ""))
    if not is_id and (wanted is None or is_of_repository(asked, wanted)):
        return [asked]
    try:
        # What was tagged anew is still the same image: its id has all the names.
        return [asked, *(engine.inspect_image(str(inspected.get("Image") or asked)).get("RepoTags") or [])]
    except NotThere:  # a forced removal takes the tag and leaves the container
        return [asked]


def is_id_of(asked: str, image: str) -> bool:
    """Return whether what was asked for is an id: Docker takes its first digits, as few as tell it apart."""
    begins = image.removeprefix("sha256:").startswith(asked.removeprefix("sha256:"))
    return bool(ENGINE_MADE_NAME.fullmatch(asked)) or (bool(asked) and begins)


def matches_image(images: Sequence[str], inspected: Json, wanted: str) -> bool:
    """Return whether a name is of the repository *wanted*, or an image of one's own starts that program."""
    command = [str(inspected.get("Path") or ""), *(inspected.get("Args") or [])]
    return any(is_of_repository(name, wanted) for name in images) or starts_program(command, wanted)


def runs_own_command(inspected: Json, engine: Engine) -> bool | None:
    """Return whether a container was given the command that its image brings; None if the image is gone."""
    given = inspected.get("Config") or {}
    try:
        brought = engine.inspect_image(str(inspected.get("Image") or "")).get("Config") or {}
    except NotThere:
        return None
    return all((given.get(part) or []) == (brought.get(part) or []) for part in ("Entrypoint", "Cmd"))
