"""Gather what Trivy may have left: caches, files, containers, and what cannot be seen."""

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from functools import cached_property, partial
from typing import Literal, TypeVar, get_args

from msgspec import Struct
from msgspec.structs import replace

from dckgrade.engine.answers import OTHER_USERS_DETAIL, Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.probes.base import add_missing_facts, get_fact
from dckgrade.probes.trivy.cache import (
    TrivyCache,
    open_container_caches,
    open_local_caches,
    open_volume_caches,
)
from dckgrade.probes.trivy.containers import (
    MAX_CONTAINERS,
    TRIVY_NAME,
    TrivyContainer,
    inspect_trivy_container,
    list_trivy_containers,
    list_trivy_images,
)
from dckgrade.probes.trivy.events import PastRuns, find_past_runs
from dckgrade.probes.trivy.log_findings import TrivyComplaint, find_fatal_error
from dckgrade.probes.trivy.output_text import decode_output, is_trivy_output
from dckgrade.probes.trivy.outputs import assess_output, shows_table
from dckgrade.probes.trivy.reports import OutputAssessment, ReportTarget
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, UnobservableReason
from dckgrade.report.text import Text

T = TypeVar("T")
UnseenPlace = Literal["running", "file", "volume", "container", "export"]
"""
Where a scan may be that cannot be proven: a container in which Trivy is still at work; a file or output that
names the image, in a format that ties it to none; a volume that cannot be read; a container that is gone; a
scan for which the engine exported the image.
"""
TRIVY_PROGRAM = "Trivy"
SCAN_ENDINGS: Collection[TrivyComplaint | None] = {*get_args(TrivyComplaint), None} - {"interrupted"}
"""An error of whichever kind ends a scan; one that was killed may have been nearly done."""
CACHE_WORDS = (TRIVY_NAME, "cache")


UNSEEN_PLACE_WORDS: ValueWords = {
    "running": Text(fr="conteneur où Trivy travaille encore", en="container in which Trivy is still at work"),
    "file": Text(
        fr="fichier ou sortie que rien ne relie à l'image", en="file or output that nothing ties to the image"
    ),
    "volume": Text(fr="volume qui ne peut pas être lu", en="volume that cannot be read"),
    "container": Text(fr="conteneur supprimé", en="container that is gone"),
    "export": Text(fr="export de l'image par le moteur", en="export of the image by the engine"),
    None: Text(fr="aucune", en="none"),
}


EVIDENCE_WORDS: ValueWords = {
    "cache": Text(fr="cache de Trivy", en="Trivy's cache"),
    "container-cache": Text(fr="cache dans un conteneur", en="cache inside a container"),
    "volume": Text(fr="cache dans un volume", en="cache in a volume"),
    "report": Text(fr="rapport de Trivy", en="report by Trivy"),
    "container-log": Text(fr="logs d'un conteneur Trivy", en="log of a Trivy container"),
    None: Text(fr="aucune", en="none"),
}


class Complaint(Struct, frozen=True, kw_only=True):
    """The last error of Trivy that can still be read, or the engine's about its container."""

    clue: TrivyComplaint | None
    program: str
    text: str
    place: str
    """The command, or the file and line, that shows it."""


class UnseenTrace(Struct, frozen=True):
    """Where a trace may be that proves nothing, and its name; '' where it has none."""

    place: UnseenPlace
    name: str


class TraceSearch:
    """What one search finds, each part when it is first asked for; what goes wrong is kept for the end."""

    def __init__(self, engine: Engine, image_name: str) -> None:
        self.engine, self.not_ours = engine, False
        self.failure: OutOfReach | None = None
        self.closed_volumes: dict[str, None] = {}
        """The names of the volumes that cannot be read from here, in their order."""
        self.closed_containers: dict[str, OutOfReach] = {}
        """By name, the containers of which the engine shows no files (moby#52653)."""
        image: Json = {}
        with suppress(NotThere):
            image = engine.inspect_image(image_name)
        self.target = ReportTarget(name=image_name, image=image, now=engine.now())

    def attempt(self, ask: Callable[[], T]) -> T | None:
        """Return what *ask* does; None where there is no such thing, or it cannot be asked."""
        try:
            return ask()
        except NotThere:
            return None
        except OutOfReach as trouble:
            if trouble.detail == OTHER_USERS_DETAIL:
                self.not_ours = True
            else:
                self.failure = self.failure or trouble
            return None

    @cached_property
    def containers(self) -> list[TrivyContainer]:
        """The containers of Trivy that are still there, the newest first."""
        listed = list_trivy_containers(self.engine)
        if len(listed) > MAX_CONTAINERS:
            # The scan may be in one that is passed over.
            why = f"more than {MAX_CONTAINERS} containers of Trivy"
            self.failure = self.failure or OutOfReach(UnobservableReason.NOT_TRIED, why)
            listed = listed[:MAX_CONTAINERS]
        inspected = [self.attempt(partial(inspect_trivy_container, self.engine, entry)) for entry in listed]
        return [container for container in inspected if container]

    @cached_property
    def volumes(self) -> list[Json]:
        """The volumes of the engine; those of one that does not list them are not missed."""
        with suppress(NotThere, OutOfReach):
            return list(self.engine.list_volumes())
        return []

    def iter_caches(self) -> Iterator[TrivyCache]:
        """Yield every cache that may be there: on this machine, in containers, in volumes."""
        yield from open_local_caches(self.engine)
        for container in self.containers:
            yield from open_container_caches(self.engine, container)
        for volume in self.volumes:
            yield from open_volume_caches(self.engine, volume)

    def read_cache(self, cache: TrivyCache, ask: Callable[[], T]) -> T | None:
        """Return what *ask* reads of *cache*; one that is closed to us is no cache of another user."""
        if cache.place == "machine":
            return self.attempt(ask)
        try:
            return ask()
        except OutOfReach as trouble:
            if cache.place == "volume":
                self.closed_volumes[cache.location] = None
            else:
                self.closed_containers.setdefault(cache.location, trouble)
        except NotThere:
            pass
        return None

    @cached_property
    def files(self) -> list[tuple[str, bytes]]:
        """The files of the working folder that Trivy may have written."""
        found: list[tuple[str, bytes]] = []
        for name, content in self.attempt(partial(self.engine.read_work_files, is_trivy_output)) or ():
            if content is None:
                # It may be the very report: nobody is told that there is none.
                self.failure = self.failure or OutOfReach(
                    UnobservableReason.UNREADABLE, f"{name} cannot be read"
                )
            else:
                found.append((name, content))
        return found

    @cached_property
    def reports(self) -> list[tuple[str, OutputAssessment]]:
        """The files that are reports, and what each is worth."""
        assessed = ((name, assess_output(content, self.target)) for name, content in self.files)
        return [(name, assessment) for name, assessment in assessed if assessment]

    @cached_property
    def printed(self) -> list[tuple[TrivyContainer, OutputAssessment]]:
        """What containers printed of the image; a table is proof there, since the engine keeps it."""
        return [
            (container, assessment)
            for container in self.containers
            if (assessment := self.attempt(partial(self.assess_printed, container)))
        ]

    def assess_printed(self, container: TrivyContainer) -> OutputAssessment | None:
        """Assess what a container has printed."""
        content = self.engine.read_output(container.ref, tty=container.tty)
        assessment = assess_output(content, self.target)
        if assessment and assessment.fault == "other-format" and shows_table(content, self.target):
            return replace(assessment, fault=None, found_from_database=True)
        return assessment

    @cached_property
    def past_runs(self) -> PastRuns:
        """What the engine remembers of runs of Trivy; nothing where it does not say."""
        with suppress(NotThere, OutOfReach):
            return find_past_runs(self.engine, self.target.image)
        return PastRuns()

    def find_complaint(self) -> Complaint | None:
        """Find the newest error: of a container, else in a file of the working folder."""
        for container in self.containers:
            if complaint := self.attempt(partial(self.read_complaint, container)):
                return complaint
        for name, content in self.files:
            if found := find_fatal_error(decode_output(content)):
                # Whose socket was missing, the machine's or a container's, a file does not tell.
                clue = None if found.clue == "no-engine" else found.clue
                return Complaint(clue=clue, program="Trivy", text=found.text, place=f"{name}:{found.line}")
        return None

    def find_hidden_failure(self, conclusive: Collection[TrivyComplaint | None]) -> OutOfReach | None:
        """
        Find what went wrong where something may be: not in a closed container whose own end tells enough,
        which is an error of one of the kinds *conclusive*, or one that kept it from starting.
        """
        closed = (container for container in self.containers if container.name in self.closed_containers)
        for container in closed:
            complaint = self.attempt(partial(self.read_complaint, container))
            began = complaint is None or complaint.program == TRIVY_PROGRAM or complaint.clue is not None
            if began and (complaint is None or complaint.clue not in conclusive):
                return self.closed_containers[container.name]
        return self.failure

    def read_complaint(self, container: TrivyContainer) -> Complaint | None:
        """Read the error of one container: the engine's, where it could not start, else Trivy's."""
        if (refusal := str(container.state.get("Error") or "")) and not container.state.get("Running"):
            place = f"docker inspect {container.name}: State.Error"
            return Complaint(
                clue=None, program="Docker", text=mask_secrets(" ".join(refusal.split()))[:300], place=place
            )
        if container.ended_at < self.past_runs.removed_at:
            return None  # a later run, which has left nothing, may have done better
        log = self.engine.read_log_tail(container.ref, tty=container.tty)
        found = find_fatal_error(decode_output(log.encode()))
        if found:
            place = f"docker logs {container.name}"
            return Complaint(clue=found.clue, program="Trivy", text=found.text, place=place)
        if signal := container.killing_signal:
            place = f"docker inspect {container.name}: State.ExitCode"
            return Complaint(clue="interrupted", program="Docker", text=f"128 + {signal}", place=place)
        return None

    def find_unseen_trace(self) -> UnseenTrace | None:
        """Find the likeliest place where a scan may have left what cannot be seen, or proves nothing."""
        return next(self.iter_unseen_traces(), None)

    def iter_unseen_traces(self) -> Iterator[UnseenTrace]:
        """Yield such places, the likeliest first."""
        for container in self.containers:
            if container.is_scanning:
                yield UnseenTrace("running", container.name)
        printed = ((container.name, output) for container, output in self.printed)
        for name, output in (*self.reports, *printed):
            if output.fault in {"other-format", "damaged"}:
                yield UnseenTrace("file", name)
        runs = self.past_runs
        for name in self.closed_volumes:
            if name == runs.volume or any(word in name for word in CACHE_WORDS):
                yield UnseenTrace("volume", name)
        if runs.removed_container is not None:
            yield UnseenTrace("container", runs.removed_container)
        if runs.was_exported:
            yield UnseenTrace("export", "")
        trivy_images = self.attempt(partial(list_trivy_images, self.engine))
        if trivy_images and not runs.is_complete:
            yield UnseenTrace("container", "")

    def list_places(self) -> list[str]:
        """List where traces were looked for: folders of this machine, containers."""
        return [
            *self.engine.list_cache_folders(TRIVY_NAME),
            *(container.name for container in self.containers),
        ]


def recall_unseen(seen: Observation | None) -> Observation | None:
    """Return what was *seen*; of a recorded mistake nobody had asked yet what was out of sight."""
    # Of a scan, what it lacks is the mistake; of the database, what Trivy complains of.
    mistake = get_fact(seen, "lack") or get_fact(seen, "clue") or "nothing"
    return seen if mistake == "nothing" else add_missing_facts(seen, unseen=None, unseen_name="")
