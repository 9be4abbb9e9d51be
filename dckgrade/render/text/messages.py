"""Messages about verdicts, mismatches, scores and next steps, in the report's language."""

import re
from collections.abc import Mapping

from dckgrade.i18n import N_, get_translator
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.report.observation import UnobservableReason
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Reason, Score, Verdict

VERDICT_WORDS = {
    Verdict.PASSED: N_("passed"),
    Verdict.FAILED: N_("failed"),
    Verdict.BLOCKED: N_("blocked"),
    Verdict.UNKNOWN: N_("undecided"),
    Verdict.SKIPPED: N_("skipped"),
}
VERDICT_SYMBOLS = {
    Verdict.PASSED: "✓",
    Verdict.FAILED: "✗",
    Verdict.BLOCKED: "⊘",
    Verdict.UNKNOWN: "?",
    Verdict.SKIPPED: "\N{EN DASH}",
}
REASON_MESSAGES: Mapping[str, str] = {
    "requires-unknown": N_("It depends on a check that is undecided."),
    "not-chosen": N_("You did not choose this check."),
    "passive": N_("It does more than read, which --passive rules out."),
    "starting": N_("The container is still starting: this is not a failure."),
    "environment": N_("As things stand, this cannot be seen; it is not held against you."),
    "not-recorded": N_("This recording is older than the check and does not hold: {detail}."),
    "not-reached": N_("The time was up before this could be looked at."),
    UnobservableReason.DEADLINE: N_("The engine did not answer this question in time."),
    UnobservableReason.STUCK: N_("The container hangs while starting: it answers nothing."),
    UnobservableReason.ENGINE_OUT_OF_REACH: N_("The engine cannot be reached."),
    UnobservableReason.ENGINE_ERROR: N_("The engine answered with an error of its own."),
    UnobservableReason.UNREADABLE: N_("The engine's answer was cut short or cannot be read."),
    UnobservableReason.ADDRESS_OUT_OF_REACH: N_(
        "The container's address cannot be reached from this machine."
    ),
    UnobservableReason.NOT_TRIED: N_("Nothing is tried inside a container like this one."),
    UnobservableReason.ELSEWHERE: N_(
        "It is a file on the trainee's machine, which cannot be read from the trainer's."
    ),
    UnobservableReason.CRASH: N_("This is a bug of dckgrade, and costs you no point."),
}
ENGINE_FAULTS: Mapping[str, str] = {
    "(path escapes from parent|mkdirat .+: file exists)": N_(
        "Some releases of Docker give no file of a container that has something mounted behind a link, as "
        "/var/run/docker.sock is (moby#52653): 29.5.2 and 29.7.1 are mended."
    ),
}
"""What an engine says because of a known fault of its release → what a person should know of that."""
REPORT_LABELS = {
    "engine": N_("Engine"),
    "lab": N_("Lab"),
    "trainee": N_("Trainee"),
    "date": N_("Graded"),
    "duration": N_("Duration"),
    "version": N_("Version"),
    "report": N_("Lab report"),
    "labs": N_("All labs"),
    "to_mend": N_("To fix"),
    "undecided": N_("Undecided"),
    "remarks": N_("Worth knowing"),
    "passed": N_("Passed"),
    "skipped": N_("Skipped"),
    "sheet": N_("Sheet"),
    "asked": N_("What the lab asks"),
    "next": N_("What to do next"),
    "hint": N_("Hint"),
    "why": N_("Why"),
    "look": N_("See for yourself"),
    "source": N_("Documentation"),
    "explained": N_("Explained"),
    "seen": N_("What was seen"),
    "fact": N_("Fact"),
    "value": N_("Value"),
    "absent": N_("There is no such thing."),
    "points": N_("points"),
    "no_evidence": N_("Nothing was observed."),
}


def translate_labels(lang: str) -> dict[str, str]:
    """Return the headings and labels of a report in *lang*."""
    translate = get_translator(lang)
    return {name: translate(text) for name, text in REPORT_LABELS.items()}


def add_label(label: str, value: str, lang: str) -> str:
    """Put a label before a value."""
    return get_translator(lang)(N_("{label}: {value}")).format(label=label, value=value)


def sanitize_prose(text: str, lang: str) -> str:
    """Make a lab's text safe to show; in French, keep `;:!?»` from starting a line, except in `code`."""
    parts = sanitize_line(text).split("`")
    if lang == "fr":
        for sign in ";:!?»":
            parts[::2] = [part.replace(f" {sign}", f"\xa0{sign}") for part in parts[::2]]
        parts[::2] = [part.replace("« ", "«\xa0") for part in parts[::2]]
    return "`".join(parts)


def translate_verdict(verdict: Verdict, lang: str) -> str:
    """Return the word for a verdict."""
    return get_translator(lang)(VERDICT_WORDS[verdict])


def describe_reason(reason: Reason, lang: str) -> str:
    """Describe why a check is undecided or was skipped."""
    message = REASON_MESSAGES.get(reason.code)
    if message is None:
        return sanitize_line(f"{reason.code}: {reason.detail}" if reason.detail else reason.code)
    sentence = get_translator(lang)(message).format(detail=sanitize_line(reason.detail))
    if reason.detail and "{detail}" not in message:
        sentence = f"{sentence.removesuffix('.')} ({sanitize_line(reason.detail.removesuffix('.'))})."
    if reason.code != UnobservableReason.ENGINE_ERROR:
        return sentence
    known = [told for error, told in ENGINE_FAULTS.items() if re.search(error, reason.detail)]
    return " ".join([sentence, *map(get_translator(lang), known)])


def describe_blockers(blocked: CheckResult, report: Report) -> str:
    """Name the checks that *blocked* waits for."""
    titles = {check.id: check.title for check in report.checks}
    _ = get_translator(report.lang)
    quoted = [_("“{text}”").format(text=sanitize_line(titles.get(id_, id_))) for id_ in blocked.blocked_by]
    return _("Waits for {checks}.").format(checks=", ".join(quoted))


def describe_engine(report: Report) -> str:
    """Name the engine that was graded."""
    _ = get_translator(report.lang)
    engine = report.engine
    parts = [
        sanitize_line(engine.name or ""),
        format_engine_version(engine.version) if engine.version else _("no answer"),
        _("API {version}").format(version=sanitize_line(engine.api)) if engine.api else "",
        _("not tested with its API {version}").format(version=sanitize_line(engine.untested_api))
        if engine.untested_api
        else "",
        _("rootless") if engine.rootless else "",
    ]
    return f"{sanitize_line(engine.endpoint)} — {', '.join(part for part in parts if part)}"


def format_engine_version(version: str) -> str:
    """Format Docker 28.5.2; another product keeps its name, and Podman's library is called Podman."""
    product, _, number = version.rpartition("/")
    return sanitize_line(f"{product.replace('Libpod', 'Podman') or 'Docker'} {number}")


def format_score(score: Score) -> str:
    """Format a score; as a range while points are undecided."""
    most = f"\N{EN DASH}{score.earned + score.undecided}" if score.undecided else ""
    return f"{score.earned}{most}/{score.possible}"


def format_check_points(check: CheckResult) -> str:
    """Format what a check earned of its points; a dash where it is worth none."""
    if not check.points:
        return "\N{EN DASH}"
    return f"{'?' if check.verdict.is_undecided else check.earned}/{check.points}"


def describe_score(score: Score, lang: str) -> str:
    """Describe a score and its undecided points."""
    _ = get_translator(lang)
    total = _("Total: {points}").format(points=format_score(score))
    undecided = _("undecided points: {count}").format(count=score.undecided)
    return f"{total} ({undecided})" if score.undecided else total


def describe_verdict_counts(report: Report) -> list[tuple[Verdict, str]]:
    """Count the checks by verdict, for the verdicts that occur."""
    counts = {verdict: sum(check.verdict is verdict for check in report.checks) for verdict in Verdict}
    lang = report.lang
    return [
        (verdict, add_label(translate_verdict(verdict, lang), str(count), lang))
        for verdict, count in counts.items()
        if count
    ]


def list_failed_and_blocked(report: Report) -> list[CheckResult]:
    """List what did not pass: failures, in the order in which the lab is done, then blocked checks."""
    not_passed = [check for check in report.checks if check.verdict in {Verdict.FAILED, Verdict.BLOCKED}]
    return sorted(not_passed, key=lambda check: check.verdict is Verdict.BLOCKED)


def get_overall_verdict(report: Report) -> Verdict:
    """Return the verdict of a whole lab: failed before blocked, unknown, passed and skipped."""
    verdicts = {check.verdict for check in report.checks}
    order = (Verdict.FAILED, Verdict.BLOCKED, Verdict.UNKNOWN, Verdict.PASSED, Verdict.SKIPPED)
    return next((verdict for verdict in order if verdict in verdicts), Verdict.SKIPPED)


def list_checks_with(report: Report, verdict: Verdict) -> list[CheckResult]:
    """List the checks that ended as *verdict*."""
    return [check for check in report.checks if check.verdict is verdict]


def describe_incompleteness(report: Report) -> str:
    """Return why *report* is not the last word; '' for one that is complete."""
    _ = get_translator(report.lang)
    if report.complete:
        return ""
    late = {"not-reached", UnobservableReason.DEADLINE}
    if report.starting and not any(check.reason and check.reason.code in late for check in report.checks):
        return _("Something is still starting: these verdicts are provisional.")
    return _("The time was up before everything had been looked at.")


def list_next_steps(report: Report, *, watched: bool = False, task: str = "") -> list[str]:
    """
    Say what to do next, the most urgent first.

    *watched*: it is graded again by itself. Nobody is sent to the trainer while something still starts.
    *task*: what the lab asks first, where nothing of it has been done.
    """
    _ = get_translator(report.lang)
    command = f"`dckgrade {sanitize_line(report.lab.id)}`"
    reasons = {check.reason.code for check in report.checks if check.reason}
    if UnobservableReason.ENGINE_OUT_OF_REACH in reasons:
        return [
            _("Start the engine or name the right one, then run again: {command}").format(command=command)
        ]
    begin = _("Begin with “{title}”.") if watched else _("Begin with “{title}”, then run again: {command}")
    if task:
        begin = _("Begin with the sheet (`dckgrade sheet {lab}`): {task}")
    steps = [
        begin.format(title=sanitize_line(check.title), command=command, task=task, lab=report.lab.id)
        for check in list_failed_and_blocked(report)[:1]
    ]
    undecided = bool(list_checks_with(report, Verdict.UNKNOWN))
    if "starting" in reasons:
        wait = _("Wait a few seconds.") if watched else _("Wait a few seconds, then run again: {command}")
        steps.append(wait.format(command=command))
    if (reasons - {"starting"}) and undecided and not report.starting and not watched:
        steps.append(
            _("Undecided points are not lost: follow the hint, or show this report to your trainer.")
        )
    if list_checks_with(report, Verdict.SKIPPED):
        steps.append(_("To grade the skipped checks, run again without --only, --failed and --passive."))
    if steps or undecided:
        return steps
    return [_("Everything passes: this lab is done.") if report.checks else _("There was nothing to grade.")]
