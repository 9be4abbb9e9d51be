"""What a kind of probe is: its parameters, the facts that it observes, and the words about it."""

from collections.abc import Mapping
from enum import IntEnum
from functools import cached_property
from typing import Any, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.supply import DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import Unit, ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text


class Cost(IntEnum):
    """What an observation takes. The dearest are asked first, so that all the others run meanwhile."""

    LIST = 1
    """Lists and inspections that the engine answers from memory."""
    READ = 2
    """Files, logs, or several answers that depend on each other."""
    SERVICE = 3
    """Questions to the service inside a container."""
    ACT = 4
    """Runs a command, or creates a probe container."""
    WAIT = 5
    """Waits for figures or for a line to arrive."""


class Strict(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename="kebab"
):
    """A mapping of a lab. `kw_only` is not inherited: each subclass says it again (msgspec's own rule)."""


class Probe(Strict, frozen=True, kw_only=True, tag_field="kind", dict=True):
    """
    A kind of probe; its fields are the parameters that a lab gives.

    The registry finds each subclass in the module of its tag: kind `log-marker` is `probes/*/log_marker.py`.
    """

    facts: ClassVar[type[Struct]]
    """What can be seen; a lab makes demands on these."""
    passive: ClassVar[bool]
    """Whether it only reads: GET and HEAD requests, nothing run and nothing created."""
    cost: ClassVar[Cost]
    absent: ClassVar[Text]
    """The sentence, without a full stop, that says that there is no such thing."""
    labels: ClassVar[Mapping[str, Text]]
    """Each fact by a name that a trainee understands."""
    words: ClassVar[Mapping[str, ValueWords]] = {}
    """What the values of a fact are called: each value of an enumeration has its words."""
    units: ClassVar[Mapping[str, Unit]] = {}
    """The units of figures whose names do not tell them (`find_unit_by_name`)."""
    inputs: ClassVar[tuple[str, ...]] = ()
    """The inputs that it reads from `engine.inputs`: a lab that uses the kind declares them."""
    supply: ClassVar[Supply | NotSupplied]
    """How an engine's things supply its parameters: `dckgrade record` looks at all that they lead to."""
    drafted: ClassVar[Mapping[str, DraftedFact]] = {}
    """The facts that a solution changes, as `dckgrade draft` says and demands them."""
    example: ClassVar[Mapping[str, Any]]
    """The parameters of an example, as a lab writes them: for the documentation and for the tests."""

    @cached_property
    def observation_key(self) -> str:
        """The key of its observation; a class's reports are all judged by the same probes."""
        # A parameter called as a word of Python's own, such as `from_`, is spelt as labs spell it.
        parameters = ((name.rstrip("_"), getattr(self, name)) for name in self.__struct_fields__)
        written = (f"{name}={value}" for name, value in parameters if value is not None)
        return " ".join([kind_of(self), *written])

    def observe(self, engine: Engine) -> Observation:
        """Observe it now. `NotThere` and `OutOfReach` become observations; any other exception is a bug."""
        raise NotImplementedError

    def foresee(self, engine: Engine) -> Observation | None:  # noqa: ARG002 - for the kinds that have limits
        """
        Tell what `observe` will see on this engine of a trainee who does all that is asked.

        None where nothing of the engine stands in the way. Only what changes nothing is asked.
        """
        return None

    def recall(self, recorded: Mapping[str, Observation]) -> Observation | None:
        """
        Find in *recorded* what was seen of it; None where nothing was.

        A kind that has changed says here what its older recordings still tell, and no more than that.
        """
        return recorded.get(observation_key(self))


def kind_of(probe: Probe) -> str:
    """Return the kind of *probe*, as labs and recordings spell it."""
    return str(probe.__struct_config__.tag)


def observation_key(probe: Probe) -> str:
    """Return the key of its observation, `container name=dbserver image=postgres`; equal probes share it."""
    return probe.observation_key


def add_missing_facts(seen: Observation | None, **facts: Any) -> Observation | None:
    """Return *seen* with the *facts* that an older recording lacks."""
    if not isinstance(seen, Seen) or facts.keys() <= seen.facts.keys():
        return seen
    return replace(seen, facts=facts | seen.facts)


def get_fact(seen: Observation | None, name: str) -> Any:
    """Return a fact of *seen*; None where that is not recorded."""
    return seen.facts.get(name) if isinstance(seen, Seen) else None
