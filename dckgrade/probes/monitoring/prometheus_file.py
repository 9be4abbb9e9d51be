"""Kind `prometheus-file`: whether Prometheus has read its configuration file as it is now."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import name_account_inputs
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.monitoring.prometheus_api import (
    PROMETHEUS_IMAGE,
    RUNTIME_INFO_PATH,
    find_config_file,
    find_open_api,
    parse_instant,
    reach_prometheus,
)
from dckgrade.probes.support.http_json import request_prometheus_data
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation
from dckgrade.probes.support.service import find_id_and_state
from dckgrade.probes.support.supply import NotSupplied, Supply, each_container
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

RELOAD_TIME_PRECISION = timedelta(seconds=1)
"""Prometheus tells the time of its last loading to the second, the rest cut off."""


class Facts(Struct, frozen=True, kw_only=True):
    """The file beside what is in force. Its content is not looked at: it may hold passwords."""

    newer: bool | None
    """Changed after it was last loaded; null where Prometheus does not tell when that was."""


class PrometheusFile(Probe, frozen=True, kw_only=True, tag="prometheus-file"):
    """Compare the file that the Prometheus in *container* reads with the time at which it last did."""

    container: ContainerName = "prometheus"

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.SERVICE
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur de Prometheus n'a été trouvé", en="no Prometheus container was found"
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "newer": Text(
            fr="fichier plus récent que la configuration chargée",
            en="file newer than the configuration in force",
        ),
    }
    inputs: ClassVar[tuple[str, ...]] = name_account_inputs("prometheus")
    supply: ClassVar[Supply | NotSupplied] = each_container(repository="prometheus")
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """
        Ask Prometheus when it last loaded, and the engine when the file was last changed.

        The engine follows the path; Prometheus still holds the file that an editor has put another one in
        the place of (seen with `sed -i`).
        """
        try:
            answered = reach_prometheus(engine, self.container)
            ask = find_open_api(answered)
            about = (request_prometheus_data(ask, RUNTIME_INFO_PATH) if ask else None) or {}
            loaded_at = parse_instant(about.get("lastConfigTime"))
            ref = find_id_and_state(engine, self.container, PROMETHEUS_IMAGE)[0]
            changed_at = engine.read_modified_at(ref, find_config_file(engine.inspect_container(ref)))
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("prometheus-file", trouble)
        newer = changed_at > loaded_at + RELOAD_TIME_PRECISION if loaded_at else None
        return Seen(kind="prometheus-file", facts=msgspec.to_builtins(Facts(newer=newer)))
