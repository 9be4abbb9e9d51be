"""Kind `trivy-scan`: whether Trivy has really analysed an image, and what proves it best."""

import contextlib
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import OTHER_USERS_DETAIL, Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import WORKDIR
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.lookup import convert_to_observation, list_container_names
from dckgrade.probes.trivy.cache import (
    AnalysedLayer,
    compare_layers,
    list_trivy_containers,
    open_container_cache,
    open_local_cache,
)
from dckgrade.probes.trivy.log_findings import TrivyComplaint, find_complaint, shows_table
from dckgrade.probes.trivy.reports import ReportFault, assess_report, list_image_layers
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

ScanEvidence = Literal["cache", "container-cache", "report", "container-log"]
"""From the strongest to the weakest: the cache here, a container's cache, a report, a container's log."""
ScanLack = Literal["base-only", "another-image", "image-gone", "nothing"] | ReportFault
LACK_PRIORITY: tuple[ScanLack, ...] = (
    *("forged", "foreign", "older", "partial", "another-kind"),
    *("base-only", "another-image", "image-gone", "nothing"),
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
    """What the newest container of Trivy complains of, where nothing else holds."""
    looked_in: list[str]
    """The folders looked into on this machine."""


LABELS: Mapping[str, Text] = {
    "image": Text(fr="nom de l'image", en="name of the image"),
    "evidence": Text(fr="preuve de l'analyse", en="evidence of the scan"),
    "where": Text(fr="emplacement de la preuve", en="place of the evidence"),
    "lack": Text(fr="défaut de la preuve", en="fault of the evidence"),
    "from_registry": Text(fr="image analysée depuis un registre", en="image scanned from a registry"),
    "not_ours": Text(fr="cache d'un autre utilisateur", en="cache of another user"),
    "clue": Text(fr="problème signalé par Trivy", en="problem reported by Trivy"),
    "looked_in": Text(fr="dossiers examinés", en="folders searched"),
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
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR,)
    example: ClassVar[Mapping[str, Any]] = {"image": "nginx:1.17"}

    def observe(self, engine: Engine) -> Observation:
        """Go from the strongest evidence to the weakest, and remember what each lacks."""
        try:
            search = EvidenceSearch(engine, self.image)
            search.run()
            if search.trouble and not (search.evidence or search.not_ours):
                raise search.trouble
            facts = search.build_facts()
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("trivy-scan", trouble)
        return Seen(kind="trivy-scan", facts=msgspec.to_builtins(facts))


class EvidenceSearch:
    """One search for evidence."""

    def __init__(self, engine: Engine, image: str) -> None:
        self.engine, self.image_name = engine, image
        self.evidence: ScanEvidence | None = None
        self.where = ""
        self.lacks: dict[ScanLack, str] = {}
        self.from_registry = self.not_ours = False
        self.trouble: OutOfReach | None = None
        self.inspected: Json = {}
        with contextlib.suppress(NotThere):
            self.inspected = engine.inspect_image(image)
        self.image_layers = list_image_layers(self.inspected)

    def run(self) -> None:
        """Stop at the first that holds."""
        for step in (
            self.check_local_cache,
            self.check_container_caches,
            self.check_reports,
            self.check_logs,
        ):
            step()
            if self.evidence:
                return

    def check_local_cache(self) -> None:
        """Look at the cache of this machine."""
        try:
            self.weigh_layers(
                open_local_cache(self.engine).list_layers(), "cache", open_local_cache(self.engine).location
            )
        except OutOfReach as trouble:
            self.not_ours = trouble.detail == OTHER_USERS_DETAIL
            self.trouble = trouble

    def check_container_caches(self) -> None:
        """Look at the caches of Trivy's containers."""
        for container in list_trivy_containers(self.engine):
            cache = open_container_cache(self.engine, container)
            try:
                self.weigh_layers(cache.list_layers(), "container-cache", cache.location)
            except OutOfReach as trouble:
                self.trouble = self.trouble or trouble
            if self.evidence:
                return

    def weigh_layers(self, seen: list[AnalysedLayer], evidence: ScanEvidence, where: str) -> None:
        """Compare the layers analysed with the image's."""
        self.from_registry = self.from_registry or any(layer.digest for layer in seen)
        covered = compare_layers(seen, self.image_layers)
        if covered == "all":
            self.accept_evidence(evidence, where)
        elif covered != "nothing":
            self.lacks.setdefault(covered if self.image_layers else "image-gone", where)

    def check_reports(self) -> None:
        """Look at the reports of the working folder."""
        if not self.image_layers:
            return None
        try:
            found = self.engine.read_json_reports()
        except OutOfReach as trouble:
            # A container's log may still tell.
            self.trouble = self.trouble or trouble
            return None
        for name, text in found:
            if text is None:
                # It may be the very report: nobody is told that there is none.
                self.trouble = self.trouble or OutOfReach(
                    UnobservableReason.UNREADABLE, f"{name} cannot be read"
                )
            report = assess_report(text, self.image_name, self.inspected, self.engine.now()) if text else None
            if report and report.fault is None:
                return self.accept_evidence("report", name)
            if report and report.fault:
                self.lacks.setdefault(report.fault, name)
        return None

    def check_logs(self) -> None:
        """Look at what containers printed that kept no cache, unless other evidence tells against it."""
        if not self.image_layers or self.lacks:
            return None
        for container in list_trivy_containers(self.engine):
            ended = "Exited (0)" in str(container.get("Status") or "")
            log = self.engine.read_log_tail(str(container.get("Id") or ""), tty=False) if ended else ""
            if shows_table(log, self.image_name):
                return self.accept_evidence("container-log", next(iter(list_container_names(container)), ""))
        return None

    def accept_evidence(self, evidence: ScanEvidence, where: str) -> None:
        """Take this evidence."""
        self.evidence, self.where = evidence, where

    def build_facts(self) -> Facts:
        """Write down what was found."""
        lack: ScanLack = next((known for known in LACK_PRIORITY if known in self.lacks), "nothing")
        return Facts(
            image=self.image_name,
            evidence=self.evidence,
            where=self.where or self.lacks.get(lack, ""),
            lack=lack,
            from_registry=self.from_registry,
            not_ours=self.not_ours and not self.evidence,
            clue=None if self.evidence else find_complaint(self.engine),
            looked_in=list(self.engine.list_cache_folders("trivy")),
        )
