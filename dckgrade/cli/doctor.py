"""`dckgrade doctor`: which engine there is, and which labs can be graded on it."""

import os
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dckgrade.cli import exit_codes, language, options, output
from dckgrade.i18n import N_, get_translator

if TYPE_CHECKING:
    from dckgrade.engine.endpoint import Endpoint
    from dckgrade.grading.doctor import DoctorReport, Machine


class TextOrJson(StrEnum):
    """What stdout can carry."""

    TEXT = "text"
    JSON = "json"


TextOrJsonOption = Annotated[
    TextOrJson, typer.Option("-f", "--format", help=N_("What to print on standard output."))
]


def doctor(
    shape: TextOrJsonOption = TextOrJson.TEXT,
    host: options.Host = None,
    context: options.Context = None,
    lang: options.Language = None,
) -> None:
    """Say which engine there is, and which labs can be graded on it."""
    from dckgrade.engine import endpoint
    from dckgrade.grading.doctor import encode_doctor_report
    from dckgrade.render.text.sanitize import sanitize_line

    exit_codes.install_signal_handlers()
    where = endpoint.resolve_endpoint(host, context, os.environ, Path.home())
    found = examine_engine(where)
    with output.safe_stdout():
        if shape is TextOrJson.JSON:
            sys.stdout.buffer.write(encode_doctor_report(found))
        else:
            output.print_on_terminal("\n".join(sanitize_line(one) for one in describe_examination(found)))
    raise SystemExit(exit_codes.ExitCode.PASSED if found.machine else exit_codes.ExitCode.NOT_GRADABLE)


def examine_engine(where: "Endpoint") -> "DoctorReport":
    """Knock at the engine, ask it about itself, and hold the labs against it."""
    from dckgrade.engine.answers import OutOfReach
    from dckgrade.engine.connection import connect_engine
    from dckgrade.engine.endpoint import EngineError, list_other_sockets
    from dckgrade.grading.doctor import DoctorReport, assess_lab, parse_machine
    from dckgrade.lab.discovery import list_lab_paths
    from dckgrade.lab.load import load_lab

    spoken = language.get_language()
    sockets = [one for one in list_other_sockets(os.environ, Path.home()) if one != where.url]
    try:
        with connect_engine(where) as daemon:
            engine = daemon.engine
            one = parse_machine(
                daemon.inspect_engine(), engine.version or "", engine.api or "", rootless=engine.rootless
            )
    except EngineError as trouble:
        said = trouble.translate_sentences(spoken)
        return DoctorReport(endpoint=where.url, found_by=where.source, trouble=said, other_sockets=sockets)
    except OutOfReach as trouble:
        said = [
            get_translator(spoken)(N_("The engine does not say what it is: {why}.")).format(
                why=trouble.detail
            )
        ]
        return DoctorReport(endpoint=where.url, found_by=where.source, trouble=said, other_sockets=sockets)
    labs = [assess_lab(load_lab(path).lab, one, spoken) for path in list_lab_paths().values()]
    return DoctorReport(
        endpoint=where.url, found_by=where.source, other_sockets=sockets, machine=one, labs=labs
    )


def describe_examination(found: "DoctorReport") -> Iterator[str]:
    """Put it into lines, the engine first, then the labs."""
    translate = get_translator(language.get_language())
    yield translate(N_("Engine: {endpoint}")).format(endpoint=f"{found.endpoint} ({found.found_by})")
    yield from found.trouble
    if found.machine:
        yield from describe_machine(found.machine)
    if found.other_sockets:
        yield translate(N_("Other sockets: {others}")).format(others=", ".join(found.other_sockets))
    yield f"dckgrade {found.dckgrade}, Python {found.python}, {found.system}"
    for lab in found.labs:
        mark = "✗" if lab.reasons else "✓"
        yield f"{mark} {lab.id}  {lab.title}" + "".join(f": {reason}" for reason in lab.reasons)


def describe_machine(one: "Machine") -> Iterator[str]:
    """Put the machine into lines."""
    translate = get_translator(language.get_language())
    yield f"{one.sort} {one.version}, API {one.api}"
    if tuple(map(int, one.api.split("."))) > tuple(map(int, one.newest_tested_api.split("."))):
        told = N_("Newer than what dckgrade was tested with (API {api}).")
        yield translate(told).format(api=one.newest_tested_api)
    yield f"{one.operating_system}, Linux {one.kernel}"
    memory = translate(N_("{memory} GiB of memory, {cpus} processors"))
    yield memory.format(memory=round(one.memory_bytes / 2**30, 1), cpus=one.cpus)
    yes, no = translate(N_("yes")), translate(N_("no"))
    kinds = {"seccomp": one.seccomp, "AppArmor": one.apparmor}
    kinds |= {"rootless": one.rootless, "WSL": one.wsl, "snap": one.snap}
    yield ", ".join(f"{name}: {yes if holds else no}" for name, holds in kinds.items())
    yield (
        f"cgroup v{one.cgroup_version} ({one.cgroup_driver}), storage {one.storage_driver}, "
        f"logs {one.logging_driver}, swarm {one.swarm}"
    )
