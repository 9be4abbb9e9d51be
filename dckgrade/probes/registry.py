"""Find the kinds of probes: each is the subclass of `Probe` in the module that bears its name."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from dckgrade import probes
from dckgrade.probes.base import Probe

SHARED = "support"
"""The package beside the topics that holds no kind."""
MAX_KIND_NAME_CHARS = 40


@cache
def load_kinds() -> tuple[type[Probe], ...]:
    """Import and return every kind, in the order of asking: for the schema, lint and the documentation."""
    found = [kind for topic in list_topics() for kind in _load_topic(topic)]
    return tuple(sorted(found, key=get_asking_order))


@cache
def list_topics() -> tuple[str, ...]:
    """List the packages in which kinds are."""
    found = iter_modules(probes.__path__, f"{probes.__name__}.")
    return tuple(topic.name for topic in found if topic.ispkg and not topic.name.endswith(f".{SHARED}"))


def _load_topic(package: str) -> list[type[Probe]]:
    modules = [module.name for module in iter_modules(import_module(package).__path__) if not module.ispkg]
    loaded = [load_kind_of_module(f"{package}.{module}") for module in modules]
    return [kind for kind in loaded if kind]


@cache
def find_kind(name: str) -> type[Probe] | None:
    """Import and return the kind called *name*, and no other; None where there is none."""
    module = name.replace("-", "_")
    # A recording may hold any text for a name; what is no word is not looked for among the modules.
    if len(name) > MAX_KIND_NAME_CHARS or not module.isidentifier():
        return None
    homes = (f"{topic}.{module}" for topic in list_topics() if find_spec(f"{topic}.{module}"))
    return next((kind for kind in map(load_kind_of_module, homes) if kind and name_kind(kind) == name), None)


def load_kind_of_module(module: str) -> type[Probe] | None:
    """Import *module* and return the kind that bears its name; None for a module that helps kinds."""
    name = module.rpartition(".")[2].replace("_", "-")
    members = vars(import_module(module)).values()
    kinds = [member for member in members if isinstance(member, type) and issubclass(member, Probe)]
    return next((kind for kind in kinds if kind is not Probe and name_kind(kind) == name), None)


def name_kind(kind: type[Probe]) -> str:
    """Return the name by which labs call *kind*."""
    return str(kind.__struct_config__.tag)


def get_asking_order(kind: type[Probe]) -> tuple[int, str]:
    """Return what kinds are sorted by: the dearest is asked first."""
    return -kind.cost, name_kind(kind)


def kinds_by_name() -> dict[str, type[Probe]]:
    """Return every kind by its name, in alphabetical order."""
    return {name_kind(kind): kind for kind in sorted(load_kinds(), key=name_kind)}
