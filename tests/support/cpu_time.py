"""What work costs in units of other work, done right beside it: how fast a machine is cancels out."""

import time
from collections.abc import Callable

ROUNDS = 3
UNIT_STEPS = 1_000_000


def measure_units(work: Callable[[], object], enough: float) -> float:
    """Return the processor time of *work* in units of a loop of UNIT_STEPS steps (20 to 40 ms).

    It is the least of ROUNDS tries, or the first that is below *enough*.
    """
    least = float("inf")
    for _ in range(ROUNDS):
        least = min(least, measure_cpu_s(work) / measure_cpu_s(spend_unit))
        if least < enough:
            break
    return least


def measure_cpu_s(work: Callable[[], object]) -> float:
    """Return the seconds of processor time that *work* takes."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def spend_unit() -> None:
    """Take one unit."""
    for _ in range(UNIT_STEPS):
        pass
