"""Compute the histogram of points and the bars of verdicts, each with its description in words."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from dckgrade.i18n import N_, get_translator
from dckgrade.render.text import messages
from dckgrade.report.result import Verdict

HISTOGRAM_BINS = 10
MAX_BAR_HEIGHT, BAR_STEP = 60, 20
"""Units of the drawing: a full bar, and a bar's width with its gap."""


class Bar(Struct, frozen=True, kw_only=True):
    """One bar: trainees whose points lie in one tenth of what is possible."""

    x: int
    y: float
    height: float
    count: int
    tone: int


class Histogram(Struct, frozen=True, kw_only=True):
    """How many trainees have how many points."""

    description: str
    bars: list[Bar]
    possible: int


class VerdictShare(Struct, frozen=True, kw_only=True):
    """One verdict's share of a bar, in percent."""

    verdict: str
    start: float
    width: float


def build_histogram(earned: Sequence[int], possible: int, lang: str) -> Histogram:
    """Count trainees by tenths of the possible points; full points are in the last."""
    counts = [0] * HISTOGRAM_BINS
    for points in earned:
        counts[min(HISTOGRAM_BINS - 1, HISTOGRAM_BINS * points // max(1, possible))] += 1
    most = max(1, *counts)
    heights = [round(MAX_BAR_HEIGHT * count / most, 1) for count in counts]
    return Histogram(
        description=get_translator(lang)(
            N_("Trainees by points, from 0 to {possible}, in tenths: {counts}")
        ).format(possible=possible, counts=", ".join(map(str, counts))),
        bars=[
            Bar(
                x=BAR_STEP * at,
                y=MAX_BAR_HEIGHT - height,
                height=height,
                count=count,
                tone=compute_tone(at, HISTOGRAM_BINS - 1),
            )
            for at, (height, count) in enumerate(zip(heights, counts, strict=True))
        ],
        possible=possible,
    )


def compute_tone(earned: int, possible: int) -> int:
    """Return one of six shades: 0 for no points, 5 for all."""
    return 0 if earned <= 0 else 5 if earned >= possible else 1 + 4 * earned // possible


def split_by_verdict(counts: Mapping[Verdict, int]) -> list[VerdictShare]:
    """Split a bar by verdict, in the order of `Verdict`."""
    total, start, shares = max(1, sum(counts.values())), 0.0, list[VerdictShare]()
    for verdict in Verdict:
        if count := counts.get(verdict):
            shares.append(
                VerdictShare(verdict=verdict.value, start=start, width=round(100 * count / total, 2))
            )
            start = round(start + 100 * count / total, 2)
    return shares


def describe_counts(counts: Mapping[Verdict, int], lang: str) -> str:
    """Describe a bar in words."""
    labelled_counts = (
        messages.add_label(messages.translate_verdict(verdict, lang), str(counts[verdict]), lang)
        for verdict in Verdict
        if verdict in counts
    )
    return ", ".join(labelled_counts)
