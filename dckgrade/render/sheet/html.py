"""Render a sheet as one HTML page to hand out, print and read offline: no script, nothing loaded."""

from dckgrade.i18n import N_, get_translator
from dckgrade.lab.model import Lab
from dckgrade.render.html_template import render_markdown, render_template_page, split_code_spans
from dckgrade.render.text import messages
from dckgrade.render.text.sanitize import sanitize_line


def render_sheet_page(lab: Lab, lang: str) -> str:
    """Render the sheet of *lab* as one page."""
    closing = get_translator(lang)(N_("Have it graded with `dckgrade {lab}`."))
    return render_template_page(
        "render/sheet/sheet.html.j2",
        lang,
        labels=messages.translate_labels(lang),
        lab=sanitize_line(lab.id),
        title=messages.sanitize_prose(lab.title.in_language(lang), lang),
        sheet=render_markdown(lab.sheet.in_language(lang) if lab.sheet else "", lang, level=1),
        closing=split_code_spans(closing.format(lab=sanitize_line(lab.id))),
    )
