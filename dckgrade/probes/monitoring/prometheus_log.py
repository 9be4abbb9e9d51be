"""Kind `prometheus-log`: the error by which Prometheus refused its configuration, and its place."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation, find_container
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

ConfigProblem = Literal[
    "tab", "indentation", "unknown-key", "not-a-list", "not-host-port", "not-readable", "other"
]

# 2.x writes level=error, 3.x level=ERROR; the rest of the line is the same.
_ERROR = re.compile(r'Error loading config .*?err="((?:[^"\\]|\\.)*)"')
_LINE = re.compile(r"\bline (\d{1,6})\b")
_KEY = re.compile(r"field (\S{1,60}) not found in type")
_SAYS: tuple[tuple[ConfigProblem, str], ...] = (
    ("not-readable", r"^open \S+ permission denied"),
    ("tab", r"found character that cannot start any token"),
    ("unknown-key", r"field \S+ not found in type"),
    ("not-a-list", r"cannot unmarshal !!str .* into \[\]string"),
    ("not-host-port", r"is not a valid hostname"),
    ("indentation", r"did not find expected|mapping values are not allowed|could not find expected"),
)
"""What go-yaml and Prometheus say, word for word (2.42, measured)."""


class Facts(Struct, frozen=True, kw_only=True):
    """Why Prometheus did not accept its configuration; all null where it does not say so."""

    error: str | None
    """Its own words, secrets masked."""
    problem: ConfigProblem | None
    line: int | None
    key: str | None
    """A key that it does not know."""


class PrometheusLog(Probe, frozen=True, kw_only=True, tag="prometheus-log"):
    """Read the last error of the Prometheus in *container*."""

    container: ContainerName = "prometheus"

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur de Prometheus n'a été trouvé", en="no Prometheus container was found"
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "error": Text(fr="erreur de Prometheus", en="error of Prometheus"),
        "problem": Text(fr="problème de la configuration", en="problem of the configuration"),
        "line": Text(fr="ligne de la configuration", en="line of the configuration"),
        "key": Text(fr="clé inconnue", en="unknown key"),
    }
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Find, read the log, take its last error."""
        try:
            subject = find_container(engine, self.container, "prometheus")
            tty = bool((engine.inspect_container(subject.id).get("Config") or {}).get("Tty"))
            facts = read_prometheus_log_facts(engine.read_log_tail(subject.id, tty=tty))
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("prometheus-log", trouble)
        return Seen(kind="prometheus-log", facts=msgspec.to_builtins(facts))


def read_prometheus_log_facts(log: str) -> Facts:
    """Find the last error about the configuration, and what it is about."""
    errors = _ERROR.findall(log)
    if not errors:
        return Facts(error=None, problem=None, line=None, key=None)
    error = errors[-1].replace("\\n", " ").replace('\\"', '"')
    line, key = _LINE.search(error), _KEY.search(error)
    problem: ConfigProblem = next((name for name, words in _SAYS if re.search(words, error)), "other")
    return Facts(
        error=mask_secrets(error),
        problem=problem,
        line=int(line[1]) if line else None,
        key=key[1] if key else None,
    )
