"""Render a sheet as the Markdown that the lab holds, below the lab's title."""

from dckgrade.lab.model import Lab
from dckgrade.render.text.sanitize import sanitize_whole_line


def render_sheet_markdown(lab: Lab, lang: str) -> str:
    """Return the title as a heading, then the sheet as it is written; nothing without a sheet."""
    if lab.sheet is None:
        return ""
    lines = [f"# {lab.title.in_language(lang)}", "", *lab.sheet.in_language(lang).strip().split("\n")]
    # Not shortened: the sheet is what a trainee works from.
    return "".join(f"{sanitize_whole_line(line)}\n" for line in lines)
