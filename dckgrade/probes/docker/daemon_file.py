"""Kind `daemon-file`: the `daemon.json` that the engine reads, and whether Docker starts with it."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.dockerd import DaemonFiles
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe, add_missing_facts
from dckgrade.probes.docker.daemon_json.settings import DaemonJsonProblem, ParsedDaemonJson, parse_daemon_json
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.probes.support.supply import ONCE, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

MAX_SHOWN_CHARS = 300
"""Keys of a hostile file may have any length."""


class Facts(Struct, frozen=True, kw_only=True):
    """What is seen of the file; where it could not be read, only whether the engine runs."""

    running: bool
    """The engine answers; false only where this file is why it does not."""
    path: str | None
    """The file that this engine reads, the home folder as `~`; null where it could not be read or named."""
    exists: bool | None
    problem: DaemonJsonProblem | None
    """Why Docker does not start with it."""
    error: str
    """The same in dockerd's own words; empty where there is nothing wrong."""
    program: str
    """Whose words `text` are."""
    text: str | None
    """The error again where dockerd itself left it behind, as in the journal; null where it did not."""
    place: str | None
    """Where in the file it is."""
    line: int | None
    column: int | None
    """Where, counted from 1; null where there is no problem."""
    rest_line: int | None
    """Where something follows the first object of the file, which Docker never reads."""
    rotates: bool | None
    """Whether new containers have their logs rotated, as far as this file goes."""
    driver: str | None
    """The log driver that it names; null where it names none."""
    driver_known: bool | None
    """False where Docker does not start because it finds no such driver."""
    switched_on: list[str] | None
    """The keys that it sets to true, such as `live-restore`; null where it could not be read."""
    switched_off: list[str] | None
    """The keys that it sets to false."""
    elsewhere: str | None
    """Another `daemon.json` of this machine that would rotate logs, and that this engine does not read."""


LABELS: Mapping[str, Text] = {
    "running": Text(fr="moteur en marche", en="engine running"),
    "path": Text(fr="fichier lu par le moteur", en="file read by the engine"),
    "exists": Text(fr="fichier présent", en="file present"),
    "problem": Text(fr="problème du fichier", en="problem of the file"),
    "error": Text(fr="erreur du moteur", en="error of the engine"),
    "program": Text(fr="programme", en="program"),
    "text": Text(fr="erreur du programme", en="error of the program"),
    "place": Text(fr="où elle se lit", en="where it can be read"),
    "line": Text(fr="ligne de l'erreur", en="line of the error"),
    "column": Text(fr="colonne de l'erreur", en="column of the error"),
    "rest_line": Text(
        fr="première ligne que le moteur ne lit pas", en="first line that the engine does not read"
    ),
    "rotates": Text(fr="rotation des logs", en="log rotation"),
    "driver": Text(fr="pilote de logs choisi", en="log driver chosen"),
    "driver_known": Text(fr="pilote de logs connu du moteur", en="log driver known to the engine"),
    "switched_on": Text(fr="réglages mis à vrai", en="settings set to true"),
    "switched_off": Text(fr="réglages mis à faux", en="settings set to false"),
    "elsewhere": Text(fr="autre fichier qui activerait la rotation", en="other file that would rotate logs"),
}


WORDS: Mapping[str, ValueWords] = {
    "running": {
        False: Text(fr="le moteur ne tourne pas", en="the engine is not running"),
    },
    "problem": {
        "not-json": Text(fr="le fichier n'est pas du JSON", en="the file is not JSON"),
        "wrong-type": Text(
            fr="valeur d'un autre type que celui attendu", en="value of another type than expected"
        ),
        "not-text": Text(fr="option de logs sans guillemets", en="log option without quotes"),
        "unknown-key": Text(fr="réglage inconnu", en="unknown setting"),
        "unknown-option": Text(fr="option inconnue du pilote de logs", en="option unknown to the log driver"),
        "refused-value": Text(
            fr="valeur refusée par le pilote de logs", en="value refused by the log driver"
        ),
        "unknown-driver": Text(fr="pilote de logs inconnu", en="unknown log driver"),
        "given-twice": Text(
            fr="réglage aussi donné en ligne de commande", en="setting also given on the command line"
        ),
        "refused": Text(fr="refusé par le moteur", en="refused by the engine"),
        None: Text(fr="aucun", en="none"),
    },
}


class DaemonFile(Probe, frozen=True, kw_only=True, tag="daemon-file"):
    """Look at the engine's configuration file, where both are on this machine."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="aucun daemon.json lu par Docker n'a été trouvé sur cette machine",
        en="no daemon.json that Docker reads was found on this machine",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = ONCE
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "rotates": DraftedFact(
            {
                True: Text(
                    fr="a un fichier daemon.json qui fait tourner les journaux",
                    en="has a daemon.json that rotates logs",
                )
            }
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Read the file as dockerd does; where that is not why an engine is silent, it is out of reach."""
        try:
            facts = read_daemon_file_facts(engine)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("daemon-file", trouble)
        return Seen(kind="daemon-file", facts=msgspec.to_builtins(facts))

    def recall(self, recorded: Mapping[str, Observation]) -> Observation | None:
        """Older recordings do not tell what the file switches on or off."""
        return add_missing_facts(super().recall(recorded), switched_on=None, switched_off=None)


def read_daemon_file_facts(engine: Engine) -> Facts:
    """Ask the engine whether it is there, then read its file."""
    silent: OutOfReach | None = None
    try:
        engine.list_containers()
    except OutOfReach as trouble:
        if trouble.why is not UnobservableReason.ENGINE_OUT_OF_REACH:
            raise
        silent = trouble
    try:
        files = engine.read_daemon_files()
    except (NotThere, OutOfReach):
        files = None
    last_words = engine.read_last_words(files.changed_at) if silent and files else ""
    reading = ParsedDaemonJson()
    if files and files.content is not None:
        version = files.version if silent else engine.engine.version
        reading = parse_daemon_json(
            files.content, last_words, files.flags, version=get_major_version(version)
        )
    if silent and not reading.problem:
        raise OutOfReach(
            silent.why, f"{silent.detail}; dockerd: {last_words}" if last_words else silent.detail
        )
    return build_daemon_file_facts(files, reading, last_words, running=silent is None)


def get_major_version(version: str | None) -> int | None:
    """Return the first number of a version; None where that is unknown."""
    major = re.match(r"\d+", version or "")
    return int(major[0]) if major else None


def build_daemon_file_facts(
    files: DaemonFiles | None, reading: ParsedDaemonJson, last_words: str, *, running: bool
) -> Facts:
    """Write the facts."""
    line, column = reading.position or (None, None)
    others = files.others if files else {}
    return Facts(
        running=running,
        path=files.path if files else None,
        exists=files.content is not None if files else None,
        problem=reading.problem,
        error=reading.error[:MAX_SHOWN_CHARS],
        program="Docker",
        text=last_words[:MAX_SHOWN_CHARS] if last_words and last_words == reading.error else None,
        place=f"{files.path}:{line}:{column}" if files and line else None,
        line=line,
        column=column,
        rest_line=reading.trailing_position[0] if reading.trailing_position else None,
        rotates=bool(reading.log and reading.log.rotates) if files else None,
        driver=reading.driver[:MAX_SHOWN_CHARS] if reading.driver else None,
        driver_known=reading.problem != "unknown-driver" if files else None,
        switched_on=list_switched(reading, to=True) if files else None,
        switched_off=list_switched(reading, to=False) if files else None,
        elsewhere=next((path for path, text in others.items() if would_rotate_logs(text)), None),
    )


def list_switched(reading: ParsedDaemonJson, *, to: bool) -> list[str]:
    """List the keys that the file sets to true, or to false: keys that Docker knows."""
    return sorted(key for key, held in reading.switches.items() if held is to)


def would_rotate_logs(text: bytes) -> bool:
    """Return whether an engine that read this file would rotate logs."""
    log = parse_daemon_json(text).log
    return bool(log and log.rotates)
