"""Kind `trivy-database`: whether Trivy has downloaded its database of vulnerabilities."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import WORKDIR
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.probes.support.supply import NotSupplied, Supply
from dckgrade.probes.trivy.log_findings import COMPLAINT_WORDS, TrivyComplaint
from dckgrade.probes.trivy.traces import (
    EVIDENCE_WORDS,
    UNSEEN_PLACE_WORDS,
    TraceSearch,
    UnseenPlace,
    recall_unseen,
)
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

DatabaseEvidence = Literal["cache", "container-cache", "volume", "report", "container-log"]


class Facts(Struct, frozen=True, kw_only=True):
    """Where it was found."""

    evidence: DatabaseEvidence | None
    """The cache here, in a container, in a volume; a report, a container's output with findings; or null."""
    downloaded_at: str
    """RFC 3339; empty where it cannot be told."""
    clue: TrivyComplaint | None
    """What Trivy complains of, where that is known."""
    looked_in: list[str]
    """The folders looked into on this machine, and the containers."""
    not_ours: bool
    """There may be a cache of another user's (root's) that we cannot look into."""
    unseen: UnseenPlace | None
    """Where there may be one that cannot be seen."""
    unseen_name: str
    """The name of that file, volume or container."""
    program: str
    text: str | None
    """Trivy's last error, or the engine's about its container; null where nothing is said."""
    place: str
    """The command, or the file and line, that shows it."""


LABELS: Mapping[str, Text] = {
    "evidence": Text(fr="preuve de la base", en="evidence of the database"),
    "downloaded_at": Text(fr="date de téléchargement", en="download date"),
    "clue": Text(fr="problème signalé par Trivy", en="problem reported by Trivy"),
    "looked_in": Text(fr="endroits examinés", en="places searched"),
    "not_ours": Text(fr="cache d'un autre utilisateur", en="cache of another user"),
    "unseen": Text(fr="trace possible, hors de vue", en="possible trace that cannot be seen"),
    "unseen_name": Text(fr="nom de cette trace", en="name of that trace"),
    "program": Text(fr="programme", en="program"),
    "text": Text(fr="erreur du programme", en="error of the program"),
    "place": Text(fr="où elle se lit", en="where it can be read"),
}


WORDS: Mapping[str, ValueWords] = {
    "evidence": EVIDENCE_WORDS,
    "clue": COMPLAINT_WORDS,
    "unseen": UNSEEN_PLACE_WORDS,
}


class TrivyDatabase(Probe, frozen=True, kw_only=True, tag="trivy-database"):
    """Look for the database; a report of *image* that has findings shows that there was one."""

    image: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9._-]+)?$")]

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="aucune base de vulnérabilités de Trivy n'a été trouvée",
        en="no vulnerability database of Trivy was found",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR,)
    supply: ClassVar[Supply | NotSupplied] = NotSupplied("which image was scanned is chosen by the lab")
    example: ClassVar[Mapping[str, Any]] = {"image": "nginx:1.17"}

    def observe(self, engine: Engine) -> Observation:
        """Look for it wherever it may have left something."""
        try:
            search = TraceSearch(engine, self.image)
            evidence, downloaded_at = find_database(search)
            facts = build_facts(search, evidence, downloaded_at)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("trivy-database", trouble)
        return Seen(kind="trivy-database", facts=msgspec.to_builtins(facts))

    def recall(self, recorded: Mapping[str, Observation]) -> Observation | None:
        """Older recordings do not tell what was out of sight."""
        return recall_unseen(super().recall(recorded))


def find_database(search: TraceSearch) -> tuple[DatabaseEvidence | None, str]:
    """Look in caches, at reports, at what containers printed; return the date too, if it is known."""
    places: Mapping[str, DatabaseEvidence] = {
        "machine": "cache",
        "container": "container-cache",
        "volume": "volume",
    }
    for cache in search.iter_caches():
        downloaded_at = search.read_cache(cache, cache.find_download_time)
        if downloaded_at is not None:
            return places[cache.place], downloaded_at
    if any(report.fault is None and report.found_from_database for _, report in search.reports):
        return "report", ""
    if any(output.fault is None and output.found_from_database for _, output in search.printed):
        return "container-log", ""
    return None, ""


def build_facts(search: TraceSearch, evidence: DatabaseEvidence | None, downloaded_at: str) -> Facts:
    """Put where it was found, or what Trivy complains of, into facts."""
    complaint = None if evidence else search.find_complaint()
    unseen = None if evidence else search.find_unseen_trace()
    hidden = None if evidence or search.not_ours else search.find_hidden_failure({"database"})
    if hidden:
        raise hidden
    return Facts(
        evidence=evidence,
        downloaded_at=downloaded_at[:40],
        clue=complaint.clue if complaint else None,
        looked_in=search.list_places(),
        not_ours=search.not_ours and not evidence,
        unseen=unseen.place if unseen else None,
        unseen_name=unseen.name if unseen else "",
        program=complaint.program if complaint else "Trivy",
        text=complaint.text if complaint else None,
        place=complaint.place if complaint else "",
    )
