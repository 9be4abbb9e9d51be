"""Kind `trivy-scan`: whether Trivy has really analysed an image, and what proves it best."""

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
from dckgrade.probes.trivy.cache import AnalysedScans, TrivyCache, compare_scans
from dckgrade.probes.trivy.log_findings import COMPLAINT_WORDS, TrivyComplaint
from dckgrade.probes.trivy.reports import OutputFault
from dckgrade.probes.trivy.traces import (
    EVIDENCE_WORDS,
    SCAN_ENDINGS,
    UNSEEN_PLACE_WORDS,
    TraceSearch,
    UnseenPlace,
    recall_unseen,
)
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

ScanEvidence = Literal["cache", "container-cache", "volume", "report", "container-log"]
"""From the strongest to the weakest: a cache here, in a container, in a volume; a report; an output."""
ScanLack = Literal["base-only", "another-image", "image-gone", "nothing"] | OutputFault
LACK_PRIORITY: tuple[ScanLack, ...] = (
    *("forged", "damaged", "other-format", "packages-only", "partial", "image-gone", "foreign"),
    *("another-kind", "base-only", "another-image", "nothing"),
)


class Facts(Struct, frozen=True, kw_only=True):
    """What was found, and where."""

    image: str
    evidence: ScanEvidence | None
    """The strongest that holds; null: none does."""
    where: str
    """The folder, container or file that holds it, or holds what comes nearest."""
    lack: ScanLack
    """Where none holds, what is wrong with the nearest; image-gone: there is no image to compare with."""
    from_registry: bool
    """The layers in the cache came from a registry, not from an engine."""
    not_ours: bool
    """There may be a cache of another user's (root's) that we cannot look into."""
    clue: TrivyComplaint | None
    """What Trivy complains of, where nothing else holds and that is known."""
    database: bool
    """A cache has the database: Trivy has run, or has begun to."""
    looked_in: list[str]
    """The folders looked into on this machine, and the containers."""
    line: int | None
    """The first line that is no JSON, of a report that should be."""
    unseen: UnseenPlace | None
    """Where a scan may have left what cannot be seen."""
    unseen_name: str
    """The name of that file, volume or container."""
    program: str
    text: str | None
    """Trivy's last error, or the engine's about its container; null where nothing is said."""
    place: str
    """The command, or the file and line, that shows it."""


LABELS: Mapping[str, Text] = {
    "image": Text(fr="nom de l'image", en="image name"),
    "evidence": Text(fr="preuve de l'analyse", en="evidence of the scan"),
    "where": Text(fr="emplacement de la preuve", en="place of the evidence"),
    "lack": Text(fr="défaut de la preuve", en="fault of the evidence"),
    "from_registry": Text(fr="image analysée depuis un registre", en="image scanned from a registry"),
    "not_ours": Text(fr="cache d'un autre utilisateur", en="cache of another user"),
    "clue": Text(fr="problème signalé par Trivy", en="problem reported by Trivy"),
    "database": Text(fr="base de Trivy présente", en="database of Trivy present"),
    "looked_in": Text(fr="endroits examinés", en="places searched"),
    "line": Text(fr="ligne qui n'est pas du JSON", en="line that is no JSON"),
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
    "lack": {
        "base-only": Text(fr="l'image de base seule est analysée", en="only the base image was scanned"),
        "another-image": Text(fr="une autre image est analysée", en="another image was scanned"),
        "image-gone": Text(
            fr="l'image n'est plus là pour comparer", en="the image is no longer there to compare"
        ),
        "nothing": Text(fr="aucune trace d'une analyse", en="no trace of a scan"),
        "another-kind": Text(fr="analyse d'un dossier ou d'un dépôt", en="scan of a folder or a repository"),
        "partial": Text(
            fr="analyse sans les vulnérabilités du système", en="scan without the system's vulnerabilities"
        ),
        "foreign": Text(fr="analyse d'une autre image", en="scan of a different image"),
        "forged": Text(fr="rapport incohérent", en="inconsistent report"),
        "packages-only": Text(
            fr="paquets lus, sans une vulnérabilité", en="packages read, and no vulnerability"
        ),
        "other-format": Text(
            fr="rapport que rien ne relie à cette image", en="report that nothing ties to this image"
        ),
        "damaged": Text(fr="rapport incomplet", en="incomplete report"),
    },
}


class TrivyScan(Probe, frozen=True, kw_only=True, tag="trivy-scan"):
    """Look for what a scan of *image* leaves behind."""

    image: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9._-]+)?$")]

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="aucune analyse de cette image par Trivy n'a été trouvée",
        en="no scan of that image by Trivy was found",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR,)
    supply: ClassVar[Supply | NotSupplied] = NotSupplied("which image was scanned is chosen by the lab")
    example: ClassVar[Mapping[str, Any]] = {"image": "nginx:1.17"}

    def observe(self, engine: Engine) -> Observation:
        """Go from the strongest evidence to the weakest, and remember what each lacks."""
        try:
            search = EvidenceSearch(engine, self.image)
            search.run()
            facts = search.build_facts()
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("trivy-scan", trouble)
        return Seen(kind="trivy-scan", facts=msgspec.to_builtins(facts))

    def recall(self, recorded: Mapping[str, Observation]) -> Observation | None:
        """Older recordings do not tell what was out of sight."""
        return recall_unseen(super().recall(recorded))


class EvidenceSearch:
    """One search for evidence."""

    def __init__(self, engine: Engine, image: str) -> None:
        self.traces = TraceSearch(engine, image)
        self.evidence: ScanEvidence | None = None
        self.where = ""
        self.lines: dict[str, int | None] = {}
        self.lacks: dict[ScanLack, str] = {}
        self.from_registry = False
        self.contradicted: set[str] = set()
        """Containers whose cache has layers, and not those of this image: what they print is of another."""

    def run(self) -> None:
        """Stop at the first that holds."""
        for step in (self.check_caches, self.check_reports, self.check_printed):
            step()
            if self.evidence:
                return

    def check_caches(self) -> None:
        """Look at the caches of this machine, of Trivy's containers and in volumes."""
        for cache in self.traces.iter_caches():
            self.weigh_layers(cache)
            if self.evidence:
                return

    def weigh_layers(self, cache: TrivyCache) -> None:
        """Compare the layers analysed with the image's."""
        scans = self.traces.read_cache(cache, cache.list_scans) or AnalysedScans(layers=[], images=[])
        self.from_registry = self.from_registry or any(layer.digest for layer in scans.layers)
        covered = compare_scans(scans, self.traces.target.image)
        if covered == "all":
            places: Mapping[str, ScanEvidence] = {"machine": "cache", "container": "container-cache"}
            self.accept_evidence(places.get(cache.place, "volume"), cache.location)
        elif covered != "nothing":
            self.lacks.setdefault(covered if self.traces.target.layers else "image-gone", cache.location)
            if cache.place == "container":
                self.contradicted.add(cache.location)

    def check_reports(self) -> None:
        """Look at the reports of the working folder."""
        for name, report in self.traces.reports:
            self.lines[name] = report.line
            if report.fault is None:
                return self.accept_evidence("report", name)
            self.lacks.setdefault(report.fault, name)
        return None

    def check_printed(self) -> None:
        """Look at what containers printed that kept no cache."""
        for container, output in self.traces.printed:
            fault = output.fault if self.traces.target.layers else "image-gone"
            if fault:
                self.lacks.setdefault(fault, container.name)
            elif container.name not in self.contradicted:
                return self.accept_evidence("container-log", container.name)
        return None

    def has_database(self) -> bool:
        """Return whether some cache has the database."""
        traces = self.traces
        return any(
            traces.read_cache(cache, cache.find_download_time) is not None for cache in traces.iter_caches()
        )

    def accept_evidence(self, evidence: ScanEvidence, where: str) -> None:
        """Take this evidence."""
        self.evidence, self.where = evidence, where

    def build_facts(self) -> Facts:
        """Write down what was found; raises what went wrong where nothing was."""
        traces = self.traces
        lack: ScanLack = next((known for known in LACK_PRIORITY if known in self.lacks), "nothing")
        where = self.where or self.lacks.get(lack, "")
        complaint = None if self.evidence else traces.find_complaint()
        unseen = None if self.evidence else traces.find_unseen_trace()
        hidden = None if self.evidence or traces.not_ours else traces.find_hidden_failure(SCAN_ENDINGS)
        if hidden:
            raise hidden
        return Facts(
            image=traces.target.name,
            evidence=self.evidence,
            where=where,
            lack=lack,
            from_registry=self.from_registry,
            not_ours=traces.not_ours and not self.evidence,
            clue=complaint.clue if complaint else None,
            database=not self.evidence and self.has_database(),
            looked_in=traces.list_places(),
            line=self.lines.get(where),
            unseen=unseen.place if unseen else None,
            unseen_name=unseen.name if unseen else "",
            program=complaint.program if complaint else "Trivy",
            text=complaint.text if complaint else None,
            place=complaint.place if complaint else "",
        )
