"""`dckgrade doctor`: which engine there is, and which labs can be graded on it."""

import os
import sys
from collections.abc import Iterator, Mapping
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
    TextOrJson, typer.Option("-f", "--format", help=N_("Format to print on standard output."))
]


def doctor(
    shape: TextOrJsonOption = TextOrJson.TEXT,
    host: options.Host = None,
    context: options.Context = None,
    lang: options.Language = None,
) -> None:
    """Show the engine in use, and which labs can be graded on it."""
    from dckgrade.engine import endpoint
    from dckgrade.grading.doctor import encode_doctor_report
    from dckgrade.render.text.layout import TextBlock

    exit_codes.install_signal_handlers()
    where = endpoint.resolve_endpoint(host, context, os.environ, Path.home())
    found = examine_engine(where)
    with output.safe_stdout():
        if shape is TextOrJson.JSON:
            sys.stdout.buffer.write(encode_doctor_report(found))
        else:
            told = language.get_language()
            output.print_on_terminal(*(TextBlock(line, told) for line in describe_examination(found)))
    raise SystemExit(exit_codes.ExitCode.PASSED if found.machine else exit_codes.ExitCode.NOT_GRADABLE)


def examine_engine(where: "Endpoint") -> "DoctorReport":
    """Ask the engine about itself, and find which labs can be graded on it."""
    from dckgrade.engine.answers import OutOfReach
    from dckgrade.engine.connection import connect_engine
    from dckgrade.engine.endpoint import EngineError, list_other_sockets
    from dckgrade.grading.doctor import DoctorReport, assess_lab, parse_machine
    from dckgrade.lab.checked import load_checked_lab
    from dckgrade.lab.discovery import list_lab_paths

    spoken = language.get_language()
    sockets = [url for url in list_other_sockets(os.environ, Path.home()) if url != where.url]
    try:
        with connect_engine(where) as daemon:
            engine = daemon.take_snapshot()
            machine = parse_machine(engine.inspect_engine(), engine.engine)
            labs = [
                assess_lab(load_checked_lab(path).lab, engine, spoken) for path in list_lab_paths().values()
            ]
    except EngineError as trouble:
        sentences = trouble.translate_sentences(spoken)
        return DoctorReport(
            endpoint=where.url, found_by=where.source, trouble=sentences, other_sockets=sockets
        )
    except OutOfReach as trouble:
        sentences = [
            get_translator(spoken)(N_("The engine does not say what it is: {why}.")).format(
                why=trouble.detail
            )
        ]
        return DoctorReport(
            endpoint=where.url, found_by=where.source, trouble=sentences, other_sockets=sockets
        )
    return DoctorReport(
        endpoint=where.url, found_by=where.source, other_sockets=sockets, machine=machine, labs=labs
    )


def describe_examination(found: "DoctorReport") -> Iterator[str]:
    """Yield the lines of the report: the engine first, then the labs."""
    translate = get_translator(language.get_language())
    yield translate(N_("Engine: {endpoint}")).format(endpoint=f"{found.endpoint} ({found.found_by})")
    yield from found.trouble
    if found.machine:
        yield from describe_machine(found.machine)
    if found.other_sockets:
        yield translate(N_("Other sockets: {others}")).format(others=", ".join(found.other_sockets))
    yield f"dckgrade {found.dckgrade}, Python {found.python}, {found.system}"
    for lab in found.labs:
        yield f"{'✗' if lab.checks else '✓'} {lab.id}  {lab.title}"
        if lab.checks:
            left = translate(N_("{undecided} of {count} checks cannot be decided here:"))
            yield f"    {left.format(undecided=len(lab.checks), count=lab.count)} {' '.join(lab.reasons)}"


def describe_machine(machine: "Machine") -> Iterator[str]:
    """Yield the lines about the machine."""
    translate = get_translator(language.get_language())
    yield f"{machine.sort} {machine.version}, API {machine.api}"
    if machine.untested_api:
        message = N_(
            "It offers API {newest}, newer than those that dckgrade was tested with: dckgrade uses {api}."
        )
        yield translate(message).format(newest=machine.untested_api, api=machine.api)
    yield f"{machine.operating_system}, Linux {machine.kernel}"
    memory = translate(N_("{memory} GiB of memory, {cpus} processors"))
    yield memory.format(memory=round(machine.memory_bytes / 2**30, 1), cpus=machine.cpus)
    kinds = {"seccomp": machine.seccomp, "AppArmor": machine.apparmor}
    kinds |= {translate(N_("rootless")): machine.rootless, "WSL": machine.wsl, "snap": machine.snap}
    yield describe_properties(
        {name: translate(N_("yes") if holds else N_("no")) for name, holds in kinds.items()}
    )
    yield describe_properties(
        {
            "cgroup": f"v{machine.cgroup_version} ({machine.cgroup_driver})",
            translate(N_("storage")): machine.storage_driver,
            translate(N_("logs")): machine.logging_driver,
            "swarm": str(machine.swarm),
        }
    )


def describe_properties(properties: Mapping[str, str]) -> str:
    """Format what is said of the machine, each behind its label."""
    template = get_translator(language.get_language())(N_("{label}: {value}"))
    return ", ".join(template.format(label=label, value=value) for label, value in properties.items())
