"""Find the kinds of probes: each is the subclass of `Probe` in the module that bears its name."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from dckgrade import probes
from dckgrade.probes.base import Probe

SHARED = "support"
"""The package beside the topics that holds no kind."""


@cache
def load_kinds() -> tuple[type[Probe], ...]:
    """Import and return every kind; the dearest first, in which order they are asked."""
    topics = [topic.name for topic in iter_modules(probes.__path__) if topic.ispkg and topic.name != SHARED]
    found = [kind for topic in topics for kind in _load_topic(f"{probes.__name__}.{topic}")]
    return tuple(sorted(found, key=lambda kind: (-kind.cost, name_kind(kind))))


def _load_topic(package: str) -> list[type[Probe]]:
    modules = [module.name for module in iter_modules(import_module(package).__path__) if not module.ispkg]
    loaded = [find_kind(f"{package}.{module}") for module in modules]
    return [kind for kind in loaded if kind]


def find_kind(module: str) -> type[Probe] | None:
    """Import *module* and return the kind that bears its name; None for a module that helps kinds."""
    name = module.rpartition(".")[2].replace("_", "-")
    members = vars(import_module(module)).values()
    kinds = [member for member in members if isinstance(member, type) and issubclass(member, Probe)]
    return next((kind for kind in kinds if kind is not Probe and name_kind(kind) == name), None)


def name_kind(kind: type[Probe]) -> str:
    """Return the name by which labs call *kind*."""
    return str(kind.__struct_config__.tag)


def kinds_by_name() -> dict[str, type[Probe]]:
    """Return every kind by its name, in alphabetical order."""
    return {name_kind(kind): kind for kind in sorted(load_kinds(), key=name_kind)}
