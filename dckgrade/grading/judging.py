"""Make reports of recordings: nothing here observes, and no engine's code is loaded for it."""

from msgspec.structs import asdict

from dckgrade import __version__
from dckgrade.i18n import Lang
from dckgrade.judge.judge import judge_recording
from dckgrade.lab.model import LoadedLab
from dckgrade.report import codec
from dckgrade.report.observation import Recording
from dckgrade.report.report import LabRef, Report
from dckgrade.report.result import sum_points


def judge_report_again(loaded: LoadedLab, report: Report, lang: Lang) -> Report:
    """Judge the recording of *report* again, with the lab as it is now."""
    return build_report(loaded, codec.extract_recording(report), lang, report.trainee)


def build_report(loaded: LoadedLab, recording: Recording, lang: Lang, trainee: str | None) -> Report:
    """Judge *recording* and make the report of it."""
    results = judge_recording(loaded.lab, recording, lang)
    return Report(
        dckgrade=__version__,
        lang=lang,
        trainee=trainee,
        lab=LabRef(id=loaded.lab.id, title=loaded.lab.title.in_language(lang), digest=loaded.digest),
        score=sum_points(results),
        checks=results,
        **asdict(recording),
    )
