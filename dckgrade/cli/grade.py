"""`dckgrade tp5`, `dckgrade all`: grade one lab, or every lab at the same time, on one engine."""

import math
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dckgrade.cli import completion, exit_codes, inputs, language, options, output, trainee_name
from dckgrade.i18n import N_, Lang, UserError, get_translator
from dckgrade.lab.discovery import ALL_LABS

if TYPE_CHECKING:
    from dckgrade.engine.endpoint import Endpoint
    from dckgrade.engine.run_options import RunOptions
    from dckgrade.grading import run
    from dckgrade.lab.model import LoadedLab
    from dckgrade.report.report import Report


LabArgument = Annotated[
    str,
    typer.Argument(autocompletion=completion.complete_labs, help=N_("The lab, such as tp5; all: every lab.")),
]


def grade(
    ctx: typer.Context,
    lab: LabArgument,
    shape: options.ReportFormatOption = output.DEFAULT_REPORT_FORMAT,
    outputs: options.ReportOutputs = None,
    hints: options.Hints = 1,
    only: options.OnlyChecks = None,
    failed: options.FailedOnly = False,
    passive: options.Passive = False,
    no_wait: options.NoWait = False,
    watched: options.Watch = False,
    timeout: options.Timeout = 90.0,
    trainee: options.Trainee = None,
    no_history: options.NoHistory = False,
    no_send: options.NoSend = False,
    host: options.Host = None,
    context: options.Context = None,
    lang: options.Language = None,
) -> None:
    """Grade a lab on this machine's engine."""
    from dckgrade.cli import history, sending
    from dckgrade.engine.run_options import RunOptions

    remembered = not no_history
    labs, spoken = load_labs(lab), language.get_language()
    selections = select_checks(labs, only or [])
    if failed:
        selections = select_not_passed(selections, host, context, allowed=remembered and not only)
    paths = output.validate_output_paths(outputs or [])
    validate_grade_options(timeout, shape, watched=watched)
    exit_codes.install_signal_handlers()
    run_options = RunOptions(
        lang=spoken, passive=passive, at_once=no_wait, timeout_s=timeout,
        inputs=inputs.resolve_inputs(ctx, labs), trainee=trainee_name.resolve_trainee(trainee, paths, spoken),
    )  # fmt: skip
    with sending.send_to_board(wanted=not no_send) as send:
        if watched:
            from dckgrade.cli import watch

            keep = history.save_runs if remembered else lambda _: None
            reports = watch.watch_engine(selections, run_options, host, context, hints, keep, send)
            output.write_reports(reports, paths, hints)
        else:
            reports = grade_once(
                selections, run_options, host, context, hints, paths, shape=shape, remembered=remembered
            )
            output.write_reports(reports, paths, hints)
            send(reports)
    raise SystemExit(exit_codes.choose_exit_code(reports))


def describe_collisions(labs: "Sequence[LoadedLab]", lang: Lang) -> list[str]:
    """Say which of several labs are in each other's way on one engine."""
    from dckgrade.lab.collisions import find_collisions

    _ = get_translator(lang)
    container = _("{labs}: they share the container {name}; what is done for one counts for the other.")
    port = _("{labs}: they share the machine's port {name}; finish one before you begin the other.")
    return [
        (container if claim.container else port).format(
            labs=", ".join(ids), name=claim.container or claim.port
        )
        for claim, ids in find_collisions([loaded.lab for loaded in labs]).items()
    ]


def validate_grade_options(timeout: float, shape: output.ReportFormat, *, watched: bool) -> None:
    """Refuse a number that is none, and a format that cannot change in place."""
    if watched and shape != output.DEFAULT_REPORT_FORMAT:
        raise UserError(
            N_("--watch only works with text output."), N_("Leave out either --format or --watch.")
        )
    if math.isnan(timeout):
        raise UserError(N_("--timeout takes a number of seconds."))


def grade_once(
    selections: "Sequence[run.LabSelection]",
    run_options: "RunOptions",
    host: str | None,
    context: str | None,
    hints: int,
    paths: Sequence[Path],
    *,
    shape: output.ReportFormat,
    remembered: bool,
) -> "list[Report]":
    """Grade, show the reports, and below them what is new since the last run and what to do with them."""
    from dckgrade.cli import closing, history

    trouble: list[str] = []
    reports = connect_and_grade(selections, run_options, host, context, trouble)
    told_below = output.is_one_screen(shape)
    exit_codes.print_to_stderr([] if told_below else trouble)
    below = closing.describe_closing(reports, paths, run_options.lang, remembered=remembered)
    output.print_reports(reports, shape, hints, below)
    # The report has just said why the engine was not reached: what is left is how to reach it.
    exit_codes.print_to_stderr(trouble[1:] if told_below else [])
    if remembered:
        history.save_runs(reports)
    if len(selections) > 1:
        labs = [selection.loaded for selection in selections]
        exit_codes.print_to_stderr(describe_collisions(labs, run_options.lang))
    return reports


def load_labs(lab: str) -> "list[LoadedLab]":
    """Read the lab, or every lab there is."""
    from dckgrade.lab.checked import load_checked_lab
    from dckgrade.lab.discovery import find_typed_lab_path, list_lab_paths

    return [
        load_checked_lab(path)
        for path in (list_lab_paths().values() if lab == ALL_LABS else [find_typed_lab_path(lab)])
    ]


def select_checks(labs: "Sequence[LoadedLab]", only: Sequence[str]) -> "list[run.LabSelection]":
    """Return each lab the checks of it that were chosen; a lab of which none was is left out."""
    from dckgrade.grading.run import LabSelection

    ids = [[check.id for check in loaded.lab.checks] for loaded in labs]
    refuse_unknown_checks([check_id for lab_ids in ids for check_id in lab_ids], only)
    if not only:
        return [LabSelection(loaded) for loaded in labs]
    chosen = [[check_id for check_id in only if check_id in lab_ids] for lab_ids in ids]
    return [LabSelection(loaded, checks) for loaded, checks in zip(labs, chosen, strict=True) if checks]


def select_not_passed(
    selections: "list[run.LabSelection]", host: str | None, context: str | None, *, allowed: bool
) -> "list[run.LabSelection]":
    """Return each lab the checks of it that did not pass last time; a lab that passed is left out."""
    from dckgrade.cli import history
    from dckgrade.engine import endpoint
    from dckgrade.grading.run import LabSelection

    if not allowed:
        raise UserError(N_("--failed cannot be combined with --only or --no-history."))
    try:
        engine = endpoint.resolve_endpoint(host, context, os.environ, Path.home()).url
    except endpoint.EngineError:
        return selections  # grading reports what is wrong with the engine
    not_passed = [(selection, history.list_not_passed(selection.loaded, engine)) for selection in selections]
    if not any(checks for _, checks in not_passed):
        raise exit_codes.NothingToGrade(
            N_("Everything passed last time."), N_("Leave --failed out to grade it again.")
        )
    return [
        LabSelection(selection.loaded, [] if len(checks) == len(selection.lab.checks) else checks)
        for selection, checks in not_passed
        if checks
    ]


def connect_and_grade(
    selections: "Sequence[run.LabSelection]",
    run_options: "RunOptions",
    host: str | None,
    context: str | None,
    troubles: list[str] | None = None,
) -> "list[Report]":
    """
    Connect and grade; an engine that cannot be reached gives a report too.

    Why it cannot goes into *troubles*, else to stderr.

    Where none runs, what needs no engine is still judged: a `daemon.json` that keeps it from starting.
    """
    from msgspec.structs import replace

    from dckgrade.cli.progress import show_waiting_on_stderr
    from dckgrade.engine import endpoint
    from dckgrade.engine.connection import connect_engine, get_connect_timeout_s
    from dckgrade.grading import run

    asked = host or context or os.environ.get("DOCKER_HOST") or os.environ.get("DOCKER_CONTEXT") or "default"
    where: endpoint.Endpoint | None = None
    try:
        where = endpoint.resolve_endpoint(host, context, os.environ, Path.home())
        asked = where.url
        warn_of_unverified_certificate(where, run_options.lang)
        begun = time.monotonic()
        with connect_engine(where, min(get_connect_timeout_s(where), run_options.timeout_s)) as daemon:
            left_s = max(0.0, run_options.timeout_s - (time.monotonic() - begun))
            with show_waiting_on_stderr(daemon.engine, run_options.lang) as progress:
                return run.grade_labs(selections, daemon, replace(run_options, timeout_s=left_s), progress)
    except endpoint.EngineError as trouble:
        sentences = trouble.translate_sentences(run_options.lang)
        if troubles is None:
            exit_codes.print_to_stderr(sentences)
        else:
            troubles += sentences
        if where and isinstance(trouble, endpoint.EngineDownError):
            from dckgrade.engine.unavailable import UnavailableEngine

            return run.grade_labs(selections, UnavailableEngine(where, sentences[0]), run_options)
        return report_unreachable(selections, asked, sentences[0], run_options)


def report_unreachable(
    selections: "Sequence[run.LabSelection]", url: str, why: str, run_options: "RunOptions"
) -> "list[Report]":
    """Report each lab on the engine at *url* as unseen, because of *why*."""
    from msgspec.structs import replace

    from dckgrade.grading import run
    from dckgrade.report.observation import EngineInfo

    return [
        run.report_unreachable(
            selection.loaded, EngineInfo(endpoint=url), why, replace(run_options, only=selection.only)
        )
        for selection in selections
    ]


def warn_of_unverified_certificate(where: "Endpoint", lang: Lang) -> None:
    """Print on stderr that another machine may answer, where nothing proves which one does."""
    if where.tls and not where.tls.verify:
        warning = N_("Warning: the certificate of {endpoint} is not verified; another machine may answer.")
        exit_codes.print_to_stderr([get_translator(lang)(warning).format(endpoint=where.url)])


def refuse_unknown_checks(known: Sequence[str], only: Sequence[str]) -> None:
    """Refuse a check that no lab has: a selection that matches nothing is never a pass."""
    from dckgrade.lab.problem import guess_nearest_word

    for check in only:
        if check not in known:
            near = guess_nearest_word(check, known)
            raise exit_codes.NothingToGrade(
                N_("There is no check “{check}”."),
                N_("Did you mean {near}?") if near else N_("Available: {known}."),
                check=check,
                near=near,
                known=", ".join(known),
            )
