"""Render reports on a terminal: readable at 40 columns, without colour, in any encoding."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from dckgrade.render.text import causes, messages
from dckgrade.render.text import console as on_console
from dckgrade.render.text.first_task import choose_first_task, find_no_sheet
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
) -> RenderableType:
    """Render *report*; *engine*: whether to name it first; *watched*: it is graded again by itself."""
    return DeferredRenderable(
        lambda encoding: ReportLayout(
            report, encoding, hints, engine=engine, watched=watched, task=task
        ).lay_out()
    )


def render_session(
    reports: Sequence[Report],
    hints: int = DEFAULT_HINTS,
    find_sheet: Callable[[Report], str] = find_no_sheet,
    *,
    watched: bool = False,
) -> Iterator[RenderableType]:
    """
    Render the reports of one run, the engine named once; below several, their total.

    *find_sheet* gives the Markdown of what a report's lab asks, or nothing.
    """
    for at, report in enumerate(reports):
        task = choose_first_task(report, find_sheet)
        yield render_terminal(report, hints, engine=at == 0, watched=watched, task=task)
    if len(reports) > 1:
        yield render_overview(reports)


def render_overview(reports: Sequence[Report]) -> RenderableType:
    """Render a line for each of several labs, and their total."""
    return DeferredRenderable(lambda encoding: lay_out_overview(reports, encoding))


class DeferredRenderable:
    """A renderable that is laid out when printed: only the console knows its encoding."""

    def __init__(self, parts: Callable[[str], Iterable[RenderableType]]) -> None:
        self.parts = parts

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        readable = options.update_width(min(options.max_width, MAX_WIDTH))
        yield from on_console.lay_out_parts(self.parts(options.encoding), console, readable)


def lay_out_overview(reports: Sequence[Report], encoding: str) -> Iterator[RenderableType]:
    """Lay out the table of the labs and their total."""
    lang = reports[0].lang

    def text(content: str, style: str = "") -> Text:
        return on_console.make_console_text(content, lang, encoding, style)

    table = Table.grid(padding=(0, 1))
    for justify in ("left", "left", "right"):
        table.add_column(justify=justify)
    for report in reports:
        verdict = messages.get_overall_verdict(report)
        lab = text(f"{report.lab.id} — {report.lab.title}")
        table.add_row(
            text(messages.VERDICT_SYMBOLS[verdict], VERDICT_STYLES[verdict]),
            lab,
            text(messages.format_score(report.score)),
        )
    yield Text()
    yield text(messages.translate_labels(lang)["labs"], "bold underline")
    yield table
    yield text(messages.describe_score(sum_scores(reports), lang), "bold")


class ReportLayout:
    """One report in the characters that *encoding* has."""

    def __init__(
        self, report: Report, encoding: str, hints: int, *, engine: bool, watched: bool, task: str
    ) -> None:
        self.report, self.encoding, self.hints = report, encoding, hints
        self.engine, self.watched, self.task = engine, watched, task
        self.labels = messages.translate_labels(report.lang)

    def lay_out(self) -> Iterator[RenderableType]:
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
        yield Text()
        yield from self.lay_out_end()

    def lay_out_end(self) -> Iterator[RenderableType]:
        """Tell the total, and what to do next."""
        yield self.make_text(messages.describe_score(self.report.score, self.report.lang), "bold")
        if steps := messages.list_next_steps(self.report, watched=self.watched, task=self.task):
            yield self.make_text(self.labels["next"], "bold")
            yield from (self.make_bullet("→", self.make_text(step)) for step in steps)

    def lay_out_header(self) -> Iterator[RenderableType]:
        """Name the engine first, since a mark on the wrong engine is worth nothing; then the lab."""
        yield (
            self.make_labelled_text("engine", messages.describe_engine(self.report))
            if self.engine
            else Text()
        )
        yield self.make_text(f"{self.report.lab.id} — {self.report.lab.title}", "bold")
        if self.report.trainee:
            yield self.make_labelled_text("trainee", self.report.trainee)
        if incomplete := messages.describe_incompleteness(self.report):
            yield self.make_text(incomplete, "magenta")
        yield Text()

    def build_checks_table(self) -> Table:
        """Build the table of the checks, a line for each."""
        table = Table.grid(padding=(0, 1))
        for _ in ("symbol", "word", "title"):
            table.add_column()
        table.add_column(justify="right", no_wrap=True)
        for check in self.report.checks:
            style = VERDICT_STYLES[check.verdict]
            table.add_row(
                self.make_verdict_symbol(check),
                self.make_text(messages.translate_verdict(check.verdict, self.report.lang), style),
                self.make_text(check.title),
                self.make_text(messages.format_check_points(check)),
            )
        return table

    def lay_out_section(self, heading: str, parts: Iterable[RenderableType]) -> Iterator[RenderableType]:
        """Lay out *parts* below a heading; nothing without parts."""
        for index, part in enumerate(parts):
            yield Text()
            if index == 0:
                yield self.make_text(self.labels[heading], "bold underline")
            yield part

    def explain_checks(self, checks: Sequence[CheckResult]) -> Iterator[RenderableType]:
        """Explain checks that did not pass, those together about which the same is said."""
        for group in causes.group_by_cause(checks, self.report):
            if causes.are_waiting(group):
                waiting = self.make_text(causes.describe_waiting(self.report.lang))
                yield self.make_bullet(
                    messages.VERDICT_SYMBOLS[Verdict.BLOCKED], waiting, VERDICT_STYLES[Verdict.BLOCKED]
                )
            else:
                yield self.explain_group(group)

    def explain_group(self, group: Sequence[CheckResult]) -> RenderableType:
        """Explain checks of one cause: the mistake, what was seen, where to look."""
        check = next(filter(causes.is_of_engine, group), group[0])
        # Where no engine answers, all checks are in the table above with the same verdict.
        titles = () if causes.is_of_engine(check) and len(group) > 1 else group
        parts: list[RenderableType] = [self.make_text(same.title, "bold") for same in titles]
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
        return self.make_bullet(
            messages.VERDICT_SYMBOLS[check.verdict], Group(*parts), VERDICT_STYLES[check.verdict]
        )

    def lay_out_remarks(self) -> Iterator[RenderableType]:
        """Lay out the remarks about checks that passed."""
        for check in self.report.checks:
            for remark in check.remarks:
                content = Group(
                    self.make_text(check.title, "bold"),
                    *self.make_mistake_texts(remark),
                    *self.make_hint_texts(remark),
                )
                yield self.make_bullet("•", content)

    def make_mistake_texts(self, mistake: NamedMistake) -> list[RenderableType]:
        """Make the texts that name a mistake and quote the program."""
        return [self.make_text(sentence) for sentence in describe_mistake(mistake, self.report.lang)]

    def make_mismatch_bullet(self, sentence: str) -> RenderableType:
        """Lay out the sentence about one mismatch."""
        return self.make_bullet("·", self.make_text(sentence, "dim"))

    def make_hint_texts(self, mistake: NamedMistake) -> list[RenderableType]:
        """Make a text of each hint up to the level asked for."""
        return [
            self.make_labelled_text(hint.kind, hint.words, "italic")
            for hint in list_hints(mistake, self.report.lang, self.hints)
        ]

    def make_bullet(self, sign: str, content: RenderableType, style: str = "") -> RenderableType:
        """Put *content* beside a sign."""
        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column()
        table.add_row(self.make_text(sign, style), content)
        return table

    def make_verdict_symbol(self, check: CheckResult) -> Text:
        """Make the sign of a check's verdict."""
        return self.make_text(messages.VERDICT_SYMBOLS[check.verdict], VERDICT_STYLES[check.verdict])

    def make_labelled_text(self, label: str, text: str, style: str = "") -> Text:
        """Make a text with a label before it."""
        return self.make_text(messages.add_label(self.labels[label], text, self.report.lang), style)

    def make_text(self, text: str, style: str = "") -> Text:
        """Make a text safe to print, respelt in the console's characters."""
        return on_console.make_console_text(text, self.report.lang, self.encoding, style)
