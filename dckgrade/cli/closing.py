"""What is said below reports on a terminal: what was gained, what counts from before, how to hand it in."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dckgrade.i18n import N_, Lang, get_translator
from dckgrade.lab.discovery import ALL_LABS

if TYPE_CHECKING:
    from dckgrade.report.report import Report


def describe_closing(
    reports: "Sequence[Report]", paths: Sequence[Path], lang: Lang, *, remembered: bool
) -> list[str]:
    """Return the sentences below *reports*, which are written to *paths* too; *remembered*: with history."""
    from dckgrade.cli import history

    past = [history.describe_gain(reports, lang), history.describe_carried(reports, lang)]
    return [
        sentence
        for sentence in (*(past if remembered else ()), describe_hand_in(reports, paths, lang))
        if sentence
    ]


def describe_hand_in(reports: "Sequence[Report]", paths: Sequence[Path], lang: Lang) -> str:
    """Say how to hand in what passes wholly; '' for what does not, or is not all there is."""
    from dckgrade.report.result import Verdict

    checks = [check for report in reports for check in report.checks]
    if not checks or any(check.verdict is not Verdict.PASSED for check in checks):
        return ""
    translate = get_translator(lang)
    if written := next((path for path in paths if path.name.endswith(".json")), None):
        return translate(N_("{path} is what you hand in.")).format(path=written)
    name = reports[0].lab.id if len(reports) == 1 else ALL_LABS
    signed = "" if reports[0].trainee else " --trainee " + translate(N_("'Your Name'"))
    command = f"`dckgrade {name} -o {name}.json{signed}`"
    return translate(N_("To hand it in: {command}, then give {name}.json to your trainer.")).format(
        command=command, name=name
    )
