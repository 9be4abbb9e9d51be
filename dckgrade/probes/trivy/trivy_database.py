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
    TrivyCache,
    list_trivy_containers,
    open_container_cache,
    open_local_cache,
)
from dckgrade.probes.trivy.log_findings import TrivyComplaint, find_complaint
from dckgrade.probes.trivy.reports import assess_report
from dckgrade.report.observation import Observation, Seen, Unobservable
from dckgrade.report.text import Text


class Facts(Struct, frozen=True, kw_only=True):
    """Where it was found."""

    evidence: Literal["cache", "container-cache", "report"] | None
    """The cache here, a container's, a report with findings; null: nowhere."""
    downloaded_at: str
    """RFC 3339; empty where it cannot be told."""
    clue: TrivyComplaint | None
    """What the newest container of Trivy complains of."""
    looked_in: list[str]
    """The folders looked into on this machine."""
    not_ours: bool
    """There may be a cache of another user's (root's) that we cannot look into."""


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
    labels: ClassVar[Mapping[str, Text]] = {}
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR,)
    example: ClassVar[Mapping[str, Any]] = {"image": "nginx:1.17"}

    def observe(self, engine: Engine) -> Observation:
        """Look in the cache here, then in containers, then at reports."""
        trouble: OutOfReach | None = None
        seen = list_trivy_containers(engine)
        for cache in (open_local_cache(engine), *(open_container_cache(engine, one) for one in seen)):
            try:
                if at := cache.find_download_time():
                    return self.build_cache_observation(engine, cache, at)
            except OutOfReach as error:
                trouble = trouble or error
        not_ours = trouble is not None and trouble.detail == OTHER_USERS_DETAIL
        if self.has_report_with_findings(engine):
            return self.build_observation(engine, "report", not_ours=not_ours)
        if trouble and not not_ours:
            return Unobservable(kind="trivy-database", why=trouble.why, detail=trouble.detail)
        return self.build_observation(engine, None, not_ours=not_ours)

    def build_cache_observation(self, engine: Engine, cache: TrivyCache, at: str) -> Observation:
        """Say where it was found."""
        return self.build_observation(engine, "container-cache" if cache.container else "cache", at=at)

    def has_report_with_findings(self, engine: Engine) -> bool:
        """Say whether a report of the image has findings."""
        try:
            image = engine.inspect_image(self.image)
        except NotThere:
            return False
        reports = (
            assess_report(text, self.image, image, engine.now())
            for _, text in engine.read_json_reports()
            if text
        )
        return any(one and one.fault is None and one.found_from_database for one in reports)

    def build_observation(
        self,
        engine: Engine,
        evidence: Literal["cache", "container-cache", "report"] | None,
        *,
        at: str = "",
        not_ours: bool = False,
    ) -> Observation:
        """Write the facts."""
        try:
            complaint = None if evidence else find_complaint(engine)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("trivy-database", trouble)
        facts = Facts(
            evidence=evidence,
            downloaded_at=at[:40],
            clue=complaint,
            looked_in=list(engine.list_cache_folders("trivy")),
            not_ours=not_ours,
        )
        return Seen(kind="trivy-database", facts=msgspec.to_builtins(facts))
