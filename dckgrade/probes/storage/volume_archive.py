"""Kind `volume-archive`: whether a file of the working folder is a whole archive, and what it holds."""

import posixpath
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.engine.run_options import WORKDIR
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.storage.archives import (
    ArchiveDamaged,
    FileName,
    Member,
    Recoding,
    find_common_folder,
    find_recoding,
    read_members,
    unpack,
)
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.probes.support.supply import NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

MAX_PATHS, MAX_PATH_CHARS = 50, 120
NOT_A_FILE = ("is not a file", "Is a directory")

ArchiveKind = Literal["tar", "gzip", "bzip2", "xz", "cut", "not-a-tar", "not-a-file", "empty"]


class Facts(Struct, frozen=True, kw_only=True):
    """What the file is, and what is in it."""

    kind: ArchiveKind
    """A tar, packed or not; else what is wrong: cut short, another thing, a folder of that name, no byte."""
    recoded: Recoding | None
    """How a terminal has spoilt it: line-ends (`docker run -t`), utf-16 (PowerShell's `>`)."""
    bytes: int
    members: int
    """Files, folders and links."""
    files: int
    """Plain files among them."""
    prefix: str
    """The folder in which all of them lie in the archive; empty for its top."""
    paths: list[str]
    """The files, fifty at most: of more than that, some of each folder."""
    empty_files: list[str]
    """Those of them without a byte."""
    contains_itself: bool
    """Whether it holds a file of its own name."""


LABELS: Mapping[str, Text] = {
    "kind": Text(fr="nature du fichier", en="file type"),
    "recoded": Text(fr="altération par le terminal", en="spoilt by the terminal"),
    "bytes": Text(fr="taille", en="size"),
    "members": Text(fr="nombre d'entrées", en="number of members"),
    "files": Text(fr="nombre de fichiers", en="number of files"),
    "prefix": Text(fr="dossier commun", en="common folder"),
    "paths": Text(fr="fichiers de l'archive", en="archive files"),
    "empty_files": Text(fr="fichiers vides", en="empty files"),
    "contains_itself": Text(fr="archive contenue en elle-même", en="archive inside itself"),
}


WORDS: Mapping[str, ValueWords] = {
    "kind": {
        "tar": Text(fr="archive tar", en="tar archive"),
        "gzip": Text(fr="archive tar", en="tar archive"),
        "bzip2": Text(fr="archive tar", en="tar archive"),
        "xz": Text(fr="archive tar", en="tar archive"),
        "cut": Text(fr="archive incomplète", en="incomplete archive"),
        "not-a-tar": Text(fr="contenu d'un autre format", en="content of another format"),
        "not-a-file": Text(fr="dossier au lieu d'un fichier", en="folder instead of a file"),
        "empty": Text(fr="fichier vide", en="empty file"),
    },
    "recoded": {
        "line-ends": Text(fr="fins de ligne changées", en="line ends changed"),
        "utf-16": Text(fr="recodé en UTF-16", en="recoded as UTF-16"),
        None: Text(fr="aucune", en="none"),
    },
}


class VolumeArchive(Probe, frozen=True, kw_only=True, tag="volume-archive"):
    """Read the archive *file* of the working folder: a tar, or one that gzip, bzip2 or xz has packed."""

    file: FileName

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="le fichier {asked} n'est pas dans votre dossier de travail",
        en="the file {asked} is not in your working folder",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR,)
    supply: ClassVar[Supply | NotSupplied] = NotSupplied("the archive is a file in the trainee's folder")
    example: ClassVar[Mapping[str, Any]] = {"file": "backup.tar"}

    def observe(self, engine: Engine) -> Observation:
        """Read it whole."""
        try:
            facts = describe_archive(engine.read_large_file(self.file), self.file)
        except (NotThere, OutOfReach) as trouble:
            if isinstance(trouble, OutOfReach) and trouble.detail.endswith(NOT_A_FILE):
                facts = build_damaged_facts("not-a-file", b"")
            else:
                return convert_to_observation("volume-archive", trouble)
        return Seen(kind="volume-archive", facts=msgspec.to_builtins(facts))

    def foresee(self, engine: Engine) -> Observation | None:
        """From elsewhere the trainee's folder is not seen."""
        try:
            engine.read_large_file(self.file)
        except NotThere:
            return None
        except OutOfReach as trouble:
            away = trouble.why is UnobservableReason.ELSEWHERE
            return convert_to_observation("volume-archive", trouble) if away else None
        return None


def describe_archive(raw: bytes, name: str) -> Facts:
    """Put the content of a file into facts; raises `OutOfReach` for a packing that is not read."""
    try:
        packing, tar = unpack(raw)
        members = read_members(tar)
    except ArchiveDamaged as error:
        return build_damaged_facts(error.damage, raw)
    files = [member for member in members if member.kind == "file"]
    return Facts(
        kind=packing,
        recoded=None,
        bytes=len(raw),
        members=len(members),
        files=len(files),
        prefix=show_path(find_common_folder(members)),
        paths=[show_path(member.path) for member in choose_shown(files)],
        empty_files=[show_path(member.path) for member in files if not member.size][:MAX_PATHS],
        contains_itself=name.rpartition("/")[2] in {member.path.rpartition("/")[2] for member in files},
    )


def choose_shown(files: Sequence[Member]) -> Sequence[Member]:
    """Return the files to be shown: of too many the first of each folder, then the second, and so on."""
    if len(files) <= MAX_PATHS:
        return files
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, Member]] = []
    for member in files:
        folder = posixpath.dirname(member.path)
        ranked.append((seen[folder], member))
        seen[folder] += 1
    return [member for _, member in sorted(ranked, key=lambda entry: entry[0])[:MAX_PATHS]]


def build_damaged_facts(kind: ArchiveKind, raw: bytes) -> Facts:
    """Describe what is no whole archive."""
    return Facts(
        kind=kind,
        recoded=find_recoding(raw),
        bytes=len(raw),
        members=0,
        files=0,
        prefix="",
        paths=[],
        empty_files=[],
        contains_itself=False,
    )


def show_path(path: str) -> str:
    """Return a path as it may be shown: secrets masked, shortened."""
    return mask_secrets(path)[:MAX_PATH_CHARS]
