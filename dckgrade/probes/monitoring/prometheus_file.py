"""Kind `prometheus-file`: the configuration file as the engine finds it → has Prometheus read it so."""

from datetime import timedelta
from typing import ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.protocol import Engine, NotThere, OutOfReach
from dckgrade.probes.base import Strict
from dckgrade.probes.monitoring.prometheus_api import ABOUT, IMAGE, config_file, instant, reached
from dckgrade.probes.support.http_json import data
from dckgrade.probes.support.lookup import ContainerName, unseen
from dckgrade.probes.support.service import found
from dckgrade.report.observation import Observation, Seen

TOLD_TO_S = timedelta(seconds=1)
"""Prometheus tells the time of its last loading to the second, the rest cut off."""


class Facts(Struct, frozen=True, kw_only=True):
    """The file beside what is in force. Its content is not looked at: it may hold passwords."""

    newer: bool | None
    """Changed after it was last loaded; null where Prometheus does not tell when that was."""


class PrometheusFile(Strict, frozen=True, kw_only=True, tag_field="kind", tag="prometheus-file"):
    """Compare the file that the Prometheus in *container* reads with the time at which it last did."""

    container: ContainerName = "prometheus"

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True

    def observe(self, engine: Engine) -> Observation:
        """
        Ask Prometheus when it last loaded, and the engine when the file was last changed.

        The engine follows the path; Prometheus still holds the file that an editor has put another one in
        the place of (seen with `sed -i`).
        """
        try:
            answered = reached(engine, self.container)
            about = (data(answered.answer.ask, ABOUT) if answered.answer else None) or {}
            loaded_at = instant(about.get("lastConfigTime"))
            ref = found(engine, self.container, IMAGE)[0]
            changed_at = engine.read_modified_at(ref, config_file(engine.inspect_container(ref)))
        except (NotThere, OutOfReach) as trouble:
            return unseen("prometheus-file", trouble)
        newer = changed_at > loaded_at + TOLD_TO_S if loaded_at else None
        return Seen(kind="prometheus-file", facts=msgspec.to_builtins(Facts(newer=newer)))
