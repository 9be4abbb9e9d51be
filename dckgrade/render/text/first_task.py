"""What a lab asks first, for a report on an engine on which nothing of the lab has been done."""

from collections.abc import Callable

from dckgrade.lazy_patterns import compile_lazily
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.report.observation import Seen
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Verdict

MAX_TASK_CHARS = 300
NO_SWARM = "inactive"
"""Docker's word for a swarm that is not there."""
_SENTENCE_END_PATTERN = compile_lazily(r"(?<=\.)\s+")
_FIRST_ITEM_PATTERN = compile_lazily(r"(?m)^ {0,3}1[.)] +(\S.*(?:\n(?! *(?:\d+[.)]|[-*+]) |\s*$).*)*)")


def find_no_sheet(_report: Report) -> str:
    """Know of no sheet."""
    return ""


def choose_first_task(report: Report, find_sheet: Callable[[Report], str]) -> str:
    """Return what the lab asks first where nothing of it has been done; else ''."""
    return find_first_task(find_sheet(report)) if is_untouched(report) else ""


def is_untouched(report: Report) -> bool:
    """Return whether nothing passes, and nothing at all was found of what failed first."""
    earning = [check for check in report.checks if check.points]
    failed = [check for check in report.checks if check.verdict is Verdict.FAILED]
    verdicts = {check.verdict for check in earning}
    return (
        bool(failed)
        and verdicts <= {Verdict.FAILED, Verdict.BLOCKED}
        # An engine always has settings of its own, which may be what fails last.
        and not has_found_anything(failed[0], report)
    )


def has_found_anything(check: CheckResult, report: Report) -> bool:
    """Return whether there is something of what *check* looks at."""
    seen = any(isinstance(report.observations.get(key), Seen) for key in check.observations)
    return seen and (
        not check.misses or any(mismatch.found and mismatch.found != NO_SWARM for mismatch in check.misses)
    )


def find_first_task(sheet: str) -> str:
    """
    Return the first numbered task of a sheet in Markdown, as one line; '' where it has none.

    A list in small letters is one of conditions: the task is the last whole sentence before it.
    """
    found = _FIRST_ITEM_PATTERN.search(sheet)
    if not found:
        return ""
    task = find_last_sentence(sheet[: found.start()]) if found[1][0].islower() else found[1]
    return sanitize_line(" ".join(task.split()).replace("**", ""), MAX_TASK_CHARS)


def find_last_sentence(text: str) -> str:
    """Return the last sentence of the last paragraph of *text* that ends with a full stop; '' without one."""
    paragraph = text.rstrip().rpartition("\n\n")[2]
    sentences = _SENTENCE_END_PATTERN.split(paragraph)
    return next((sentence for sentence in reversed(sentences) if sentence.endswith(".")), "")
