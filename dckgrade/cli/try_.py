"""`dckgrade try`: make one observation, and show every fact that can be demanded."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dckgrade.cli import exit_codes, grade, inputs, language, options, output
from dckgrade.cli.doctor import TextOrJson, TextOrJsonOption
from dckgrade.i18n import N_, UserError

if TYPE_CHECKING:
    from dckgrade.lab.model import Check, LoadedLab
    from dckgrade.probes.base import Probe


class InvalidTryTarget(UserError):
    """Words that name neither a check nor a kind of probe."""


def complete_check_paths(incomplete: str) -> Iterator[tuple[str, str]]:
    """Offer the checks of all labs as LAB/CHECK, each with its title."""
    from dckgrade.lab.checked import load_checked_lab
    from dckgrade.lab.discovery import list_lab_paths
    from dckgrade.lab.problem import FileInvalid
    from dckgrade.render.text.sanitize import sanitize_line

    for name, path in list_lab_paths().items():
        with contextlib.suppress(FileInvalid, UserError):
            for check in load_checked_lab(path).lab.checks:
                if (words := f"{name}/{check.id}").startswith(incomplete):
                    yield words, sanitize_line(check.title.in_language(language.get_language()))


def try_(
    ctx: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="CHECK",
            autocompletion=complete_check_paths,
            help=N_("A check, such as tp5/dbserver-running, or a kind of probe and its parameters."),
        ),
    ],
    shape: TextOrJsonOption = TextOrJson.TEXT,
    timeout: options.Timeout = 90.0,
    host: options.Host = None,
    context: options.Context = None,
    lang: options.Language = None,
) -> None:
    """Look at what a check looks at, once: every fact with its value, and which demands hold."""
    from dckgrade.engine.run_options import RunOptions
    from dckgrade.grading import run
    from dckgrade.render.trial import build_trial, encode_trial, render_trial

    loaded, check, of_a_lab = resolve_try_target(words)
    run_options = RunOptions(
        lang=language.get_language(),
        at_once=True,
        timeout_s=timeout,
        inputs=inputs.resolve_known_inputs(ctx, loaded),
    )
    (report,) = grade.connect_and_grade(
        [run.LabSelection(loaded, only=[check.id])], run_options, host, context
    )
    found = build_trial(check, report, of_a_lab=of_a_lab)
    if shape is TextOrJson.JSON:
        sys.stdout.buffer.write(encode_trial(found))
    else:
        output.print_on_terminal(render_trial(found, report))
    code = exit_codes.choose_exit_code([report])
    # Nothing is demanded of a probe alone, and that there is no such thing is an answer.
    raise SystemExit(
        exit_codes.ExitCode.PASSED if code is exit_codes.ExitCode.FAILED and not of_a_lab else code
    )


def resolve_try_target(words: Sequence[str]) -> "tuple[LoadedLab, Check, bool]":
    """Return the lab and the check that LAB/CHECK or KIND name=value… names, and whether the lab exists."""
    from dckgrade.lab.checked import load_checked_lab
    from dckgrade.lab.discovery import find_typed_lab_path, get_typed_lab_path

    first, *rest = words
    if is_check_name(rest):
        lab, check = first, rest[0]
    elif first.endswith(".yaml"):
        lab, check = first, ""
    else:
        lab, _, check = first.rpartition("/")
    if not lab and not get_typed_lab_path(first):
        return (*wrap_probe_in_lab(parse_probe(first, rest)), False)
    loaded = load_checked_lab(Path(lab) if lab.endswith(".yaml") else find_typed_lab_path(lab or first))
    known = [check.id for check in loaded.lab.checks]
    if not lab or check not in known:
        raise InvalidTryTarget(
            N_("Name one of this lab's checks: {known}."),
            N_("For example: dckgrade try {example}"),
            known=", ".join(known),
            example=f"{lab or first}/{known[0]}",
        )
    return loaded, loaded.lab.checks[known.index(check)], True


def is_check_name(rest: Sequence[str]) -> bool:
    """Return whether the second word is a check's name rather than a parameter."""
    return len(rest) == 1 and "=" not in rest[0]


def parse_probe(name: str, parameters: Sequence[str]) -> "Probe":
    """Return the probe of a kind with its parameters, whose values are written as in a lab: `port=80`."""

    from dckgrade.lab.problem import guess_nearest_word
    from dckgrade.lab.shape import ShapeComparison, get_type_info
    from dckgrade.lab.strict_yaml import NotStrict, YamlDocument, parse_strict_yaml
    from dckgrade.probes.registry import kinds_by_name
    from dckgrade.report.decode import convert_data

    kinds = kinds_by_name()
    if name not in kinds:
        near = guess_nearest_word(name, kinds)
        raise InvalidTryTarget(
            N_("“{name}” is neither a lab nor a kind of probe."),
            N_("Did you mean {near}?") if near else N_("Available kinds: {known}."),
            name=name,
            near=near,
            known=", ".join(sorted(kinds)),
        )
    data = {"kind": name}
    try:
        for parameter, _, written in (word.partition("=") for word in parameters):
            data[parameter] = parse_strict_yaml(written.encode("utf-8", "replace")).data
        problems = list(
            ShapeComparison(YamlDocument(data, {}, {}, [])).compare(data, get_type_info(kinds[name]), ())
        )
    except NotStrict as refused:
        problems = refused.problems
    if problems:
        sentence = problems[0].translate_sentence(language.get_language())
        raise InvalidTryTarget(
            N_("{kind}: {problem}"),
            N_("Parameters are written name=value; `dckgrade schema` has them all."),
            kind=name,
            problem=sentence,
        )
    return convert_data(data, kinds[name])


def wrap_probe_in_lab(probe: "Probe") -> "tuple[LoadedLab, Check]":
    """Return a lab with one check that demands nothing of *probe*, and that check."""
    from dckgrade.lab.model import Check, Lab, LoadedLab
    from dckgrade.probes.base import kind_of
    from dckgrade.report.text import Text

    title = Text(fr=kind_of(probe), en=kind_of(probe))
    check = Check(id="try", title=title, points=0, observe=probe, expect={})
    return LoadedLab(lab=Lab(version=1, id="try", title=title, checks=[check]), digest="", path=Path()), check
