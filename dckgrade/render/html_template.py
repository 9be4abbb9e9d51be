"""What all HTML pages share: one head with its content security policy, one look, escaped templates."""

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct

from dckgrade.render.text import messages
from dckgrade.render.text.sanitize import line
from dckgrade.render.text.sentences import MOST_HINTS, Rung, rungs
from dckgrade.report.result import NamedMistake

SHEET = "render/report.css"
# As labs may write it (lab.spec.Address): a report can be anybody's.
ADDRESS = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*/[A-Za-z0-9/._~%#?=&+-]*")


class Help(Struct, frozen=True, kw_only=True):
    """One help, safe to show: its label, and either words or the address of a page."""

    label: str
    words: list[str]
    link: str = ""


class Said(Struct, frozen=True, kw_only=True):
    """A mistake or a remark, safe to show: the helps asked for, and those that are folded away below them."""

    code: str
    message: list[str]
    shown: list[Help]
    folded: list[Help]


def page(template: str, lang: str, *, sheets: Sequence[str] = (), **values: object) -> str:
    """
    Render *template* as one page that runs nothing and loads nothing.

    *template* and *sheets*, styles beside the reports' own, are files below `dckgrade/`. The policy names the
    page's own style by its digest, so that no other applies.
    """
    style = "".join(templates().get_template(sheet).render() for sheet in (SHEET, *sheets))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        templates()
        .get_template(template)
        # The style is our own files' text; everything else is escaped.
        .render(lang=lang, style=Markup(style), style_hash=f"sha256-{digest}", **values)  # noqa: S704
    )


@cache
def templates() -> Environment:
    """Set up the templates: whatever is put into them is escaped, and whatever is missing is an error."""
    return Environment(
        loader=PackageLoader("dckgrade", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def said(mistake: NamedMistake, lang: str, hints: int) -> Said:
    """Make a mistake's words safe to show; helps above *hints* are folded away, unless none were wanted."""
    known = rungs(mistake, lang, hints)
    whole = [*rungs(mistake, lang, MOST_HINTS), *looking(mistake, lang)] if hints else []
    return Said(
        code=line(mistake.code),
        message=spans(messages.prose(mistake.message, lang)),
        shown=[help_(one, lang) for one in known],
        folded=[help_(one, lang) for one in whole if one not in known],
    )


def looking(mistake: NamedMistake, lang: str) -> list[Rung]:
    """Give how to look for oneself, which is no rung of the ladder but a part of the explanation."""
    return [Rung("look", messages.labels(lang)["look"], mistake.look)] if mistake.look else []


def help_(one: Rung, lang: str) -> Help:
    """Make a help safe to show; only what is an address and nothing else becomes a link."""
    link = one.words if one.kind == "source" and ADDRESS.fullmatch(one.words) else ""
    return Help(label=one.label, words=spans(messages.prose(one.words, lang)), link=link)


def spans(prose: str) -> list[str]:
    """Cut words into plain and `code`, in turn; a lone backtick is just that."""
    parts = prose.split("`")
    return parts if len(parts) % 2 else [prose]
