"""Gather submissions and a roster into the class report; each submission is judged and let go."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from dckgrade import __version__
from dckgrade.classroom import nameless
from dckgrade.classroom.attempt_spool import AttemptSpool, SpoolUnusable
from dckgrade.classroom.attempts import Attempt, judge_attempt
from dckgrade.classroom.forgeries import SignatureState, SignatureVerifier
from dckgrade.classroom.nameless import NamelessFile
from dckgrade.classroom.people import Person, Roster, fold_name, identify_trainee, make_sort_name
from dckgrade.classroom.shared_mistakes import rank_mistakes
from dckgrade.classroom.statistics import find_shared_traces, sum_possible_points, summarize_lab
from dckgrade.classroom.stuck import find_stuck
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
    Trust,
)
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Score

AttemptPolicy = Literal["best", "latest"]
Value = TypeVar("Value", bound=str)


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
        self.spool = AttemptSpool()
        self.attempts: dict[tuple[str, str], list[int]] = defaultdict(list)
        """Their numbers in the spool, by trainee and lab."""
        self.sources_with_other_name: set[str] = set()
        self.nameless: dict[str, list[tuple[NamelessFile, int]]] = defaultdict(list)
        self.nameless_sources: set[str] = set()
        self.refused: list[RefusedFile] = []
        self.first_checks: dict[tuple[str, str], str] = {}
        self.told_attempts: set[tuple[str, str]] = set()
        self.report_count = 0

    def add_submission(self, submission: Submission, *, observed: bool = False) -> None:
        """
        Take in one file; what is no report of ours becomes a row with its reason.

        *observed*: the trainer made it, at the desk; it was not handed in. Raises `SpoolUnusable`.
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
        except SpoolUnusable:
            raise
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
        if not sure and not report.trainee:
            self.add_nameless(submission, report)
            return
        trainee = self.find_person(name).name
        self.refuse_too_many(trainee, report.lab.id)
        signed = self.verifier.verify(report, submission.raw, trainee)
        trust: Trust = "corroborated" if signed == "valid" else "declared"
        self.add_report(report, name, submission.source, trust, signed)
        if sure and report.trainee and self.find_person(report.trainee).name != trainee:
            self.sources_with_other_name.add(submission.source)

    def add_nameless(self, submission: Submission, report: Report) -> None:
        """Take in a report that says no name; whose it is, is settled when all of its folder are known."""
        file = nameless.describe_file(submission.path_within, report.lab.id)
        names = (file.folder, file.words, file.stem)
        person = next(filter(None, map(self.roster.find, names)), None)
        trainee = person.name if person else self.find_person(file.likely_name).name
        self.refuse_too_many(trainee, report.lab.id)
        signed = self.verifier.verify(report, submission.raw, trainee)
        number = self.add_report(report, trainee, submission.source, "declared", signed)
        if not person:
            self.nameless_sources.add(submission.source)
            if file.folder:
                self.nameless[file.path].append((file, number))

    def refuse_too_many(self, trainee: str, lab: str) -> None:
        """Raise `TooManyAttempts` where *trainee* has handed in as many reports of *lab* as are judged."""
        attempt = fold_name(trainee), lab
        if len(self.attempts.get(attempt, ())) >= MAX_ATTEMPTS:
            raise TooManyAttempts(trainee, attempt)

    def tell_nameless_apart(self) -> None:
        """Give the reports of each folder that say no name to those whose they are."""
        left = set[str]()
        for entries in self.nameless.values():
            attempts = [self.spool[number] for _, number in entries]
            names = nameless.find_names(
                [file for file, _ in entries], [attempt.engine for attempt in attempts]
            )
            for name, attempt, (_, number) in zip(names, attempts, entries, strict=True):
                self.move_attempt(number, attempt, self.find_person(name))
                left.add(fold_name(attempt.trainee))
        self.nameless.clear()
        owners = {who for who, _ in self.attempts}
        for who in left - owners - {fold_name(person.name) for person in self.roster.people}:
            self.people.pop(who, None)

    def move_attempt(self, number: int, attempt: Attempt, person: Person) -> None:
        """Make *attempt*, which has that *number*, the one of *person*."""
        before, after = fold_name(attempt.trainee), fold_name(person.name)
        if before == after:
            return
        self.attempts[before, attempt.lab].remove(number)
        if not self.attempts[before, attempt.lab]:
            del self.attempts[before, attempt.lab]
        self.people.setdefault(after, person)
        self.attempts[after, attempt.lab].append(self.spool.append(replace(attempt, trainee=person.name)))

    def add_refused(self, submission: Submission, trouble: UserError) -> None:
        """Write down why a file was not taken in."""
        reason = " ".join(trouble.translate_sentences(self.options.lang))
        self.refused.append(RefusedFile(source=submission.source, reason=reason))

    def add_report(
        self, report: Report, name: str, source: str, trust: Trust, signed: SignatureState = "absent"
    ) -> int:
        """
        Take in a report of the trainee called *name*; return its number in the spool.

        Raises `UserError` for a lab that there is not.
        """
        person = self.find_person(name)
        attempt, lines = judge_attempt(
            report, person.name, source, self.options.lang, now=self.now, trust=trust, signed=signed
        )
        self.people.setdefault(fold_name(person.name), person)
        number = self.spool.append(attempt)
        self.attempts[fold_name(person.name), attempt.lab].append(number)
        self.remember_mistakes(attempt.lab, lines)
        self.report_count += 1
        return number

    def find_person(self, name: str) -> Person:
        """Find the trainee of that name, on the roster or not."""
        return self.roster.find(name) or self.people.get(fold_name(name)) or Person(name=name)

    def remember_mistakes(self, lab: str, lines: Iterable[CheckResult]) -> None:
        """Keep the check in which each mistake was first met."""
        for line in lines:
            if line.diagnosis:
                self.first_checks.setdefault((lab, line.diagnosis.code), line.id)

    def make_class_report(self) -> ClassReport:
        """Put together what has been taken in."""
        self.tell_nameless_apart()
        labs = sorted({lab for _, lab in self.attempts})
        shared = find_shared_traces(self.iter_attempts(), cloned=self.options.cloned)
        newest = max((attempt.moment for attempt in self.iter_attempts()), default=0.0)
        in_order = sorted(self.people, key=lambda who: (make_sort_name(self.people[who]), who))
        rows = [self.make_row(who, labs, shared, newest) for who in in_order]
        cells = {lab: [row.cells[lab] for row in rows if lab in row.cells] for lab in labs}
        counting = self.choose_attempts(in_order, labs)
        return ClassReport(
            dckgrade=__version__,
            lang=self.options.lang,
            labs=[summarize_lab(lab, cells[lab], self.options.lang) for lab in labs],
            rows=rows,
            mistakes=rank_mistakes(counting, self.first_checks, self.options.lang),
            refused=self.refused,
            reports=self.report_count,
        )

    def iter_attempts(self) -> Iterable[Attempt]:
        """Return all attempts."""
        return (self.spool[number] for numbers in self.attempts.values() for number in numbers)

    def load_attempts(self, who: str, lab: str) -> list[Attempt]:
        """Load one trainee's attempts at one lab."""
        return [self.spool[number] for number in self.attempts[who, lab]]

    def make_row(
        self, who: str, labs: Sequence[str], shared: Mapping[int, set[str]], newest: float
    ) -> ClassRow:
        """Write one trainee's row."""
        person = self.people[who]
        handed_in = [lab for lab in labs if (who, lab) in self.attempts]
        cells = {lab: self.make_cell(self.load_attempts(who, lab), shared, newest) for lab in handed_in}
        return ClassRow(
            trainee=person.name,
            surname=person.surname,
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

    def make_cell(
        self, attempts: Sequence[Attempt], shared: Mapping[int, set[str]], newest: float
    ) -> ClassCell:
        """Choose the attempt that counts, and say what is odd about it."""
        chosen = self.choose_attempt(attempts)
        others = set[str]().union(*(shared.get(trace, set()) for trace in chosen.traces)) - {chosen.trainee}
        flags = list(self.find_flags(chosen, shared, copied=bool(others)))
        is_doubtful = bool(others) or "published" in flags
        return ClassCell(
            score=chosen.score,
            source=chosen.source,
            started_at=chosen.started_at,
            trust="declared" if is_doubtful and chosen.trust == "corroborated" else chosen.trust,
            verdicts=share_dict(tuple(chosen.verdicts.items())),
            mistakes=share_dict(tuple(chosen.mistakes.items())),
            stuck=find_stuck(chosen, attempts, newest),
            flags=flags,
            unreached=chosen.unreached,
            shared_with=sorted(others),
            history=[
                PastAttempt(source=attempt.source, started_at=attempt.started_at, score=attempt.score)
                for attempt in sorted(attempts, key=lambda attempt: (attempt.moment, attempt.source))
                if attempt is not chosen
            ],
        )

    def choose_attempts(self, people: Sequence[str], labs: Sequence[str]) -> Iterable[Attempt]:
        """Choose the attempts that count, in the order of *people* and *labs*."""
        pairs = ((who, lab) for who in people for lab in labs)
        return (self.choose_attempt(self.load_attempts(*pair)) for pair in pairs if pair in self.attempts)

    def choose_attempt(self, attempts: Sequence[Attempt]) -> Attempt:
        """Choose the attempt that counts."""
        return max(attempts, key=self.rank_attempt)

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
        if attempt.source in self.nameless_sources:
            yield "no-name"
        if attempt.signature == "broken" or (
            attempt.signature == "unverified" and attempt.mac in self.verifier.copied
        ):
            yield "bad-signature"
        yield from attempt.forgeries


@lru_cache(maxsize=1024)
def share_dict(items: tuple[tuple[str, Value], ...]) -> dict[str, Value]:
    """Make a dict of *items*, one for all equal ones: a class has few, and nobody changes them."""
    return dict(items)
