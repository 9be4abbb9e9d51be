"""Why a task of a service does not run, in the swarm's own words and by kind."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from dckgrade.engine.answers import Json
from dckgrade.engine.redaction import mask_secrets
from dckgrade.probes.swarm.services import get_task_state
from dckgrade.probes.words import ValueWords
from dckgrade.report.text import Text

TaskReason = Literal[
    "no-image", "constraint", "resources", "max-per-node", "port", "no-node", "minimum-memory", "exits"
]

MAX_ERROR_CHARS = 300
ENDED_STATES = {"failed", "complete"}
"""The program has ended, by an error or not: a service wants one that lasts."""
REASON_WORDS: Mapping[str, TaskReason] = {
    "No such image": "no-image",
    "scheduling constraints not satisfied": "constraint",
    "insufficient resources": "resources",
    "max replicas per node": "max-per-node",
    "host-mode port already in use": "port",
    "not available for new tasks": "no-node",
    "Minimum memory limit allowed": "minimum-memory",
    "non-zero exit": "exits",
}
"""By words of moby and swarmkit (20.10 to 28, measured); a refusal may count nodes for several reasons."""


TASK_REASON_WORDS: ValueWords = {
    "no-image": Text(fr="l'image est introuvable", en="the image cannot be found"),
    "constraint": Text(
        fr="aucune machine ne satisfait les contraintes de placement",
        en="no machine meets the placement constraints",
    ),
    "resources": Text(
        fr="pas assez de ressources sur les machines", en="not enough resources on the machines"
    ),
    "max-per-node": Text(
        fr="nombre maximal de tâches par machine atteint", en="maximum number of tasks per machine reached"
    ),
    "port": Text(fr="port déjà pris sur la machine", en="port already taken on the machine"),
    "no-node": Text(fr="aucune machine n'accepte de nouvelle tâche", en="no machine takes new tasks"),
    "minimum-memory": Text(
        fr="limite de mémoire trop basse pour Docker", en="memory limit too low for Docker"
    ),
    "exits": Text(fr="le programme s'arrête", en="the program stops"),
    None: Text(fr="aucune erreur", en="no error"),
}


class TaskError(Struct, frozen=True, kw_only=True):
    """What became of one task that does not run."""

    text: str
    """The swarm's words, secrets masked; empty of a program that ended without an error."""
    reason: TaskReason | None
    """None where the words are none of those that are known."""
    exit_code: int | None


def find_last_error(tasks: Iterable[Json]) -> TaskError | None:
    """Return what the newest task that did not run tells of it; None where none tells anything."""
    newest = sorted(tasks, key=lambda task: str(task.get("CreatedAt") or ""), reverse=True)
    return next((error for task in newest if (error := read_task_error(task))), None)


def read_task_error(task: Json) -> TaskError | None:
    """Read why *task* does not run; None of one that runs, is on its way, or was stopped."""
    status, state = task.get("Status") or {}, get_task_state(task)
    text = mask_secrets(str(status.get("Err") or ""))[:MAX_ERROR_CHARS]
    if not text and state not in ENDED_STATES:
        return None
    return TaskError(
        text=text,
        reason=classify_error(text) or ("exits" if state == "complete" else None),
        exit_code=(status.get("ContainerStatus") or {}).get("ExitCode") if state in ENDED_STATES else None,
    )


def classify_error(text: str) -> TaskReason | None:
    """Return the reason whose words stand first in *text*."""
    found: Sequence[tuple[int, TaskReason]] = [
        (text.index(words), reason) for words, reason in REASON_WORDS.items() if words in text
    ]
    return min(found)[1] if found else None
