"""Render a sheet as the Markdown that the lab holds, below the lab's title."""

from dckgrade.lab.model import Lab


def render_sheet_markdown(lab: Lab, lang: str) -> str:
    """Return the title as a heading, then the sheet as it is written; nothing without a sheet."""
    if lab.sheet is None:
        return ""
    return f"# {lab.title.in_language(lang)}\n\n{lab.sheet.in_language(lang).strip()}\n"
