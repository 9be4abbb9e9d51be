"""Points and verdicts of many trainees → what a picture of them is drawn from, with its words."""

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
    """One verdict's part of a bar, in percent."""

    verdict: str
    start: float
    width: float


def build_histogram(earned: Sequence[int], possible: int, lang: str) -> Histogram:
    """Sort points into tenths; all points are in the last."""
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
    """Give one of six shades: 0 for nothing, 5 for everything."""
    return 0 if earned <= 0 else 5 if earned >= possible else 1 + 4 * earned // possible


def split_by_verdict(counts: Mapping[Verdict, int]) -> list[VerdictShare]:
    """Cut a bar by verdict, in the order in which verdicts are always told."""
    whole, start, cut = max(1, sum(counts.values())), 0.0, list[VerdictShare]()
    for verdict in Verdict:
        if count := counts.get(verdict):
            cut.append(VerdictShare(verdict=verdict.value, start=start, width=round(100 * count / whole, 2)))
            start = round(start + 100 * count / whole, 2)
    return cut


def describe_counts(counts: Mapping[Verdict, int], lang: str) -> str:
    """Say a bar in words."""
    told = (
        messages.add_label(messages.translate_verdict(verdict, lang), str(counts[verdict]), lang)
        for verdict in Verdict
        if verdict in counts
    )
    return ", ".join(told)
