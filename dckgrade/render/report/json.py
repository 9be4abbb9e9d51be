"""Render reports as JSON: `dckgrade-report/1`, or `dckgrade-session/1` for several labs."""

from collections.abc import Callable, Sequence

from dckgrade.report import codec
from dckgrade.report.report import Report


def render_json(reports: Sequence[Report], encode_report: Callable[[Report], bytes] = codec.to_json) -> bytes:
    """Write one report, or a session of several; *encode_report* may sign each."""
    documents = [encode_report(report) for report in reports]
    return documents[0] if len(documents) == 1 else codec.encode_session(documents)
