"""What a class's page says of one moment: who needs help, mistakes, hands, progress. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from dckgrade.board.class_view import ClassState, TraineeState
from dckgrade.board.standing import Standing
from dckgrade.classroom.people import fold_name
from dckgrade.classroom.statistics import find_shared_traces
from dckgrade.render.html_template import split_code_spans
from dckgrade.render.text import messages
from dckgrade.render.text.sanitize import sanitize_line

SortOrder = Literal["stuck", "name", "points", "seen"]
SORT_ORDERS: Sequence[SortOrder] = ("stuck", "name", "points", "seen")
MAX_ROWS, MAX_STUCK, MAX_MISTAKES, MAX_NAMES = 200, 10, 12, 8
MINUTE_MS = 60_000


class PageQuery(Struct, frozen=True, kw_only=True):
    """What the trainer wants to see."""

    lab: str = ""
    sort: SortOrder = "stuck"
    name: str = ""
    for_projector: bool = False


class StuckRow(Struct, frozen=True, kw_only=True):
    """Somebody who is stuck: since when, on which check, with which mistake."""

    trainee_id: str
    name: str
    lab: str
    check: str
    code: str
    message: list[str]
    """Plain and code, in turn."""
    age: str
    has_raised_hand: bool


class HandRow(Struct, frozen=True, kw_only=True):
    """A raised hand."""

    trainee_id: str
    name: str
    text: str
    age: str


class MistakeRow(Struct, frozen=True, kw_only=True):
    """A mistake, and who makes it now."""

    lab: str
    code: str
    message: list[str]
    count: int
    names: list[str]


class CellView(Struct, frozen=True, kw_only=True):
    """A trainee in a lab."""

    report_id: int = 0
    """0 where nothing has come."""
    points: str = ""
    kind: str = ""
    note: str = ""
    symbols: list[tuple[str, str]] = []
    """Of each check, in the lab's order: verdict and sign."""


class TraineeRow(Struct, frozen=True, kw_only=True):
    """A trainee."""

    id: str
    name: str
    seen: str
    has_left: bool
    has_raised_hand: bool
    cells: list[CellView]


class LabProgress(Struct, frozen=True, kw_only=True):
    """A lab over the class."""

    lab: str
    passed: int
    working: int


class PageModel(Struct, frozen=True, kw_only=True):
    """Everything that changes on a class's page."""

    labs: list[str]
    stuck: list[StuckRow]
    hands: list[HandRow]
    mistakes: list[MistakeRow]
    progress: list[LabProgress]
    rows: list[TraineeRow]
    hidden: int
    """Trainees who are not shown."""


def format_age(milliseconds: int) -> str:
    """Write how long ago; a clock that was set back makes nothing negative."""
    minutes = max(0, milliseconds) // MINUTE_MS
    if minutes < 1:
        return "< 1\xa0min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}\xa0h\xa0{minutes:02}" if hours else f"{minutes}\xa0min"


def find_current_standing(trainee: TraineeState, lab: str) -> Standing | None:
    """Return where a trainee stands in the lab that they work at: *lab*, or the one that came last."""
    if lab:
        return trainee.standings.get(lab)
    return max(trainee.standings.values(), key=lambda standing: standing.report_id, default=None)


def build_page_model(state: ClassState, query: PageQuery, now: int, lang: str, *, cloned: bool) -> PageModel:
    """Build what the page shows."""
    present = [trainee for trainee in state.trainees.values() if not trainee.has_left]
    current = {trainee.id: find_current_standing(trainee, query.lab) for trainee in present}
    stuck = sort_stuck(present, current)
    labs = sorted({lab for trainee in state.trainees.values() for lab in trainee.standings})
    shown = [lab for lab in labs if query.lab in {"", lab}]
    wanted = fold_name(query.name)
    chosen = [trainee for trainee in state.trainees.values() if wanted in fold_name(trainee.name)]
    ordered = sort_trainees(chosen, query.sort, [trainee.id for trainee in stuck])
    shared = find_shared_traces(
        (standing.attempt for trainee in state.trainees.values() for standing in trainee.standings.values()),
        cloned=cloned,
    )
    return PageModel(
        labs=[sanitize_line(lab) for lab in labs],
        stuck=[build_stuck_row(trainee, current[trainee.id], now, lang) for trainee in stuck[:MAX_STUCK]],
        hands=build_hands(present, now),
        mistakes=build_mistakes(present, current, lang)[:MAX_MISTAKES],
        progress=[build_progress(present, lab) for lab in shown],
        rows=[build_row(trainee, shown, shared, now) for trainee in ordered[:MAX_ROWS]],
        hidden=max(0, len(ordered) - MAX_ROWS),
    )


def sort_stuck(present: Iterable[TraineeState], current: Mapping[str, Standing | None]) -> list[TraineeState]:
    """List who fails a check, whoever has failed one for longest first."""
    found = [
        (standing.failing_since[standing.stuck_on], fold_name(trainee.name), trainee)
        for trainee in present
        if (standing := current[trainee.id]) and standing.stuck_on
    ]
    return [trainee for *_, trainee in sorted(found, key=lambda entry: entry[:2])]


def sort_trainees(
    chosen: Sequence[TraineeState], sort: SortOrder, stuck: Sequence[str]
) -> list[TraineeState]:
    """Put the trainees in order; those who have left come last."""
    places = {trainee_id: at for at, trainee_id in enumerate(stuck)}

    def rank(trainee: TraineeState) -> tuple[object, ...]:
        name = fold_name(trainee.name)
        points = sum(standing.attempt.score.earned for standing in trainee.standings.values())
        keys: dict[str, tuple[object, ...]] = {
            "stuck": (places.get(trainee.id, len(places)), name),
            "name": (name,),
            "points": (-points, name),
            "seen": (-trainee.last_seen, name),
        }
        return trainee.has_left, *keys[sort]

    return sorted(chosen, key=rank)


def build_stuck_row(trainee: TraineeState, standing: Standing | None, now: int, lang: str) -> StuckRow:
    """Say on what somebody is stuck."""
    if standing is None:
        raise ValueError(trainee.id)
    check = standing.stuck_on
    mistake = standing.mistakes.get(check)
    return StuckRow(
        trainee_id=trainee.id,
        name=sanitize_line(trainee.name),
        lab=sanitize_line(standing.attempt.lab),
        check=sanitize_line(standing.titles.get(check, check)),
        code=sanitize_line(mistake.code) if mistake else "",
        message=split_code_spans(messages.sanitize_prose(mistake.message, lang)) if mistake else [],
        age=format_age(now - standing.failing_since[check]),
        has_raised_hand=trainee.hand is not None,
    )


def build_hands(present: Iterable[TraineeState], now: int) -> list[HandRow]:
    """List the hands, the first one raised first."""
    raised = [(trainee.hand.raised_at, trainee, trainee.hand) for trainee in present if trainee.hand]
    return [
        HandRow(
            trainee_id=trainee.id,
            name=sanitize_line(trainee.name),
            text=sanitize_line(hand.text),
            age=format_age(now - hand.raised_at),
        )
        for _, trainee, hand in sorted(raised, key=lambda entry: entry[0])
    ]


def build_mistakes(
    present: Iterable[TraineeState], current: Mapping[str, Standing | None], lang: str
) -> list[MistakeRow]:
    """List the mistakes made now, the most shared first."""
    names: dict[tuple[str, str], list[str]] = defaultdict(list)
    texts: dict[tuple[str, str], list[str]] = {}
    for trainee in present:
        standing = current[trainee.id]
        if standing is None:
            continue
        for code, mistake in {mistake.code: mistake for mistake in standing.mistakes.values()}.items():
            key = standing.attempt.lab, code
            names[key].append(sanitize_line(trainee.name))
            texts.setdefault(key, split_code_spans(messages.sanitize_prose(mistake.message, lang)))
    ranked = sorted(names.items(), key=lambda entry: (-len(entry[1]), entry[0]))
    return [
        MistakeRow(
            lab=sanitize_line(lab), code=sanitize_line(code), message=texts[lab, code], count=len(who),
            names=sorted(who)[:MAX_NAMES],
        )
        for (lab, code), who in ranked
    ]  # fmt: skip


def build_progress(present: Iterable[TraineeState], lab: str) -> LabProgress:
    """Count who has passed a lab, and who works at it."""
    standings = [trainee.standings[lab] for trainee in present if lab in trainee.standings]
    passed = sum(standing.has_passed for standing in standings)
    return LabProgress(lab=sanitize_line(lab), passed=passed, working=len(standings) - passed)


def build_row(
    trainee: TraineeState, labs: Sequence[str], shared: Mapping[int, set[str]], now: int
) -> TraineeRow:
    """Build a trainee's row."""
    return TraineeRow(
        id=trainee.id,
        name=sanitize_line(trainee.name),
        seen=format_age(now - trainee.last_seen),
        has_left=trainee.has_left,
        has_raised_hand=trainee.hand is not None,
        cells=[
            build_cell(trainee.standings[lab], shared) if lab in trainee.standings else CellView()
            for lab in labs
        ],
    )


def build_cell(standing: Standing, shared: Mapping[int, set[str]]) -> CellView:
    """Build what is said of a trainee in a lab."""
    attempt = standing.attempt
    is_copy = any(trace in shared for trace in attempt.traces)
    is_odd = attempt.forgeries or attempt.claimed_otherwise or attempt.other_lab
    if attempt.engine and hash(attempt.engine) in shared:
        is_odd = True
    return CellView(
        report_id=standing.report_id,
        points=messages.format_score(attempt.score),
        kind="passed" if standing.has_passed else "failed" if standing.stuck_on else "unknown",
        note="copy" if is_copy else "odd" if is_odd else "unreached" if attempt.unreached else "",
        symbols=[(verdict.value, messages.VERDICT_SYMBOLS[verdict]) for verdict in attempt.verdicts.values()],
    )
