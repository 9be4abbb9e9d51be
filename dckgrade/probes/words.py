"""What a kind of probe calls the values of its facts: words, and units of figures."""

from collections.abc import Mapping
from typing import Literal

from dckgrade.report.text import Text

Value = str | int | bool | tuple[()] | None
"""A value that has words of its own; `()` is an empty list."""
ValueWords = Mapping[Value, Text]
"""
The words for the values of one fact, which stand behind its label; of a fact that is true or false, clauses
that say all by themselves. In them `{fact}` stands for another fact of the observation, and `{asked}` for the
name that the lab gives: the first parameter of the probe.
"""

Unit = Literal["bytes", "KiB", "seconds", "nanoseconds", "days"]
UNIT_BY_SUFFIX: Mapping[str, Unit] = {
    "bytes": "bytes",
    "kib": "KiB",
    "s": "seconds",
    "s_ago": "seconds",
    "ns": "nanoseconds",
    "days": "days",
}
"""How the name of a figure ends, behind `_` or alone, that is in a unit."""


def find_unit_by_name(fact: str) -> Unit | None:
    """Return the unit that the name of a figure tells; None where it tells none."""
    fitting = [suffix for suffix in UNIT_BY_SUFFIX if f"_{fact}".endswith(f"_{suffix}")]
    return UNIT_BY_SUFFIX[max(fitting, key=len)] if fitting else None
