"""Kind `same-tree`: whether a folder of a container holds the same as another one, or as an archive."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar

from msgspec import Meta, Struct
from msgspec.structs import replace

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import WORKDIR
from dckgrade.probes.base import Cost
from dckgrade.probes.storage.archives import (
    ArchiveDamaged,
    Member,
    find_common_folder,
    read_members,
    unpack,
)
from dckgrade.probes.storage.volume_archive import show_path
from dckgrade.probes.support.container_probe import ContainerProbe
from dckgrade.probes.support.lookup import FoundContainer, find_container, uptime_s
from dckgrade.probes.support.mount_points import ContainerPath, expand_path
from dckgrade.probes.support.product import is_podman
from dckgrade.probes.support.supply import NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, UnobservableReason
from dckgrade.report.text import Text

MAX_SHOWN = 10
_PLACE_PATTERN = re.compile(r"([a-zA-Z0-9][a-zA-Z0-9_.-]{1,62}):(/.*)")
Place = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,62}:/[^\x00-\x1f]*$", max_length=200)]
OtherTree = Annotated[
    str, Meta(pattern=r"^([a-zA-Z0-9][a-zA-Z0-9_.-]{1,62}:/|(?!/)(?!.*\.\.))[^\x00-\x1f]*$", max_length=200)
]

Tree = Mapping[str, Member]
"""What is below a folder, by the path from there; folders too, the top itself not."""


class Facts(Struct, frozen=True, kw_only=True):
    """What differs: kind, permissions, size and content are compared, and owners apart; times are not."""

    container: str
    same: bool
    """All of both is alike, owners too."""
    empty: bool
    """There is no file in the container's folder."""
    files: int
    """How many there are."""
    only_left: list[str]
    """What the container's folder alone has; ten at most, as in the others."""
    only_right: list[str]
    """What the other one alone has."""
    differing: list[str]
    """What both have, with other content, size, kind or permissions."""
    owners_differ: bool
    """A file or folder that both have belongs to others, or to another user than in *owners_of*; the owner
    of a link means nothing."""
    nested: str | None
    """The folder in which all of it lies in the container, which the other one does not have; null: none."""


LABELS: Mapping[str, Text] = {
    "container": Text(fr="nom du conteneur", en="container name"),
    "same": Text(fr="contenus identiques", en="same content"),
    "empty": Text(fr="dossier vide", en="empty folder"),
    "files": Text(fr="nombre de fichiers", en="number of files"),
    "only_left": Text(fr="en trop dans le conteneur", en="in the container alone"),
    "only_right": Text(fr="absents du conteneur", en="missing in the container"),
    "differing": Text(fr="fichiers différents", en="differing files"),
    "owners_differ": Text(fr="propriétaires différents", en="other owners"),
    "nested": Text(fr="dossier en trop", en="folder too many"),
}


WORDS: Mapping[str, ValueWords] = {
    "same": {
        False: Text(fr="les deux contenus diffèrent", en="the two contents differ"),
    },
    "empty": {
        True: Text(fr="le dossier est vide", en="the folder is empty"),
    },
    "only_left": {
        (): Text(fr="rien", en="nothing"),
    },
}


class SameTree(ContainerProbe, frozen=True, kw_only=True, tag="same-tree", rename={"with_": "with"}):
    """
    Compare what is below *path* in the container called *container* with another folder or an archive.

    *with*: `container:/path`, or a file of the working folder. An archive's own leading folders are left off,
    down to where *top* lies, a file that stands at the top of the tree; without it, as fits best.

    *owners_of*: `container:/path`, the living folder of which both are copies: an archive may have lost the
    owners before it was unpacked. Of that folder the users alone are compared: its content goes on changing.
    """

    path: ContainerPath
    with_: OtherTree
    top: Annotated[str, Meta(pattern="^[^/]+$", max_length=100)] | None = None
    owners_of: Place | None = None

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="un des deux contenus à comparer n'a pas été trouvé",
        en="one of the two that are to be compared was not found",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR,)
    supply: ClassVar[Supply | NotSupplied] = NotSupplied("the two folders are chosen by the lab")
    example: ClassVar[Mapping[str, Any]] = {"container": "restored", "path": "/data", "with": "backup.tar"}

    def read_facts(self, engine: Engine, subject: FoundContainer, inspected: Json) -> Facts:
        """Read both, and compare."""
        left = read_tree(engine, subject.id, expand_path(self.path, inspected))
        if _PLACE_PATTERN.fullmatch(self.with_):
            right = read_place(engine, self.with_)
        else:
            right = choose_tree(left, read_archive(engine, self.with_), self.top)
        found = compare_trees(subject.name, left, right)
        if self.owners_of and has_other_users(left, read_living(engine, self.owners_of)):
            found = replace(found, owners_differ=True, same=False)
        contents_differ = found.only_left or found.only_right or found.differing
        if found.owners_differ and not contents_differ and is_podman(engine.inspect_engine()):
            # Measured on 5.4.2: whatever the file's owner is, its archives name root.
            raise OutOfReach(UnobservableReason.UNREADABLE, "owners, which Podman does not tell")
        return found

    def measure_age_s(self, inspected: Json, now: datetime) -> float | None:
        """Return the container's age: what fills its folder may be waited for."""
        return uptime_s(inspected, now)

    def recall(self, recorded: Mapping[str, Observation]) -> Observation | None:
        """Older recordings did not ask whose the files were before they were archived."""
        return super().recall(recorded) or super(SameTree, replace(self, owners_of=None)).recall(recorded)


def read_tree(engine: Engine, container: str, path: str) -> Tree:
    """Read what is below a folder of a container."""
    try:
        members = read_members(engine.read_tree(container, path))
    except ArchiveDamaged as error:
        raise OutOfReach(UnobservableReason.UNREADABLE, error.damage) from None
    # The engine puts the folder's own name before all.
    return make_tree(members, 1)


def read_place(engine: Engine, place: str) -> Tree:
    """Read what is below `container:/path`; raises `NotThere`, `OutOfReach`."""
    name, _, path = place.partition(":")
    return read_tree(engine, find_container(engine, name).id, path)


def read_living(engine: Engine, place: str) -> Tree:
    """Read what is below `container:/path`; nothing where there is no such place: another check says so."""
    try:
        return read_place(engine, place)
    except NotThere:
        return {}


def has_other_users(left: Tree, living: Tree) -> bool:
    """Return whether a file or folder of *left* belongs to another user than in the folder that it is of."""
    return any(
        left[path].uid != member.uid
        for path, member in living.items()
        if path in left and (left[path].kind, member.kind) != ("link", "link")
    )


def read_archive(engine: Engine, name: str) -> list[Member]:
    """Read an archive of the working folder; one that is damaged holds nothing."""
    try:
        return read_members(unpack(engine.read_large_file(name))[1])
    except ArchiveDamaged:
        return []


def make_tree(members: Iterable[Member], depth: int) -> Tree:
    """Return the members below their first *depth* folders."""
    split = ((member, member.path.split("/")[depth:]) for member in members)
    return {"/".join(parts): member for member, parts in split if parts and member.path}


def choose_tree(left: Tree, members: Sequence[Member], top: str | None) -> Tree:
    """Leave off leading folders of an archive: down to *top*; else those without which most is alike."""
    common = find_common_folder(members)
    depths = range(len(common.split("/")) + 1 if common else 1)
    trees = [make_tree(members, depth) for depth in depths]
    anchored = [tree for tree in trees if top in tree]
    return max(anchored or trees, key=lambda tree: (count_equal(left, tree), -len(tree)))


def count_equal(left: Tree, right: Tree) -> int:
    """Count the files that are the same in both."""
    return sum(
        member.kind == "file" and path in left and left[path].content == member.content
        for path, member in right.items()
    )


def compare_trees(name: str, left: Tree, right: Tree) -> Facts:
    """Tell what differs."""
    both = sorted(left.keys() & right.keys())
    differing = [path for path in both if describe_content(left[path]) != describe_content(right[path])]
    only_left, only_right = sorted(left.keys() - right.keys()), sorted(right.keys() - left.keys())
    owners_differ = any(
        (left[path].uid, left[path].gid) != (right[path].uid, right[path].gid)
        for path in both
        if left[path].kind != "link"
    )
    return Facts(
        container=name,
        same=not (only_left or only_right or differing or owners_differ),
        empty=count_files(left) == 0,
        files=count_files(left),
        only_left=[show_path(path) for path in only_left[:MAX_SHOWN]],
        only_right=[show_path(path) for path in only_right[:MAX_SHOWN]],
        differing=[show_path(path) for path in differing[:MAX_SHOWN]],
        owners_differ=owners_differ,
        nested=find_nesting_folder(left, right),
    )


def describe_content(member: Member) -> tuple[object, ...]:
    """Return what is compared of a member, but for its owner."""
    return member.kind, member.mode, member.size, member.content


def count_files(tree: Tree) -> int:
    """Count the plain files."""
    return sum(member.kind == "file" for member in tree.values())


def find_nesting_folder(left: Tree, right: Tree) -> str | None:
    """Return the folder of *left* in which all that *right* has lies, and nothing else; None without one."""
    wanted = {path: member.content for path, member in right.items() if member.kind == "file"}
    found = {path: member.content for path, member in left.items() if member.kind == "file"}
    first = next(iter(wanted), None)
    for path in found if first else ():
        if path.endswith(f"/{first}"):
            folder = path.removesuffix(f"/{first}")
            if found == {f"{folder}/{inner}": content for inner, content in wanted.items()}:
                return show_path(folder)
    return None
