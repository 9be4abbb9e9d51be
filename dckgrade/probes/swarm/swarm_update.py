"""Kind `swarm-update`: how the last update of a service went, and how it came back from it."""

from collections.abc import Mapping, Sequence
from itertools import dropwhile, groupby, pairwise, takewhile
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support import value_words
from dckgrade.probes.support.lookup import convert_to_observation, parse_timestamp
from dckgrade.probes.support.supply import DraftedFact, NotSupplied, Supply, each_service
from dckgrade.probes.swarm.services import (
    NO_SUCH_SERVICE,
    ServiceName,
    find_service,
    get_container_id,
    get_image,
    get_task_state,
)
from dckgrade.probes.swarm.task_errors import TASK_REASON_WORDS, TaskReason, find_last_error
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

UpdateEnd = Literal[
    "never",
    "running",
    "paused",
    "updated",
    "rolled-back-by-hand",
    "rolled-back-by-failure",
    "same-image",
    "otherwise",
]
RUNNING_STATES = {"updating", "rollback_started"}
PAUSED_STATES = {"paused", "rollback_paused"}
DID_RUN_STATES = {"running", "shutdown", "complete"}
"""A task that ran until the swarm stopped it is `shutdown`; one that ended without an error, `complete`."""
MAX_IMAGES = 20


class Facts(Struct, frozen=True, kw_only=True):
    """What the service and the tasks that the swarm still keeps (five a replica) tell of updates."""

    name: str
    """The service's whole name."""
    state: str | None
    """Docker's word for the last update: updating, completed, paused, rollback_completed…; null: none."""
    message: str
    ended_as: UpdateEnd
    """updated: to another image; rolled-back-by-hand, rolled-back-by-failure: by a command, by the swarm;
    running, paused: under way, given up; never: the image never changed; same-image: by a command back from
    an update that changed no image; otherwise: the last change was of something else, so that nothing tells
    how earlier ones ended."""
    image: str | None
    """Today's, without a digest."""
    previous_image: str | None
    """Of the specification before; null where there is none, as after the swarm itself went back."""
    update_image: str | None
    """The image that the last update went to."""
    returned: bool
    """Whether an update, and no command that goes back, has brought back an image that ran before."""
    images_that_ran: list[str]
    """Of all tasks that are still known and lasted until the swarm stopped them, or still run."""
    updated_replicas: int | None
    """In how many replicas a task of that image ran; null where no such task is kept."""
    failed_reason: TaskReason | None
    """Why tasks of that image did not run."""
    failed_error: str | None
    spacing_s: float | None
    """The shortest time between two replicas' turns; null where fewer than two had one."""
    parallelism: int
    """How many at a time, as the update was told; 0: all."""
    delay_s: float
    failure_action: str
    """pause, continue, rollback."""
    order: str


LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom du service", en="service name"),
    "state": Text(fr="état de la dernière mise à jour", en="state of the last update"),
    "message": Text(fr="message de la mise à jour", en="update message"),
    "ended_as": Text(fr="issue de la mise à jour", en="update outcome"),
    "image": Text(fr="image du service", en="service image"),
    "previous_image": Text(fr="image précédente", en="previous image"),
    "update_image": Text(fr="image de la mise à jour", en="update image"),
    "returned": Text(
        fr="ancienne image remise par une mise à jour", en="earlier image brought back by an update"
    ),
    "images_that_ran": Text(fr="images qui ont tourné", en="images that ran"),
    "updated_replicas": Text(fr="nombre de répliques mises à jour", en="number of replicas updated"),
    "failed_reason": Text(fr="genre de l'échec", en="kind of the failure"),
    "failed_error": Text(fr="erreur de la nouvelle image", en="error of the new image"),
    "spacing_s": Text(fr="écart entre deux répliques", en="time between two replicas"),
    "parallelism": Text(fr="tâches mises à jour à la fois", en="tasks updated at a time"),
    "delay_s": Text(fr="délai entre les tâches", en="delay between tasks"),
    "failure_action": Text(fr="action en cas d'échec", en="action on failure"),
    "order": Text(fr="ordre de la mise à jour", en="order of the update"),
}


WORDS: Mapping[str, ValueWords] = {
    "ended_as": {
        "never": Text(fr="aucune mise à jour", en="no update"),
        "running": Text(fr="en cours", en="under way"),
        "paused": Text(fr="interrompue (paused)", en="stopped halfway (paused)"),
        "updated": Text(fr="réussie", en="completed"),
        "rolled-back-by-hand": Text(fr="annulée par une commande", en="rolled back by a command"),
        "rolled-back-by-failure": Text(
            fr="annulée par le swarm après un échec", en="rolled back by the swarm after a failure"
        ),
        "same-image": Text(
            fr="annulée sans que l'image ait changé", en="rolled back without a change of image"
        ),
        "otherwise": Text(
            fr="le dernier changement ne portait pas sur l'image", en="the last change was not of the image"
        ),
    },
    "failed_reason": TASK_REASON_WORDS,
    "spacing_s": {
        None: Text(fr="aucune mesure", en="not measured"),
    },
    "updated_replicas": {
        None: Text(fr="inconnu", en="not known"),
    },
    "failure_action": {
        "pause": Text(fr="s'arrêter (pause)", en="stop (pause)"),
        "continue": Text(fr="continuer (continue)", en="go on (continue)"),
        "rollback": Text(fr="revenir en arrière (rollback)", en="go back (rollback)"),
    },
    "images_that_ran": value_words.NO_ELEMENT_FEMININE,
}


class SwarmUpdate(Probe, frozen=True, kw_only=True, tag="swarm-update"):
    """Look at the last update of *service*; only a manager of the swarm can tell."""

    service: ServiceName

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = NO_SUCH_SERVICE
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = each_service("service")
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "ended_as": DraftedFact({"updated": Text(fr="a été mis à jour", en="was updated")}),
    }
    example: ClassVar[Mapping[str, Any]] = {"service": "web"}

    def observe(self, engine: Engine) -> Observation:
        """List the services, then the tasks of the one that is meant."""
        try:
            found = find_service(engine, self.service)
            facts = read_update_facts(found.listed, engine.list_service_tasks(found.id))
            age_s = self.measure_age_s(engine, found.listed)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("swarm-update", trouble)
        return Seen(kind="swarm-update", facts=msgspec.to_builtins(facts), age_s=age_s)

    def measure_age_s(self, engine: Engine, service: Json) -> float | None:
        """Return for how many seconds an update has been under way; None where none is."""
        status = service.get("UpdateStatus") or {}
        if status.get("State") not in RUNNING_STATES:
            return None
        started = parse_timestamp(str(status.get("StartedAt") or ""))
        return max(0.0, round((engine.now() - started).total_seconds(), 1))


def read_update_facts(service: Json, tasks: Sequence[Json]) -> Facts:
    """Put a listed service and its tasks into facts."""
    status, previous = service.get("UpdateStatus") or {}, service.get("PreviousSpec") or {}
    image, previous_image = get_image(service["Spec"]), get_image(previous)
    ended_as = judge_end(str(status.get("State") or ""), image, previous_image, tasks)
    update_image = find_update_image(ended_as, image, previous_image, tasks)
    turns = list_turns(tasks, update_image)
    failed = find_last_error(
        task for task in tasks if update_image and get_image(task.get("Spec")) == update_image
    )
    # A command that goes back restores the settings of before, too: the update went by those it undid.
    followed = previous if ended_as == "rolled-back-by-hand" else service["Spec"]
    return Facts(
        name=str(service["Spec"]["Name"]),
        state=status.get("State") or None,
        message=str(status.get("Message") or "")[:300],
        ended_as=ended_as,
        image=image,
        previous_image=previous_image,
        update_image=update_image,
        returned=ended_as == "updated" and has_returned(tasks, update_image),
        images_that_ran=list_images_that_ran(tasks)[:MAX_IMAGES],
        updated_replicas=sum(any(map(did_run, turn)) for turn in turns) if turns else None,
        failed_reason=failed.reason if failed else None,
        failed_error=failed.text or None if failed else None,
        spacing_s=measure_spacing_s(turns),
        **read_update_settings(followed.get("UpdateConfig") or {}),
    )


def judge_end(state: str, image: str | None, previous: str | None, tasks: Sequence[Json]) -> UpdateEnd:
    """
    Tell how the last update ended.

    The state is one for both ways back. What tells them apart is that the swarm, going back by itself, leaves
    no previous specification (20.10 to 28, measured).
    """
    if state in RUNNING_STATES:
        return "running"
    if state in PAUSED_STATES:
        return "paused"
    if state == "rollback_completed" and previous is None:
        return "rolled-back-by-failure"
    if previous not in {None, image}:
        return "rolled-back-by-hand" if state == "rollback_completed" else "updated"
    if not {get_image(task.get("Spec")) for task in tasks} - {image, None}:
        return "never"
    return "same-image" if state == "rollback_completed" else "otherwise"


def find_update_image(
    ended_as: UpdateEnd, image: str | None, previous: str | None, tasks: Sequence[Json]
) -> str | None:
    """Return the image that the last update went to; None where that is not told."""
    if ended_as == "rolled-back-by-hand":
        return previous
    if ended_as == "rolled-back-by-failure":
        return next((other for other in list_task_images(tasks) if other != image), None)
    return image if ended_as in {"updated", "paused", "running"} else None


def list_task_images(tasks: Sequence[Json]) -> list[str]:
    """List the images of the tasks, the newest first, each once."""
    newest = sorted(tasks, key=get_creation, reverse=True)
    return list(dict.fromkeys(found for task in newest if (found := get_image(task.get("Spec")))))


def list_images_that_ran(tasks: Sequence[Json]) -> list[str]:
    """List the images of the tasks that ran until they were stopped, or still run."""
    return sorted(set(list_task_images([task for task in tasks if did_run(task)])))


def has_returned(tasks: Sequence[Json], image: str | None) -> bool:
    """
    Return whether a replica has *image* again, which it had before the one that it had in between.

    Whoever updates there, back, and there again has the newer one.
    """
    rounds = [
        [found for found, _ in groupby(get_image(task.get("Spec")) for task in slot)]
        for slot in group_by_slot(tasks)
    ]
    return any(
        images[-1] == image and image in images[: images.index(images[-2])]
        for images in rounds
        if len(images) > 1
    )


def did_run(task: Json) -> bool:
    """Return whether it had a container that ran until the swarm stopped it, or still runs."""
    return get_task_state(task) in DID_RUN_STATES and bool(get_container_id(task))


def get_creation(task: Json) -> str:
    """Return when the swarm made the task, as it writes it."""
    return str(task.get("CreatedAt") or "")


def group_by_slot(tasks: Sequence[Json]) -> list[list[Json]]:
    """Return the tasks of each replica, the oldest first; a global service's are told apart by machine."""
    slots: dict[tuple[int, str], list[Json]] = {}
    for task in sorted(tasks, key=get_creation):
        slot = task.get("Slot") or 0
        slots.setdefault((slot, "" if slot else str(task.get("NodeID") or "")), []).append(task)
    return list(slots.values())


def list_turns(tasks: Sequence[Json], image: str | None) -> list[list[Json]]:
    """Return of each replica its tasks of the last time that it was given *image*, the newest first."""
    if image is None:
        return []

    def has_image(task: Json) -> bool:
        return get_image(task.get("Spec")) == image

    turns = [
        list(takewhile(has_image, dropwhile(lambda task: not has_image(task), reversed(slot))))
        for slot in group_by_slot(tasks)
    ]
    return [turn for turn in turns if turn]


def measure_spacing_s(turns: Sequence[Sequence[Json]]) -> float | None:
    """Return the shortest time between the beginnings of two replicas' turns, in seconds."""
    began = sorted(parse_timestamp(get_creation(turn[-1])) for turn in turns)
    return min(
        (round((later - earlier).total_seconds(), 1) for earlier, later in pairwise(began)), default=None
    )


def read_update_settings(config: Json) -> dict[str, Any]:
    """Read how updates are to go; what is left out is Docker's default."""
    parallelism = config.get("Parallelism")
    return {
        "parallelism": 1 if parallelism is None else parallelism,
        "delay_s": (config.get("Delay") or 0) / 1e9,
        "failure_action": config.get("FailureAction") or "pause",
        "order": config.get("Order") or "stop-first",
    }
