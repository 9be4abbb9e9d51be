"""Submissions and a roster → the class report; each submission is judged and let go."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from dckgrade import __version__
from dckgrade.classroom.attempts import Attempt, attempt
from dckgrade.classroom.people import Person, Roster, folded, named
from dckgrade.classroom.statistics import possible, shared_traces, told
from dckgrade.classroom.submissions import Submission
from dckgrade.i18n import N_, Lang, UserError
from dckgrade.report import codec
from dckgrade.report.class_report import Cell, ClassReport, Flag, MistakeShared, Past, Refused, Row, Trust
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, NamedMistake, Score

Counting = Literal["best", "latest"]


class Terms(Struct, frozen=True, kw_only=True):
    """How the trainer wants it."""

    lang: Lang = "fr"
    counting: Counting = "best"
    cloned: bool = False
    """The machines are copies of one image: they have the engine's id in common."""


Signed = Callable[[Report, bytes, str], bool]
"""Whether this report, as these bytes, bears the signature of the key that this trainee was given."""


class Class:
    """A class being gathered."""

    def __init__(self, terms: Terms, roster: Roster, signed: Signed = lambda *_: False) -> None:
        self.terms, self.roster, self.signed = terms, roster, signed
        self.people: dict[str, Person] = {folded(person.name): person for person in roster.people}
        self.attempts: dict[tuple[str, str], list[Attempt]] = defaultdict(list)
        self.renamed: set[str] = set()
        self.refused: list[Refused] = []
        self.words: dict[tuple[str, str], tuple[str, NamedMistake]] = {}
        self.reports = 0

    def add(self, submission: Submission, *, observed: bool = False) -> None:
        """
        Take in one file; what is no report of ours becomes a row with its reason.

        *observed*: the trainer made it, at the desk; it was not handed in.
        """
        if submission.refused:
            self.refuse(submission, submission.refused)
            return
        try:
            report = codec.from_json(submission.raw, submission.source)
            if observed:
                self.put(report, report.trainee or submission.within, submission.source, "observed")
            else:
                self.take(submission, report)
        except UserError as trouble:
            self.refuse(submission, trouble)
        except Exception as bug:  # noqa: BLE001 - one report, however hostile, costs the class nothing
            said = UserError(
                N_("{path} cannot be judged: {why}"), path=submission.source, why=repr(bug)[:200]
            )
            self.refuse(submission, said)

    def take(self, submission: Submission, report: Report) -> None:
        """Take in what was handed in by somebody, under a name that may be another's."""
        name, sure = named(submission.within, report.trainee)
        trainee = self.known(name).name
        mine = self.signed(report, submission.raw, trainee)
        self.put(report, name, submission.source, "corroborated" if mine else "declared")
        if sure and report.trainee and self.known(report.trainee).name != trainee:
            self.renamed.add(submission.source)

    def refuse(self, submission: Submission, trouble: UserError) -> None:
        """Write down why a file was not taken in."""
        reason = " ".join(trouble.sentences(self.terms.lang))
        self.refused.append(Refused(source=submission.source, reason=reason))

    def put(self, report: Report, name: str, source: str, trust: Trust) -> None:
        """Take in a report of the trainee called *name*; raises `Trouble` for a lab that there is not."""
        person = self.known(name)
        one, lines = attempt(report, person.name, source, self.terms.lang, trust)
        self.people.setdefault(folded(person.name), person)
        self.attempts[folded(person.name), one.lab].append(one)
        self.remember(one.lab, lines)
        self.reports += 1

    def known(self, name: str) -> Person:
        """Find the trainee of that name, on the roster or not."""
        return self.roster.find(name) or self.people.get(folded(name)) or Person(name=name)

    def remember(self, lab: str, lines: Iterable[CheckResult]) -> None:
        """Keep the words of each mistake as they were first said."""
        for line in lines:
            if line.diagnosis:
                self.words.setdefault((lab, line.diagnosis.code), (line.id, line.diagnosis))

    def report(self) -> ClassReport:
        """Put together what has been taken in."""
        labs = sorted({lab for _, lab in self.attempts})
        shared = shared_traces(self.every(), cloned=self.terms.cloned)
        rows = [self.row(who, labs, shared) for who in sorted(self.people)]
        cells = {one: [row.cells[one] for row in rows if one in row.cells] for one in labs}
        return ClassReport(
            dckgrade=__version__,
            lang=self.terms.lang,
            labs=[told(one, cells[one], self.terms.lang) for one in labs],
            rows=rows,
            mistakes=self.mistakes(rows),
            refused=self.refused,
            reports=self.reports,
        )

    def every(self) -> Iterable[Attempt]:
        """Give all attempts."""
        return (one for attempts in self.attempts.values() for one in attempts)

    def row(self, who: str, labs: Sequence[str], shared: Mapping[int, set[str]]) -> Row:
        """Write one trainee's row."""
        person = self.people[who]
        handed_in = {one: self.attempts[who, one] for one in labs if (who, one) in self.attempts}
        cells = {one: self.cell(attempts, shared) for one, attempts in handed_in.items()}
        return Row(
            trainee=person.name,
            email=person.email,
            username=person.username,
            id_number=person.id_number,
            expected=not self.roster.people or self.roster.find(person.name) is not None,
            cells=cells,
            score=Score(
                earned=sum(cell.score.earned for cell in cells.values()),
                possible=sum(possible(one) for one in labs),
                undecided=sum(cell.score.undecided for cell in cells.values()),
            ),
        )

    def cell(self, attempts: Sequence[Attempt], shared: Mapping[int, set[str]]) -> Cell:
        """Choose the attempt that counts, and say what is odd about it."""
        chosen = max(attempts, key=self.rank)
        others = set[str]().union(*(shared.get(one, set()) for one in chosen.traces)) - {chosen.trainee}
        flags = list(self.flags(chosen, shared, copied=bool(others)))
        return Cell(
            score=chosen.score,
            source=chosen.source,
            started_at=chosen.started_at,
            trust="declared" if others and chosen.trust == "corroborated" else chosen.trust,
            verdicts=chosen.verdicts,
            mistakes=chosen.mistakes,
            flags=flags,
            unreached=chosen.unreached,
            shared_with=sorted(others),
            history=[
                Past(source=one.source, started_at=one.started_at, score=one.score)
                for one in sorted(attempts, key=lambda one: one.started_at)
                if one is not chosen
            ],
        )

    def rank(self, one: Attempt) -> tuple[object, ...]:
        """Order attempts: what the trainer saw counts more than what was handed in, if anything was seen."""
        best = one.score.earned if self.terms.counting == "best" else 0
        return not one.unreached, one.trust == "observed", best, one.started_at, one.source

    def flags(self, one: Attempt, shared: Mapping[int, set[str]], *, copied: bool) -> Iterable[Flag]:
        """Say what is worth a look."""
        if copied:
            yield "copy"
        elif one.engine and len(shared.get(hash(one.engine), ())) > 1:
            yield "same-engine"
        if one.other_lab:
            yield "other-lab"
        if one.claimed_otherwise:
            yield "claimed-otherwise"
        if one.unreached:
            yield "unreached"
        elif not one.complete:
            yield "incomplete"
        if one.source in self.renamed:
            yield "name-differs"

    def mistakes(self, rows: Sequence[Row]) -> list[MistakeShared]:
        """Rank the mistakes by how many trainees make them in the attempts that count."""
        who: dict[tuple[str, str], list[str]] = defaultdict(list)
        for row in rows:
            for lab_id, cell in row.cells.items():
                for code in dict.fromkeys(cell.mistakes.values()):
                    who[lab_id, code].append(row.trainee)
        ranked = sorted(who.items(), key=lambda one: (-len(one[1]), one[0]))
        return [self.mistake(lab_id, code, trainees) for (lab_id, code), trainees in ranked]

    def mistake(self, lab_id: str, code: str, trainees: list[str]) -> MistakeShared:
        """Write one mistake with its words."""
        check, said = self.words[lab_id, code]
        return MistakeShared(
            code=code,
            lab=lab_id,
            check=check,
            message=said.message,
            hint=said.hint,
            why=said.why,
            look=said.look,
            source=said.source,
            trainees=trainees,
        )
