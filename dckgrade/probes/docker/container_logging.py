"""Kind `container-logging`: where a container's log goes, and how large it may become."""

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import Struct

from dckgrade.engine.answers import Json
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost
from dckgrade.probes.docker.daemon_json.rotation import LogConfig
from dckgrade.probes.support.container_probe import ContainerProbe
from dckgrade.probes.support.lookup import NO_SUCH_CONTAINER, FoundContainer
from dckgrade.probes.support.supply import EACH_CONTAINER, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import Unit, ValueWords
from dckgrade.report.text import Text

MAX_SHOWN_CHARS = 80


class Facts(Struct, frozen=True, kw_only=True):
    """The container's own log settings; a container keeps those that it was made with."""

    name: str
    driver: str
    size_text: str
    """`max-size` as it was written; empty where it was not."""
    files_text: str
    """`max-file` likewise."""
    max_size: int | None
    """Bytes at which a file is rotated; null: never, or it cannot be read."""
    max_file: int | None
    """How many files are kept; null where it cannot be read."""
    max_bytes: int | None
    """What all files together may take; null: no end to it, or not kept on this machine."""
    rotates: bool
    """Whether the log stops growing; a log that goes elsewhere has no files to rotate."""


LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom du conteneur", en="container name"),
    "driver": Text(fr="pilote de logs", en="log driver"),
    "size_text": Text(fr="taille maximale écrite", en="maximum size as written"),
    "files_text": Text(fr="nombre de fichiers écrit", en="number of files as written"),
    "max_size": Text(fr="taille maximale d'un fichier de logs", en="maximum size of a log file"),
    "max_file": Text(fr="nombre maximal de fichiers de logs", en="maximum number of log files"),
    "max_bytes": Text(fr="taille maximale de tous les fichiers", en="maximum size of all files"),
    "rotates": Text(fr="rotation des logs", en="log rotation"),
}


WORDS: Mapping[str, ValueWords] = {
    "max_bytes": {
        None: Text(fr="sans limite", en="no limit"),
    },
    "max_size": {
        None: Text(fr="sans limite", en="no limit"),
    },
    "max_file": {
        None: Text(fr="sans limite", en="no limit"),
    },
    "rotates": {
        False: Text(
            fr="les logs ne sont pas renouvelés : leur taille n'a pas de limite",
            en="the log is not rotated: its size has no limit",
        ),
    },
}


class ContainerLogging(ContainerProbe, frozen=True, kw_only=True, tag="container-logging"):
    """Look at the log settings of the container called *container*."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.LIST
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    units: ClassVar[Mapping[str, Unit]] = {"max_size": "bytes"}
    supply: ClassVar[Supply | NotSupplied] = EACH_CONTAINER
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "rotates": DraftedFact({True: Text(fr="fait tourner son journal", en="rotates its log")}),
    }
    example: ClassVar[Mapping[str, Any]] = {"container": "webservers"}

    def read_facts(self, engine: Engine, subject: FoundContainer, inspected: Json) -> Facts:  # noqa: ARG002
        """Read the settings: the engine refuses to start a container with such as it cannot follow."""
        return read_logging_facts(subject.name, inspected)


def read_logging_facts(name: str, inspected: Json) -> Facts:
    """Read the facts out of an inspect answer."""
    written = (inspected.get("HostConfig") or {}).get("LogConfig") or {}
    log = LogConfig(str(written.get("Type") or ""), dict(written.get("Config") or {}))
    most = log.max_size * log.max_file if log.rotates and log.max_size and log.max_file else None
    return Facts(
        name=name,
        driver=log.driver[:MAX_SHOWN_CHARS],
        size_text=log.size_text[:MAX_SHOWN_CHARS],
        files_text=log.files_text[:MAX_SHOWN_CHARS],
        max_size=log.max_size,
        max_file=log.max_file,
        max_bytes=most,
        rotates=log.rotates,
    )
