"""Kind `logstash-log`: what Logstash's log says is wrong with its pipeline, and on which line."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.elastic.log_patterns import PipelineProblem, find_pipeline_problem
from dckgrade.probes.elastic.logstash_api import LOGSTASH_IMAGE
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation, find_container
from dckgrade.probes.support.supply import NotSupplied, Supply, each_container
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text


class Facts(Struct, frozen=True, kw_only=True):
    """What the log says."""

    problem: PipelineProblem | None
    """
    A pipeline that cannot be read as one; a plugin that there is not, or that refuses its settings; no
    pipeline at all; a file that may not be read.
    """
    line: int | None
    """The line of the pipeline that is wrong, where the log names it."""


WORDS: Mapping[str, ValueWords] = {
    "problem": {
        "syntax": Text(fr="erreur de syntaxe", en="syntax error"),
        "plugin": Text(fr="module inconnu ou mal réglé", en="unknown or badly set plugin"),
        "nothing-to-run": Text(fr="aucun pipeline à lancer", en="no pipeline to run"),
        "not-readable": Text(fr="fichier illisible", en="file that cannot be read"),
        None: Text(fr="aucun", en="none"),
    },
}


class LogstashLog(Probe, frozen=True, kw_only=True, tag="logstash-log"):
    """Read the log of the Logstash in *container*."""

    container: ContainerName = "logstash"

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur de Logstash n'a été trouvé", en="no Logstash container was found"
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "problem": Text(fr="problème du pipeline", en="problem of the pipeline"),
        "line": Text(fr="ligne du pipeline", en="line of the pipeline"),
    }
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = each_container(repository="logstash")
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Find, read."""
        try:
            subject = find_container(engine, self.container, LOGSTASH_IMAGE)
            tty = bool((engine.inspect_container(subject.id).get("Config") or {}).get("Tty"))
            problem, line = find_pipeline_problem(engine.read_log_tail(subject.id, tty=tty))
        except (NotThere, OutOfReach) as error:
            return convert_to_observation("logstash-log", error)
        facts = Facts(problem=problem, line=line)
        return Seen(kind="logstash-log", facts=msgspec.to_builtins(facts))
