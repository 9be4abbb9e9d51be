"""Kind `prometheus-log`: why Prometheus refuses its configuration, its options, or to start at all."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.monitoring.config_refusal import ConfigProblem, explain_refusal
from dckgrade.probes.support.lookup import (
    ContainerName,
    FoundContainer,
    convert_to_observation,
    find_container,
    parse_timestamp,
)
from dckgrade.probes.support.supply import NotSupplied, Supply, each_container
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

StartProblem = Literal[
    "option-of-version-1",
    "unknown-option",
    "unexpected-word",
    "agent-mode",
    "data-not-writable",
    "no-data-folder",
]

MAX_TEXT_CHARS, MAX_ERROR_CHARS, MAX_FILE_BYTES = 300, 4000, 64 * 1024
FILE_DATE_PRECISION = timedelta(seconds=1)

# 2.x writes level=error, 3.x level=ERROR; the rest of the line is the same.
_CONFIG_EVENT = compile_lazily(
    r'^(?:ts|time)=(?P<at>\S{1,40}) .{0,200}?msg="(?:Completed loading of configuration file'
    r'|Error (?P<again>re)?loading config.{0,1000}?\berr="(?P<error>(?:[^"\\]|\\.)*)")',
    re.MULTILINE,
)
_LOADING = compile_lazily(r"couldn't load configuration \([^)]*\): ")
_PARSING = compile_lazily(r"parsing YAML file (/[^:]+): ")
_OLD_OPTION = compile_lazily(r"-[a-z][a-z-]*\.[a-z.-]+")
_ESCAPE = compile_lazily(r'\\(?:u([0-9a-fA-F]{4})|(["\\nt]))')
_PLAIN = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
_DENIED = "(?:permission denied|read-only file system)"
_READY = "Server is ready to receive web requests"
_START_WORDS: Sequence[tuple[StartProblem, str]] = (
    ("unknown-option", r"(Error parsing command ?line arguments: unknown (?:short|long) flag '(-[^']*)')"),
    ("unexpected-word", r"(Error parsing command ?line arguments: unexpected (.*))"),
    ("agent-mode", r"(The following flag\(s\) can (?:not|only) be used in agent mode: (.*))"),
    ("data-not-writable", rf'err="(open (\S{{0,300}}?)/?queries\.active: {_DENIED})'),
    ("no-data-folder", r'err="(open (\S{0,300}?)/?queries\.active: no such file or directory)'),
    ("data-not-writable", rf'err="(opening storage failed: .{{0,200}}?(/\S{{1,200}}): {_DENIED})'),
)
"""What Prometheus says where it does not start for another frequent reason, word for word (2.42, 3.5)."""


class Facts(Struct, frozen=True, kw_only=True):
    """What Prometheus did not accept; null where it does not say so."""

    program: str = "Prometheus"
    text: str | None = None
    """Its own words, at most 300 characters, secrets masked."""
    place: str | None = None
    """The file that it refuses, with the line where that is known; else the command that shows its log."""
    problem: ConfigProblem | StartProblem | None = None
    reloading: bool = False
    """It refused what it was asked to load anew, and still works with what it had."""
    file_is_newer: bool = False
    """The file was changed after it was refused."""
    line: int | None = None
    key: str | None = None
    """The key, job, path, option, character or value that the error is about, secrets masked."""


WORDS: Mapping[str, ValueWords] = {
    "problem": {
        "tab": Text(fr="tabulation", en="tab"),
        "code-fence": Text(fr="délimiteur de bloc de code", en="code fence"),
        "reserved-character": Text(fr="caractère réservé", en="reserved character"),
        "lookalike": Text(fr="caractère qui ressemble à un autre", en="character that looks like another"),
        "no-space-after-colon": Text(
            fr="espace manquante après les deux-points", en="no space after the colon"
        ),
        "no-space-after-dash": Text(fr="espace manquante après le tiret", en="no space after the dash"),
        "no-colon": Text(fr="deux-points manquants", en="no colon"),
        "second-colon": Text(fr="deuxième deux-points", en="second colon"),
        "open-quote": Text(fr="guillemet non fermé", en="quote not closed"),
        "open-bracket": Text(fr="crochet non fermé", en="bracket not closed"),
        "indentation": Text(fr="indentation", en="indentation"),
        "not-readable": Text(fr="fichier interdit en lecture", en="file that may not be read"),
        "no-file": Text(fr="fichier absent", en="no such file"),
        "is-a-folder": Text(fr="dossier au lieu d'un fichier", en="folder instead of a file"),
        "list-behind-its-key": Text(fr="liste sur la ligne de sa clé", en="list on the line of its key"),
        "not-utf-8": Text(fr="fichier qui n'est pas en UTF-8", en="file that is not UTF-8"),
        "unknown-key": Text(fr="clé inconnue", en="unknown key"),
        "misplaced-key": Text(fr="clé mal placée", en="misplaced key"),
        "key-twice": Text(fr="clé écrite deux fois", en="key written twice"),
        "not-a-list": Text(fr="liste attendue", en="list expected"),
        "no-elements": Text(fr="éléments attendus", en="elements expected"),
        "bare-value": Text(fr="valeur isolée", en="bare value"),
        "not-host-port": Text(fr="adresse qui n'est pas HÔTE:PORT", en="address that is not HOST:PORT"),
        "space-in-target": Text(fr="espace dans une cible", en="space in a target"),
        "no-duration": Text(fr="durée invalide", en="invalid duration"),
        "job-twice": Text(fr="job écrit deux fois", en="job written twice"),
        "other": Text(fr="autre erreur", en="another error"),
        "option-of-version-1": Text(fr="option de la version 1", en="option of version 1"),
        "unknown-option": Text(fr="option inconnue", en="unknown option"),
        "unexpected-word": Text(fr="mot de trop", en="unexpected word"),
        "agent-mode": Text(fr="mode agent", en="agent mode"),
        "data-not-writable": Text(
            fr="dossier de données interdit en écriture", en="data folder that may not be written to"
        ),
        "no-data-folder": Text(fr="dossier de données absent", en="no data folder"),
        None: Text(fr="aucun", en="none"),
    },
}


class PrometheusLog(Probe, frozen=True, kw_only=True, tag="prometheus-log"):
    """Read the last error of the Prometheus in *container*, and the file that it is about."""

    container: ContainerName = "prometheus"

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur de Prometheus n'a été trouvé", en="no Prometheus container was found"
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "program": Text(fr="programme", en="program"),
        "text": Text(fr="erreur de Prometheus", en="Prometheus error"),
        "place": Text(fr="où elle se lit", en="where it can be read"),
        "problem": Text(fr="problème de Prometheus", en="problem of Prometheus"),
        "reloading": Text(fr="refus lors d'un rechargement", en="refused when reloading"),
        "file_is_newer": Text(fr="fichier changé depuis le refus", en="file changed since it was refused"),
        "line": Text(fr="ligne de la configuration", en="line of the configuration"),
        "key": Text(fr="objet de l'erreur", en="what the error is about"),
    }
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = each_container(repository="prometheus")
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Find, read the log, take its last error; read the file only where one is refused."""
        try:
            subject = find_container(engine, self.container, "prometheus")
            inspected = engine.inspect_container(subject.id)
            tty = bool((inspected.get("Config") or {}).get("Tty"))
            log = engine.read_log_tail(subject.id, tty=tty)
            facts = read_config_refusal(engine, subject, log) or read_start_refusal(subject, inspected, log)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("prometheus-log", trouble)
        return Seen(kind="prometheus-log", facts=msgspec.to_builtins(facts))


def read_config_refusal(engine: Engine, subject: FoundContainer, log: str) -> Facts | None:
    """Explain the last refusal of a configuration; None where none was refused, or one was loaded since."""
    events = list(_CONFIG_EVENT.finditer(log))
    if not events or events[-1]["error"] is None:
        return None
    error = _LOADING.sub("", unescape(events[-1]["error"][:MAX_ERROR_CHARS]))
    parsing = _PARSING.match(error)
    path = parsing[1] if parsing else None
    refused_at = parse_timestamp(events[-1]["at"])
    content, is_newer = read_refused_file(engine, subject.id, path, refused_at) if path else (None, False)
    refusal = explain_refusal(error[parsing.end() :] if parsing else error, content)
    file = f"{path}:{refusal.line}" if refusal.line else path
    return Facts(
        text=shorten(error),
        place=file if path else name_log(subject),
        problem=refusal.problem,
        reloading=bool(events[-1]["again"]),
        file_is_newer=is_newer,
        line=refusal.line,
        key=mask_secrets(refusal.about) if refusal.about else None,
    )


def read_refused_file(engine: Engine, ref: str, path: str, refused_at: datetime) -> tuple[bytes | None, bool]:
    """Return the file that was refused, None where it cannot be read, and whether it was changed since."""
    try:
        if engine.read_modified_at(ref, path) > refused_at + FILE_DATE_PRECISION:
            return None, True
        content = engine.read_archive(ref, path)
    except (NotThere, OutOfReach):
        return None, False
    return (content if len(content) <= MAX_FILE_BYTES else None), False


def read_start_refusal(subject: FoundContainer, inspected: Json, log: str) -> Facts:
    """Explain why it did not start for another reason, by what it said last."""
    since_ready = log[log.rfind(_READY) + 1 :]
    matches = [
        (found, problem)
        for problem, words in _START_WORDS
        for found in re.finditer(words, since_ready, re.MULTILINE)
    ]
    if not matches:
        return Facts()
    found, problem = max(matches, key=lambda match: match[0].start())
    about = unescape(found[2]).strip("[]\"'")
    old = find_old_option(inspected, about) if problem == "unknown-option" else None
    return Facts(
        text=shorten(unescape(found[1])),
        place=name_log(subject),
        problem="option-of-version-1" if old else problem,
        key=mask_secrets(old or about) or None,
    )


def name_log(subject: FoundContainer) -> str:
    """Return the command that shows the container's log."""
    return f"docker logs {subject.name}"


def find_old_option(inspected: Json, flag: str) -> str | None:
    """Return the argument behind *flag* if it is written as before version 2: `-config.file`."""
    arguments = map(str, (inspected.get("Config") or {}).get("Cmd") or [])
    names = (argument.partition("=")[0] for argument in arguments)
    return next((name for name in names if name.startswith(flag) and _OLD_OPTION.fullmatch(name)), None)


def unescape(text: str) -> str:
    """Undo the escapes of a quoted value in Prometheus's log."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _PLAIN[found[2]], text)


def shorten(text: str) -> str:
    """Put *text* on one line, masked and bounded."""
    masked = mask_secrets(" ".join(text.split()))
    return masked if len(masked) <= MAX_TEXT_CHARS else f"{masked[: MAX_TEXT_CHARS - 1]}…"
