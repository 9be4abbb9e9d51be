"""Learn from the engine's last events whether Trivy has run, also in a container that is gone."""

from msgspec import Struct

from dckgrade.engine.answers import Json
from dckgrade.engine.protocol import Engine
from dckgrade.probes.trivy.containers import list_trivy_images
from dckgrade.probes.trivy.image_names import complete_reference, list_references

ARRIVAL_ACTIONS = {"pull", "load", "import"}
CACHE_DESTINATION_WORDS = ("trivy", ".cache")


class PastRuns(Struct, kw_only=True):
    """What the engine's memory, which is short, tells of runs of Trivy."""

    removed_container: str | None = None
    """The name of a container of Trivy that has ended and is gone."""
    removed_at: float = 0.0
    """When it ended, in seconds since 1970."""
    volume: str | None = None
    """A volume that a container has had where Trivy keeps its cache."""
    was_exported: bool = False
    """The engine has exported the image, as it does for a scan."""
    is_complete: bool = False
    """It reaches back to when Trivy's image came to the engine: what is not in it has not happened."""


def find_past_runs(engine: Engine, image: Json) -> PastRuns:
    """Read the engine's events; *image* is the one to be scanned, as inspected."""
    runs, deleted = PastRuns(), set[str]()
    present = {str(entry.get("Id")) for entry in engine.list_containers()}
    tools, image_id = name_trivy_images(engine), str(image.get("Id") or "?")
    for event in engine.list_past_events(engine.now()):
        actor = event.get("Actor") or {}
        ref, attributes = str(actor.get("ID") or ""), actor.get("Attributes") or {}
        match event.get("Type"), event.get("Action"):
            case "image", "delete":
                deleted.add(ref)
            case "image", "save":
                runs.was_exported = runs.was_exported or ref == image_id
            case "image", action if action in ARRIVAL_ACTIONS:
                note_arrival(runs, is_tool=complete_reference(ref) in tools, again=ref in deleted)
            case "container", "die" if ref not in present:
                # One whose image is gone too has been tidied up.
                if complete_reference(str(attributes.get("image") or "")) in tools:
                    runs.removed_container = str(attributes.get("name") or "")
                    runs.removed_at = (event.get("timeNano") or 0) / 1e9
            case "volume", "mount" if is_cache_folder(str(attributes.get("destination") or "")):
                runs.volume = ref
            case _:
                continue
    return runs


def note_arrival(runs: PastRuns, *, is_tool: bool, again: bool) -> None:
    """Note that an image has come; what was done before it had been deleted counts no more."""
    if is_tool:
        runs.is_complete = True
    if again:
        runs.was_exported = False
    if again and is_tool:
        runs.removed_container = None


def name_trivy_images(engine: Engine) -> set[str]:
    """List the ids and full names of Trivy's images that the engine has."""
    images = list_trivy_images(engine)
    references = [
        str(reference) for image in images for reference in list_references(str(image.get("Id")), image)
    ]
    return {complete_reference(reference) for reference in references}


def is_cache_folder(destination: str) -> bool:
    """Return whether Trivy's cache may be there in a container."""
    return any(word in destination for word in CACHE_DESTINATION_WORDS)
