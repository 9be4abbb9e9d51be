"""Find and inspect candidate containers, for labs that do not name one."""

from collections.abc import Callable, Sequence

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import CONTAINER
from dckgrade.probes.support.lookup import is_of_repository, list_container_names, starts_program
from dckgrade.report.observation import UnobservableReason
from dckgrade.report.text import Text

NO_CANDIDATE = Text(fr="aucun conteneur à évaluer n'a été trouvé", en="no container to grade was found")
"""What is said where no container could be the one that a lab leaves unnamed."""

INSPECT_TIMEOUT_S = 8.0
"""One answer is waited for 3 s at most, and they are asked for at once."""
ORCHESTRATOR_LABELS = ("com.docker.swarm.task.id", "io.kubernetes.pod.name")


def find_candidates(engine: Engine, image: str, *, others: bool) -> Sequence[Json]:
    """
    Return the list entries of the containers that the lab may mean.

    The one that the user names by `--container` wins; else all that run *image*, or all with *others*.
    Containers that an orchestrator made are left out.
    """
    listed = [entry for entry in engine.list_containers() if not is_orchestrated(entry)]
    if wanted := engine.inputs.get(CONTAINER):
        return [
            entry
            for entry in listed
            if wanted in list_container_names(entry) or str(entry.get("Id"))[:12] == wanted[:12]
        ]
    return listed if others else [entry for entry in listed if runs_image_or_program(entry, image)]


def inspect_candidates(engine: Engine, listed: Sequence[Json]) -> Sequence[tuple[Json, Json | Exception]]:
    """
    Return each entry with its inspect answer, or the exception; all are asked at the same time.

    Its state is the inspect answer's, the later one: a container may end between the two answers.
    """
    inspections: dict[str, Callable[[], Json]] = {
        str(entry.get("Id")): lambda entry=entry: engine.inspect_container(str(entry.get("Id")))  # type: ignore[misc]
        for entry in listed
    }
    # Only looking needs threads; judging imports the kinds of probes too, and must load nothing that acts.
    from dckgrade.engine.deadline import call_all_within

    seen = call_all_within(inspections, INSPECT_TIMEOUT_S)
    return [update_state(entry, seen[str(entry.get("Id"))]) for entry in listed]


def update_state(entry: Json, seen: Json | Exception) -> tuple[Json, Json | Exception]:
    """Put the state that was seen into a list entry; the one that is listed stays where none was."""
    later = {} if isinstance(seen, Exception) else seen.get("State") or {}
    return {**entry, "State": later.get("Status") or entry.get("State")}, seen


def make_no_candidate_error(engine: Engine, image: str, file: str) -> NotThere | OutOfReach:
    """Return `NotThere`; or `OutOfReach` if the *file* that could tell is on another machine."""
    try:
        engine.read_file(file)
    except OutOfReach as trouble:
        if trouble.why is UnobservableReason.ELSEWHERE and engine.list_containers():
            return trouble
    except NotThere:
        pass
    return NotThere(image)


def is_orchestrated(entry: Json) -> bool:
    """Return whether Swarm or Kubernetes made it, and not the trainee."""
    return any(task in (entry.get("Labels") or {}) for task in ORCHESTRATOR_LABELS) or any(
        name.startswith("k8s_") for name in list_container_names(entry)
    )


def runs_image_or_program(entry: Json, image: str) -> bool:
    """Return whether it is *image*, its unprivileged twin, or an image of one's own that runs the program."""
    named = is_of_repository(str(entry.get("Image") or ""), image)
    return named or starts_program(str(entry.get("Command") or "").split(), image)
