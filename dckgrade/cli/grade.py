"""`dckgrade tp5`, `dckgrade all`: grade one lab, or every lab at the same time, on one engine."""

import math
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dckgrade.cli import completion, exit_codes, language, options, output
from dckgrade.i18n import N_, UserError, get_translator

ALL_LABS = "all"
"""Instead of a lab: every lab."""

if TYPE_CHECKING:
    from dckgrade.engine.answers import Login
    from dckgrade.grading import run
    from dckgrade.grading.options import Choice
    from dckgrade.lab.load import LoadedLab
    from dckgrade.report.report import Report


def grade(
    lab: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.complete_labs, help=N_("The lab, such as tp5; all: every lab.")
        ),
    ],
    shape: options.ReportFormatOption = output.DEFAULT_REPORT_FORMAT,
    outputs: options.ReportOutputs = None,
    hints: options.Hints = 1,
    only: options.OnlyChecks = None,
    failed: options.FailedOnly = False,
    passive: options.Passive = False,
    no_wait: options.NoWait = False,
    watched: options.Watch = False,
    timeout: options.Timeout = 90.0,
    workdir: options.Workdir = Path(),
    container: options.Container = None,
    grafana_user: options.GrafanaUser = None,
    grafana_password: options.GrafanaPassword = None,
    trainee: options.Trainee = None,
    no_history: options.NoHistory = False,
    host: options.Host = None,
    context: options.Context = None,
    lang: options.Language = None,
) -> None:
    """Grade a lab on this machine's engine."""
    from dckgrade.cli import history, watch
    from dckgrade.grading.options import Choice

    remembered = not no_history
    picked = select_checks(load_labs(lab), only or [])
    parts = select_not_passed(picked, host, context, allowed=remembered and not only) if failed else picked
    paths = output.validate_output_paths(outputs or [])
    validate_grade_options(timeout, workdir, shape, watched=watched)
    exit_codes.install_signal_handlers()
    choice = Choice(
        lang=language.get_language(),
        passive=passive,
        at_once=no_wait,
        timeout_s=timeout,
        trainee=trainee,
        workdir=workdir,
        container=container,
        grafana=make_grafana_login(grafana_user, grafana_password),
    )
    if watched:
        keep = history.save_runs if remembered else lambda _: None
        reports = watch.watch_engine(parts, choice, host, context, hints, keep)
    else:
        reports = grade_once(parts, choice, host, context, hints, shape=shape, remembered=remembered)
    output.write_reports(reports, paths, hints)
    raise SystemExit(exit_codes.choose_exit_code(reports))


def validate_grade_options(
    timeout: float, workdir: Path, shape: output.ReportFormat, *, watched: bool
) -> None:
    """Refuse a number that is none, a folder that is not there, and a form that cannot change in place."""
    if watched and shape != output.DEFAULT_REPORT_FORMAT:
        raise UserError(N_("--watch shows a text that changes."), N_("Leave --format out, or --watch."))
    if math.isnan(timeout):
        raise UserError(N_("--timeout takes a number of seconds."))
    if not workdir.is_dir():
        raise UserError(N_("There is no folder {path}."), path=workdir)


def grade_once(
    parts: "Sequence[run.LabSelection]",
    choice: "Choice",
    host: str | None,
    context: str | None,
    hints: int,
    *,
    shape: output.ReportFormat,
    remembered: bool,
) -> "list[Report]":
    """Grade, show the reports, and what they gained since the last run."""
    from dckgrade.cli import history

    reports = connect_and_grade(parts, choice, host, context)
    output.print_reports(
        reports, shape, hints, history.describe_gain(reports, choice.lang) if remembered else ""
    )
    if remembered:
        history.save_runs(reports)
    return reports


def load_labs(lab: str) -> "list[LoadedLab]":
    """Read the lab, or every lab there is."""
    from dckgrade.lab.discovery import find_lab_path, list_lab_paths
    from dckgrade.lab.load import load_lab

    return [
        load_lab(path) for path in (list_lab_paths().values() if lab == ALL_LABS else [find_lab_path(lab)])
    ]


def select_checks(labs: "Sequence[LoadedLab]", only: Sequence[str]) -> "list[run.LabSelection]":
    """Give each lab the checks of it that were chosen; a lab of which none was is left out."""
    from dckgrade.grading.run import LabSelection

    ids = [[check.id for check in one.lab.checks] for one in labs]
    refuse_unknown_checks([one for here in ids for one in here], only)
    if not only:
        return [LabSelection(one) for one in labs]
    apart = [(one, [check for check in only if check in here]) for one, here in zip(labs, ids, strict=True)]
    return [LabSelection(one, these) for one, these in apart if these]


def select_not_passed(
    parts: "Sequence[run.LabSelection]", host: str | None, context: str | None, *, allowed: bool
) -> "Sequence[run.LabSelection]":
    """Give each lab the checks of it that did not pass last time; a lab that passed is left out."""
    from dckgrade.cli import history
    from dckgrade.engine import endpoint
    from dckgrade.grading.run import LabSelection

    if not allowed:
        raise UserError(N_("--failed goes with neither --only nor --no-history."))
    try:
        engine = endpoint.resolve_endpoint(host, context, os.environ, Path.home()).url
    except endpoint.EngineError:
        return parts  # what is wrong is told, and reported, when it is to be graded
    left = [(part, history.list_not_passed(part.loaded, engine)) for part in parts]
    if not any(checks for _, checks in left):
        raise exit_codes.NothingToGrade(
            N_("Everything passed last time."), N_("Leave --failed out to grade it again.")
        )
    return [
        LabSelection(part.loaded, [] if len(checks) == len(part.lab.checks) else checks)
        for part, checks in left
        if checks
    ]


def make_grafana_login(user: str | None, password: str | None) -> "Login | None":
    """Give the account that the user named for Grafana; a name alone opens nothing."""
    from dckgrade.engine.answers import Login

    if user and not password:
        raise UserError(N_("--grafana-user says nothing without --grafana-password."))
    return Login(user or "admin", password) if password else None


def connect_and_grade(
    parts: "Sequence[run.LabSelection]", choice: "Choice", host: str | None, context: str | None
) -> "list[Report]":
    """
    Connect and grade; an engine that cannot be reached gives a report too.

    Where none runs, what needs none is judged: a `daemon.json` with which it does not start.
    """
    from msgspec.structs import replace

    from dckgrade.cli.progress import show_waiting_on_stderr
    from dckgrade.engine import endpoint
    from dckgrade.engine.connection import connect_engine, get_connect_timeout_s
    from dckgrade.engine.unavailable import UnavailableEngine
    from dckgrade.grading import run
    from dckgrade.report.observation import EngineInfo

    asked = host or context or os.environ.get("DOCKER_HOST") or os.environ.get("DOCKER_CONTEXT") or "default"
    where: endpoint.Endpoint | None = None
    try:
        where = endpoint.resolve_endpoint(host, context, os.environ, Path.home())
        asked = where.url
        if where.tls and not where.tls.verify:
            warning = N_(
                "Warning: the certificate of {endpoint} is not verified; another machine may answer."
            )
            exit_codes.print_to_stderr([get_translator(choice.lang)(warning).format(endpoint=where.url)])
        begun = time.monotonic()
        with connect_engine(where, min(get_connect_timeout_s(where), choice.timeout_s)) as daemon:
            left_s = max(0.0, choice.timeout_s - (time.monotonic() - begun))
            with show_waiting_on_stderr(daemon.engine, choice.lang) as progress:
                return run.grade_labs(parts, daemon, replace(choice, timeout_s=left_s), progress)
    except endpoint.EngineError as trouble:
        told = trouble.translate_sentences(choice.lang)
        exit_codes.print_to_stderr(told)
        if where and isinstance(trouble, endpoint.EngineDownError):
            return run.grade_labs(parts, UnavailableEngine(where, told[0]), choice)
        return [
            run.report_unreachable(
                one.loaded, EngineInfo(endpoint=asked), told[0], replace(choice, only=one.only)
            )
            for one in parts
        ]


def refuse_unknown_checks(known: Sequence[str], only: Sequence[str]) -> None:
    """Refuse a check that the lab does not have: a selection that matches nothing is never a pass."""
    from dckgrade.lab.problem import guess_nearest_word

    for one in only:
        if one not in known:
            near = guess_nearest_word(one, known)
            raise exit_codes.NothingToGrade(
                N_("There is no check “{check}”."),
                N_("Did you mean {near}?") if near else N_("These there are: {known}."),
                check=one,
                near=near,
                known=", ".join(known),
            )
