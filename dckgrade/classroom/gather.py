"""Gather submissions and a roster into the class report; each submission is judged and let go."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

from dckgrade import __version__
from dckgrade.classroom.attempts import Attempt, judge_attempt
from dckgrade.classroom.forgeries import SignatureState, SignatureVerifier
from dckgrade.classroom.people import Person, Roster, fold_name, identify_trainee
from dckgrade.classroom.statistics import find_shared_traces, sum_possible_points, summarize_lab
from dckgrade.classroom.submissions import Submission
from dckgrade.i18n import N_, Lang, UserError
from dckgrade.report import codec
from dckgrade.report.class_report import (
    ClassCell,
    ClassReport,
    ClassRow,
    Flag,
    PastAttempt,
    RefusedFile,
    SharedMistake,
    Trust,
)
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, NamedMistake, Score

AttemptPolicy = Literal["best", "latest"]


MAX_ATTEMPTS = 200
"""Reports of one lab that one trainee may hand in: each is judged."""


class TooManyAttempts(UserError):
    """A trainee has handed in more reports of one lab than are judged."""

    def __init__(self, trainee: str, attempt: tuple[str, str]) -> None:
        super().__init__(
            N_("{trainee} handed in more than {most} reports of {lab}; the others were not judged."),
            trainee=trainee,
            most=MAX_ATTEMPTS,
            lab=attempt[1],
        )
        self.attempt = attempt


class GatherOptions(Struct, frozen=True, kw_only=True):
    """How the trainer wants it."""

    lang: Lang = "fr"
    attempt_policy: AttemptPolicy = "best"
    cloned: bool = False
    """The machines are copies of one image: they have the engine's id in common."""


class GatheredClass:
    """A class being gathered."""

    def __init__(
        self, terms: GatherOptions, roster: Roster, verifier: SignatureVerifier | None = None
    ) -> None:
        self.options, self.roster, self.verifier = terms, roster, verifier or SignatureVerifier()
        self.now = datetime.now(UTC)
        self.people: dict[str, Person] = {fold_name(person.name): person for person in roster.people}
        self.attempts: dict[tuple[str, str], list[Attempt]] = defaultdict(list)
        self.sources_with_other_name: set[str] = set()
        self.refused: list[RefusedFile] = []
        self.named_mistakes: dict[tuple[str, str], tuple[str, NamedMistake]] = {}
        self.told_attempts: set[tuple[str, str]] = set()
        self.report_count = 0

    def add_submission(self, submission: Submission, *, observed: bool = False) -> None:
        """
        Take in one file; what is no report of ours becomes a row with its reason.

        *observed*: the trainer made it, at the desk; it was not handed in.
        """
        if submission.refusal:
            self.add_refused(submission, submission.refusal)
            return
        try:
            report = codec.from_json(submission.raw, submission.source)
            if observed:
                self.add_report(
                    report, report.trainee or submission.path_within, submission.source, "observed"
                )
            else:
                self.add_handed_in(submission, report)
        except UserError as trouble:
            self.add_odd(submission, trouble)
        except Exception as bug:  # noqa: BLE001 - one report, however hostile, costs the class nothing
            error = UserError(
                N_("{path} cannot be judged: {why}"), path=submission.source, why=repr(bug)[:200]
            )
            self.add_odd(submission, error)

    def add_odd(self, submission: Submission, trouble: UserError) -> None:
        """Write down why a file was not taken in, and count it: there may be too many of them."""
        if submission.hand_in:
            submission.hand_in.count_odd()
        if not isinstance(trouble, TooManyAttempts):
            self.add_refused(submission, trouble)
        elif trouble.attempt not in self.told_attempts:
            self.told_attempts.add(trouble.attempt)
            self.add_refused(submission, trouble)

    def add_handed_in(self, submission: Submission, report: Report) -> None:
        """Take in what was handed in by somebody, under a name that may be another's."""
        name, sure = identify_trainee(submission.path_within, report.trainee)
        trainee = self.find_person(name).name
        attempt = fold_name(trainee), report.lab.id
        if len(self.attempts.get(attempt, ())) >= MAX_ATTEMPTS:
            raise TooManyAttempts(trainee, attempt)
        signed = self.verifier.verify(report, submission.raw, trainee)
        trust: Trust = "corroborated" if signed == "valid" else "declared"
        self.add_report(report, name, submission.source, trust, signed)
        if sure and report.trainee and self.find_person(report.trainee).name != trainee:
            self.sources_with_other_name.add(submission.source)

    def add_refused(self, submission: Submission, trouble: UserError) -> None:
        """Write down why a file was not taken in."""
        reason = " ".join(trouble.translate_sentences(self.options.lang))
        self.refused.append(RefusedFile(source=submission.source, reason=reason))

    def add_report(
        self, report: Report, name: str, source: str, trust: Trust, signed: SignatureState = "absent"
    ) -> None:
        """Take in a report of the trainee called *name*; raises `UserError` for a lab that there is not."""
        person = self.find_person(name)
        attempt, lines = judge_attempt(
            report, person.name, source, self.options.lang, now=self.now, trust=trust, signed=signed
        )
        self.people.setdefault(fold_name(person.name), person)
        self.attempts[fold_name(person.name), attempt.lab].append(attempt)
        self.remember_mistakes(attempt.lab, lines)
        self.report_count += 1

    def find_person(self, name: str) -> Person:
        """Find the trainee of that name, on the roster or not."""
        return self.roster.find(name) or self.people.get(fold_name(name)) or Person(name=name)

    def remember_mistakes(self, lab: str, lines: Iterable[CheckResult]) -> None:
        """Keep the words of each mistake as they were first said."""
        for line in lines:
            if line.diagnosis:
                self.named_mistakes.setdefault((lab, line.diagnosis.code), (line.id, line.diagnosis))

    def make_class_report(self) -> ClassReport:
        """Put together what has been taken in."""
        labs = sorted({lab for _, lab in self.attempts})
        shared = find_shared_traces(self.iter_attempts(), cloned=self.options.cloned)
        rows = [self.make_row(who, labs, shared) for who in sorted(self.people)]
        cells = {lab: [row.cells[lab] for row in rows if lab in row.cells] for lab in labs}
        return ClassReport(
            dckgrade=__version__,
            lang=self.options.lang,
            labs=[summarize_lab(lab, cells[lab], self.options.lang) for lab in labs],
            rows=rows,
            mistakes=self.rank_mistakes(rows),
            refused=self.refused,
            reports=self.report_count,
        )

    def iter_attempts(self) -> Iterable[Attempt]:
        """Return all attempts."""
        return (attempt for attempts in self.attempts.values() for attempt in attempts)

    def make_row(self, who: str, labs: Sequence[str], shared: Mapping[int, set[str]]) -> ClassRow:
        """Write one trainee's row."""
        person = self.people[who]
        handed_in = {lab: self.attempts[who, lab] for lab in labs if (who, lab) in self.attempts}
        cells = {lab: self.make_cell(attempts, shared) for lab, attempts in handed_in.items()}
        return ClassRow(
            trainee=person.name,
            email=person.email,
            username=person.username,
            id_number=person.id_number,
            expected=not self.roster.people or self.roster.find(person.name) is not None,
            cells=cells,
            score=Score(
                earned=sum(cell.score.earned for cell in cells.values()),
                possible=sum(sum_possible_points(lab) for lab in labs),
                undecided=sum(cell.score.undecided for cell in cells.values()),
            ),
        )

    def make_cell(self, attempts: Sequence[Attempt], shared: Mapping[int, set[str]]) -> ClassCell:
        """Choose the attempt that counts, and say what is odd about it."""
        chosen = max(attempts, key=self.rank_attempt)
        others = set[str]().union(*(shared.get(trace, set()) for trace in chosen.traces)) - {chosen.trainee}
        flags = list(self.find_flags(chosen, shared, copied=bool(others)))
        is_doubtful = bool(others) or "published" in flags
        return ClassCell(
            score=chosen.score,
            source=chosen.source,
            started_at=chosen.started_at,
            trust="declared" if is_doubtful and chosen.trust == "corroborated" else chosen.trust,
            verdicts=chosen.verdicts,
            mistakes=chosen.mistakes,
            flags=flags,
            unreached=chosen.unreached,
            shared_with=sorted(others),
            history=[
                PastAttempt(source=attempt.source, started_at=attempt.started_at, score=attempt.score)
                for attempt in sorted(attempts, key=lambda attempt: (attempt.moment, attempt.source))
                if attempt is not chosen
            ],
        )

    def rank_attempt(self, attempt: Attempt) -> tuple[object, ...]:
        """
        Order attempts: what the trainer saw counts more than what was handed in, if anything was seen.

        Where the latest counts, so does what is signed: anybody may write a later time into a report.
        """
        best = attempt.score.earned if self.options.attempt_policy == "best" else 0
        is_signed = attempt.trust == "corroborated"
        first = not attempt.unreached, attempt.trust == "observed"
        return *first, best, is_signed, attempt.moment, attempt.source

    def find_flags(self, attempt: Attempt, shared: Mapping[int, set[str]], *, copied: bool) -> Iterable[Flag]:
        """Return the flags of what is worth a look."""
        if copied:
            yield "copy"
        elif attempt.engine and len(shared.get(hash(attempt.engine), ())) > 1:
            yield "same-engine"
        if attempt.other_lab:
            yield "other-lab"
        if attempt.claimed_otherwise:
            yield "claimed-otherwise"
        if attempt.unreached:
            yield "unreached"
        elif not attempt.complete:
            yield "incomplete"
        if attempt.source in self.sources_with_other_name:
            yield "name-differs"
        if attempt.signature == "broken" or (
            attempt.signature == "unverified" and attempt.mac in self.verifier.copied
        ):
            yield "bad-signature"
        yield from attempt.forgeries

    def rank_mistakes(self, rows: Sequence[ClassRow]) -> list[SharedMistake]:
        """Rank the mistakes by how many trainees make them in the attempts that count."""
        who: dict[tuple[str, str], list[str]] = defaultdict(list)
        for row in rows:
            for lab_id, cell in row.cells.items():
                for code in dict.fromkeys(cell.mistakes.values()):
                    who[lab_id, code].append(row.trainee)
        ranked = sorted(who.items(), key=lambda item: (-len(item[1]), item[0]))
        return [self.make_shared_mistake(lab_id, code, trainees) for (lab_id, code), trainees in ranked]

    def make_shared_mistake(self, lab_id: str, code: str, trainees: list[str]) -> SharedMistake:
        """Write one mistake with its words."""
        check, diagnosis = self.named_mistakes[lab_id, code]
        return SharedMistake(
            code=code,
            lab=lab_id,
            check=check,
            message=diagnosis.message,
            hint=diagnosis.hint,
            why=diagnosis.why,
            look=diagnosis.look,
            source=diagnosis.source,
            trainees=trainees,
        )
