"""Render reports as text: readable at 40 columns, without colour, in any encoding."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from dckgrade.render.text import causes, messages
from dckgrade.render.text.first_task import choose_first_task, find_no_sheet
from dckgrade.render.text.layout import EMPTY_LINE, Block, Bullet, Grid, Stack, TextBlock
from dckgrade.render.text.sentences import DEFAULT_HINTS, describe_mistake, list_hints
from dckgrade.report.report import Report, sum_scores
from dckgrade.report.result import CheckResult, NamedMistake, Verdict

MAX_WIDTH = 110
"""Characters; eyes lose their place in longer lines."""
VERDICT_STYLES = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "bold red",
    Verdict.BLOCKED: "yellow",
    Verdict.UNKNOWN: "magenta",
    Verdict.SKIPPED: "dim",
}


def render_terminal(
    report: Report, hints: int = DEFAULT_HINTS, *, engine: bool = True, watched: bool = False, task: str = ""
) -> Block:
    """Render *report*; *engine*: whether to name it first; *watched*: it is graded again by itself."""
    layout = ReportLayout(report, hints, engine=engine, watched=watched, task=task)
    return Stack(list(layout.lay_out()), max_width=MAX_WIDTH)


def render_session(
    reports: Sequence[Report],
    hints: int = DEFAULT_HINTS,
    find_sheet: Callable[[Report], str] = find_no_sheet,
    *,
    watched: bool = False,
) -> Iterator[Block]:
    """
    Render the reports of one run, the engine named once; below several, their total.

    *find_sheet* gives the Markdown of what a report's lab asks, or nothing.
    """
    for at, report in enumerate(reports):
        task = choose_first_task(report, find_sheet)
        yield render_terminal(report, hints, engine=at == 0, watched=watched, task=task)
    if len(reports) > 1:
        yield render_overview(reports)


def render_overview(reports: Sequence[Report]) -> Block:
    """Render a line for each of several labs, and their total."""
    lang = reports[0].lang
    verdicts = [messages.get_overall_verdict(report) for report in reports]
    rows = [
        (
            TextBlock(messages.VERDICT_SYMBOLS[verdict], lang, VERDICT_STYLES[verdict]),
            TextBlock(f"{report.lab.id} — {report.lab.title}", lang),
            TextBlock(messages.format_score(report.score), lang),
        )
        for report, verdict in zip(reports, verdicts, strict=True)
    ]
    blocks = [
        EMPTY_LINE,
        TextBlock(messages.translate_labels(lang)["labs"], lang, "bold underline"),
        Grid(rows, flexible=1, right=[2]),
        TextBlock(messages.describe_score(sum_scores(reports), lang), lang, "bold"),
    ]
    return Stack(blocks, max_width=MAX_WIDTH)


class ReportLayout:
    """The parts of one report."""

    def __init__(self, report: Report, hints: int, *, engine: bool, watched: bool, task: str) -> None:
        self.report, self.hints = report, hints
        self.engine, self.watched, self.task = engine, watched, task
        self.labels = messages.translate_labels(report.lang)

    def lay_out(self) -> Iterator[Block]:
        """Lay out the report, from the engine that was graded to what to do next."""
        yield from self.lay_out_header()
        yield self.build_checks_table()
        yield from self.lay_out_section(
            "to_mend", self.explain_checks(messages.list_failed_and_blocked(self.report))
        )
        yield from self.lay_out_section(
            "undecided", self.explain_checks(messages.list_checks_with(self.report, Verdict.UNKNOWN))
        )
        yield from self.lay_out_section("remarks", self.lay_out_remarks())
        yield EMPTY_LINE
        yield from self.lay_out_end()

    def lay_out_end(self) -> Iterator[Block]:
        """Tell the total, and what to do next."""
        yield self.make_text(messages.describe_score(self.report.score, self.report.lang), "bold")
        if steps := messages.list_next_steps(self.report, watched=self.watched, task=self.task):
            yield self.make_text(self.labels["next"], "bold")
            yield from (self.make_bullet("→", [self.make_text(step)]) for step in steps)

    def lay_out_header(self) -> Iterator[TextBlock]:
        """Name the engine first, since a mark on the wrong engine is worth nothing; then the lab."""
        yield (
            self.make_labelled_text("engine", messages.describe_engine(self.report))
            if self.engine
            else EMPTY_LINE
        )
        yield self.make_text(f"{self.report.lab.id} — {self.report.lab.title}", "bold")
        if self.report.trainee:
            yield self.make_labelled_text("trainee", self.report.trainee)
        if incomplete := messages.describe_incompleteness(self.report):
            yield self.make_text(incomplete, "magenta")
        yield EMPTY_LINE

    def build_checks_table(self) -> Block:
        """Build the table of the checks, a line for each."""
        rows = [self.make_row(check) for check in self.report.checks]
        return Grid(rows, flexible=2, right=[3])

    def make_row(self, check: CheckResult) -> Sequence[TextBlock]:
        """Make the row of one check: sign and word of its verdict, title, points."""
        word = messages.translate_verdict(check.verdict, self.report.lang)
        return (
            self.make_verdict_symbol(check),
            self.make_text(word, VERDICT_STYLES[check.verdict]),
            self.make_text(check.title),
            self.make_text(messages.format_check_points(check)),
        )

    def lay_out_section(self, heading: str, parts: Iterable[Block]) -> Iterator[Block]:
        """Lay out *parts* below a heading; nothing without parts."""
        for index, part in enumerate(parts):
            yield EMPTY_LINE
            if index == 0:
                yield self.make_text(self.labels[heading], "bold underline")
            yield part

    def explain_checks(self, checks: Sequence[CheckResult]) -> Iterator[Block]:
        """Explain checks that did not pass, those together about which the same is said."""
        for group in causes.group_by_cause(checks, self.report):
            if causes.are_waiting(group):
                waiting = self.make_text(causes.describe_waiting(self.report.lang))
                yield self.make_bullet(
                    messages.VERDICT_SYMBOLS[Verdict.BLOCKED], [waiting], VERDICT_STYLES[Verdict.BLOCKED]
                )
            else:
                yield self.explain_group(group)

    def explain_group(self, group: Sequence[CheckResult]) -> Block:
        """Explain checks of one cause: the mistake, what was seen, where to look."""
        check = next(filter(causes.is_of_engine, group), group[0])
        # Where no engine answers, all checks are in the table above with the same verdict.
        titles = () if causes.is_of_engine(check) and len(group) > 1 else group
        parts: list[Block] = [self.make_text(same.title, "bold") for same in titles]
        if check.blocked_by and len(group) == 1:
            parts.append(self.make_text(messages.describe_blockers(check, self.report)))
        if check.reason:
            parts.append(self.make_text(messages.describe_reason(check.reason, self.report.lang)))
        if check.diagnosis:
            parts += self.make_mistake_texts(check.diagnosis)
        parts += [
            self.make_mismatch_bullet(sentence)
            for sentence in causes.describe_group_mismatches(group, self.report)
        ]
        if check.diagnosis:
            parts += self.make_hint_texts(check.diagnosis)
        return self.make_bullet(messages.VERDICT_SYMBOLS[check.verdict], parts, VERDICT_STYLES[check.verdict])

    def lay_out_remarks(self) -> Iterator[Block]:
        """Lay out the remarks about checks that passed."""
        for check in self.report.checks:
            for remark in check.remarks:
                content = [
                    self.make_text(check.title, "bold"),
                    *self.make_mistake_texts(remark),
                    *self.make_hint_texts(remark),
                ]
                yield self.make_bullet("•", content)

    def make_mistake_texts(self, mistake: NamedMistake) -> list[Block]:
        """Make the texts that name a mistake and quote the program."""
        return [self.make_text(sentence) for sentence in describe_mistake(mistake, self.report.lang)]

    def make_mismatch_bullet(self, sentence: str) -> Block:
        """Lay out the sentence about one mismatch."""
        return self.make_bullet("·", [self.make_text(sentence, "dim")])

    def make_hint_texts(self, mistake: NamedMistake) -> list[Block]:
        """Make a text of each hint up to the level asked for."""
        return [
            self.make_labelled_text(hint.kind, hint.words, "italic")
            for hint in list_hints(mistake, self.report.lang, self.hints)
        ]

    def make_bullet(self, sign: str, blocks: Sequence[Block], style: str = "") -> Block:
        """Put *blocks* beside a sign."""
        return Bullet(self.make_text(sign, style), blocks)

    def make_verdict_symbol(self, check: CheckResult) -> TextBlock:
        """Make the sign of a check's verdict."""
        return self.make_text(messages.VERDICT_SYMBOLS[check.verdict], VERDICT_STYLES[check.verdict])

    def make_labelled_text(self, label: str, text: str, style: str = "") -> TextBlock:
        """Make a text with a label before it."""
        return self.make_text(messages.add_label(self.labels[label], text, self.report.lang), style)

    def make_text(self, text: str, style: str = "") -> TextBlock:
        """Make a text in the report's language."""
        return TextBlock(text, self.report.lang, style)
