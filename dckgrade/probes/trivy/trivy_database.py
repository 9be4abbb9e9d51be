"""Kind `trivy-database`: whether Trivy has downloaded its database of vulnerabilities."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import OTHER_USERS_DETAIL, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import WORKDIR
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.probes.trivy.cache import (
    list_trivy_containers,
    open_container_cache,
    open_local_cache,
)
from dckgrade.probes.trivy.log_findings import TrivyComplaint, find_complaint
from dckgrade.probes.trivy.reports import assess_report
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

DatabaseEvidence = Literal["cache", "container-cache", "report"]


class Facts(Struct, frozen=True, kw_only=True):
    """Where it was found."""

    evidence: DatabaseEvidence | None
    """The cache here, a container's, a report with findings; null: nowhere."""
    downloaded_at: str
    """RFC 3339; empty where it cannot be told."""
    clue: TrivyComplaint | None
    """What the newest container of Trivy complains of."""
    looked_in: list[str]
    """The folders looked into on this machine."""
    not_ours: bool
    """There may be a cache of another user's (root's) that we cannot look into."""


LABELS: Mapping[str, Text] = {
    "evidence": Text(fr="preuve de la base", en="evidence of the database"),
    "downloaded_at": Text(fr="date de téléchargement", en="download date"),
    "clue": Text(fr="problème signalé par Trivy", en="problem reported by Trivy"),
    "looked_in": Text(fr="dossiers examinés", en="folders searched"),
    "not_ours": Text(fr="cache d'un autre utilisateur", en="cache of another user"),
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
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR,)
    example: ClassVar[Mapping[str, Any]] = {"image": "nginx:1.17"}

    def observe(self, engine: Engine) -> Observation:
        """Look for it wherever it may have left something."""
        try:
            facts = self.find_evidence(engine)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("trivy-database", trouble)
        return Seen(kind="trivy-database", facts=msgspec.to_builtins(facts))

    def find_evidence(self, engine: Engine) -> Facts:
        """Look in the cache here, then in containers, then at reports."""
        trouble: OutOfReach | None = None
        containers = list_trivy_containers(engine)
        for cache in (
            open_local_cache(engine),
            *(open_container_cache(engine, found) for found in containers),
        ):
            try:
                if downloaded_at := cache.find_download_time():
                    evidence: DatabaseEvidence = "container-cache" if cache.container else "cache"
                    return build_database_facts(engine, evidence, downloaded_at=downloaded_at)
            except OutOfReach as error:
                trouble = trouble or error
        not_ours = trouble is not None and trouble.detail == OTHER_USERS_DETAIL
        if self.has_report_with_findings(engine):
            return build_database_facts(engine, "report", not_ours=not_ours)
        if trouble and not not_ours:
            raise trouble
        return build_database_facts(engine, None, not_ours=not_ours)

    def has_report_with_findings(self, engine: Engine) -> bool:
        """Return whether a report of the image has findings."""
        try:
            image = engine.inspect_image(self.image)
        except NotThere:
            return False
        assessments = (
            assess_report(text, self.image, image, engine.now())
            for _, text in engine.read_json_reports()
            if text
        )
        return any(found and found.fault is None and found.found_from_database for found in assessments)


def build_database_facts(
    engine: Engine, evidence: DatabaseEvidence | None, *, downloaded_at: str = "", not_ours: bool = False
) -> Facts:
    """Put where it was found, or what Trivy complains of, into facts."""
    return Facts(
        evidence=evidence,
        downloaded_at=downloaded_at[:40],
        clue=None if evidence else find_complaint(engine),
        looked_in=list(engine.list_cache_folders("trivy")),
        not_ours=not_ours,
    )
