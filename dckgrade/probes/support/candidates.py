"""The engine's list → the containers that a lab may mean where it names none, each inspected, all at once."""

from collections.abc import Callable, Sequence

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import CONTAINER
from dckgrade.probes.support.lookup import get_repository_name, list_container_names
from dckgrade.report.observation import UnobservableReason

INSPECT_TIMEOUT_S = 8.0
"""One answer is waited for 3 s at most, and they are asked for at once."""
ORCHESTRATOR_LABELS = ("com.docker.swarm.task.id", "io.kubernetes.pod.name")


def find_candidates(engine: Engine, image: str, *, others: bool) -> Sequence[Json]:
    """List what `--container` names; else what runs *image*, and *others* too, but no orchestrator's."""
    listed = [entry for entry in engine.list_containers() if not is_orchestrated(entry)]
    if wanted := engine.inputs.get(CONTAINER):
        return [
            one
            for one in listed
            if wanted in list_container_names(one) or str(one.get("Id"))[:12] == wanted[:12]
        ]
    return listed if others else [one for one in listed if runs_image_or_program(one, image)]


def inspect_candidates(engine: Engine, listed: Sequence[Json]) -> Sequence[tuple[Json, Json | Exception]]:
    """Inspect them; one that does not answer keeps none of the others waiting."""
    inspections: dict[str, Callable[[], Json]] = {
        str(entry.get("Id")): lambda entry=entry: engine.inspect_container(str(entry.get("Id")))  # type: ignore[misc]
        for entry in listed
    }
    # Only looking needs threads; judging imports the kinds of probes too, and must load nothing that acts.
    from dckgrade.engine.deadline import call_all_within

    seen = call_all_within(inspections, INSPECT_TIMEOUT_S)
    return [(entry, seen[str(entry.get("Id"))]) for entry in listed]


def make_no_candidate_error(engine: Engine, image: str, file: str) -> NotThere | OutOfReach:
    """Say that there is no such container; where only a file elsewhere could tell, that it is unseen."""
    try:
        engine.read_file(file)
    except OutOfReach as trouble:
        if trouble.why is UnobservableReason.ELSEWHERE and engine.list_containers():
            return trouble
    except NotThere:
        pass
    return NotThere(image)


def is_orchestrated(entry: Json) -> bool:
    """Say whether an orchestrator has made it: no trainee typed that."""
    return any(task in (entry.get("Labels") or {}) for task in ORCHESTRATOR_LABELS) or any(
        name.startswith("k8s_") for name in list_container_names(entry)
    )


def runs_image_or_program(entry: Json, image: str) -> bool:
    """Say whether it is *image*, its unprivileged twin, or an image of one's own that runs the program."""
    # `/docker-entrypoint.sh nginx -g …`: the program stands first, or behind the entrypoint.
    programs = [word.strip("'\"").rpartition("/")[2] for word in str(entry.get("Command") or "").split()[:2]]
    named = get_repository_name(str(entry.get("Image") or ""))
    return named in {image, f"{image}-unprivileged"} or image in programs
