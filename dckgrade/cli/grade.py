"""`dckgrade tp5`: grade one lab on one engine."""

import math
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dckgrade.cli import exits, language, options, output
from dckgrade.words import N_, Trouble, into

CONNECT_S = 5.0

if TYPE_CHECKING:
    from dckgrade import grading
    from dckgrade.lab.load import Loaded
    from dckgrade.report import Report
    from dckgrade.world.port import Login


def grade(
    lab: Annotated[str, typer.Argument(help=N_("The lab, such as tp5."))],
    shape: options.Shape = output.Format.TEXT,
    outputs: options.Output = None,
    hints: options.Hints = 1,
    only: options.Only = None,
    passive: options.Passive = False,
    no_wait: options.NoWait = False,
    watched: options.Watch = False,
    timeout: options.Timeout = 90.0,
    workdir: options.Workdir = Path(),
    container: options.Container = None,
    grafana_user: options.GrafanaUser = None,
    grafana_password: options.GrafanaPassword = None,
    trainee: options.Trainee = None,
    host: options.Host = None,
    context: options.Context = None,
    lang: options.Language = None,
) -> None:
    """Grade a lab on this machine's engine."""
    from dckgrade import grading
    from dckgrade.lab.load import load
    from dckgrade.lab.shelf import find

    loaded = load(find(lab))
    paths = output.checked(outputs or [])
    chosen_checks([check.id for check in loaded.lab.checks], only or [])
    if math.isnan(timeout):
        raise Trouble(N_("--timeout takes a number of seconds."))
    if not workdir.is_dir():
        raise Trouble(N_("There is no folder {path}."), path=workdir)
    spoken = language.spoken()
    choice = grading.Choice(
        lang=spoken,
        only=only or [],
        passive=passive,
        at_once=no_wait,
        timeout_s=timeout,
        trainee=trainee,
        workdir=workdir,
        container=container,
        grafana=account(grafana_user, grafana_password),
    )
    if watched:
        if shape is not output.Format.TEXT:
            raise Trouble(N_("--watch shows a text that changes."), N_("Leave --format out, or --watch."))
        from dckgrade.cli.watch import watch

        report = watch(loaded, choice, host, context, hints)
    else:
        report = graded(loaded, choice, host, context)
        output.show(report, shape, hints)
    output.keep(report, paths, hints)
    raise SystemExit(exits.of([report]))


def account(user: str | None, password: str | None) -> "Login | None":
    """Give the account that the user named for Grafana; a name alone opens nothing."""
    from dckgrade.world.port import Login

    if user and not password:
        raise Trouble(N_("--grafana-user says nothing without --grafana-password."))
    return Login(user or "admin", password) if password else None


def graded(loaded: "Loaded", choice: "grading.Choice", host: str | None, context: str | None) -> "Report":
    """
    Connect and grade; an engine that cannot be reached gives a report too.

    Where none runs, what needs none is judged: a `daemon.json` with which it does not start.
    """
    from msgspec.structs import replace

    from dckgrade import grading
    from dckgrade.cli.waiting import shown_on_stderr
    from dckgrade.observation import Engine
    from dckgrade.world import endpoint
    from dckgrade.world.connection import connect
    from dckgrade.world.silence import Silence

    asked = host or context or os.environ.get("DOCKER_HOST") or os.environ.get("DOCKER_CONTEXT") or "default"
    where: endpoint.Endpoint | None = None
    try:
        where = endpoint.resolve(host, context, os.environ, Path.home())
        asked = where.url
        if where.tls and not where.tls.verify:
            warning = N_(
                "Warning: the certificate of {endpoint} is not verified; another machine may answer."
            )
            exits.say([into(choice.lang)(warning).format(endpoint=where.url)])
        begun = time.monotonic()
        with connect(where, min(CONNECT_S, choice.timeout_s)) as daemon:
            left_s = max(0.0, choice.timeout_s - (time.monotonic() - begun))
            with shown_on_stderr(daemon.engine, choice.lang) as progress:
                return grading.grade(loaded, daemon, replace(choice, timeout_s=left_s), progress)
    except endpoint.EngineTrouble as trouble:
        told = trouble.sentences(choice.lang)
        exits.say(told)
        if where and isinstance(trouble, endpoint.EngineDown):
            return grading.grade(loaded, Silence(where, told[0]), choice)
        return grading.unreachable(loaded, Engine(endpoint=asked), told[0], choice)


def chosen_checks(known: Sequence[str], only: Sequence[str]) -> None:
    """Refuse a check that the lab does not have: a selection that matches nothing is never a pass."""
    from dckgrade.lab.problem import nearest

    for one in only:
        if one not in known:
            near = nearest(one, known)
            raise exits.NothingToGrade(
                N_("This lab has no check “{check}”."),
                N_("Did you mean {near}?") if near else N_("It has {known}."),
                check=one,
                near=near,
                known=", ".join(known),
            )
