"""Render HTML pages: one head with its content security policy, one style, escaped templates."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct

from dckgrade.lazy_patterns import compile_lazily
from dckgrade.render.mistake_page import find_mistake_page
from dckgrade.render.text import messages
from dckgrade.render.text.prose import sanitize_markdown
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.render.text.sentences import MAX_HINTS, Hint, list_hints
from dckgrade.report.result import NamedMistake, Quotation

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

BASE_STYLESHEET = "render/report.css"
# As labs may write it (lab.model.Address): a report can be anybody's.
LINK_PATTERN = compile_lazily(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*/[A-Za-z0-9/._~%#?=&+-]*")


class HintView(Struct, frozen=True, kw_only=True):
    """One hint, safe to show: its label, and either words or the address of a page."""

    label: str
    words: list[str]
    link: str = ""


class QuotationView(Struct, frozen=True, kw_only=True):
    """A program's own words, safe to show."""

    program: str
    text: str
    place: str


class MistakeView(Struct, frozen=True, kw_only=True):
    """A mistake or a remark, safe to show: the hints asked for, and those folded away below them."""

    code: str
    message: list[str]
    quotation: QuotationView | None
    hints: list[HintView]
    folded_hints: list[HintView]


def render_template_page(template: str, lang: str, *, sheets: Sequence[str] = (), **values: object) -> str:
    """Render *template* as `iter_template_page` does, in one piece."""
    return "".join(iter_template_page(template, lang, sheets=sheets, **values))


def iter_template_page(
    template: str, lang: str, *, sheets: Sequence[str] = (), **values: object
) -> Iterator[str]:
    """
    Render *template*, in pieces, as one page that runs nothing and loads nothing.

    *template* and *sheets*, styles beside the reports' own, are files below `dckgrade/`. The policy names the
    page's own style by its digest, so that no other applies.
    """
    style = "".join(
        get_template_environment().get_template(sheet).render() for sheet in (BASE_STYLESHEET, *sheets)
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        get_template_environment()
        .get_template(template)
        # The style is our own files' text; everything else is escaped.
        .generate(lang=lang, style=Markup(style), style_hash=f"sha256-{digest}", **values)  # noqa: S704
    )


@cache
def get_template_environment() -> Environment:
    """Set up the templates: whatever is put into them is escaped, and whatever is missing is an error."""
    return Environment(
        loader=PackageLoader("dckgrade", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_markdown(markdown: str, lang: str, *, level: int) -> Markup:
    """
    Render a lab's Markdown below a heading of *level* (1 to 6).

    HTML in it is shown as typed, pictures are not fetched, and only what is an address of http(s) is a link.
    """
    parser = get_markdown_parser()
    tokens = parser.parse(sanitize_markdown(markdown, lang))
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, max(level + 1, int(token.tag[1]) + level - 1))}"
    # The parser escapes all text, and makes no other elements than CommonMark's and tables.
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704


@cache
def get_markdown_parser() -> "MarkdownIt":
    """Set up the parser of sheets."""
    # Late: most pages have no Markdown.
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    parser.validateLink = is_link  # type: ignore[assignment, method-assign]
    return parser


def is_link(address: str) -> bool:
    """Return whether *address* may become a link."""
    return LINK_PATTERN.fullmatch(address) is not None


def build_mistake_view(mistake: NamedMistake, lab: str, lang: str, hints: int) -> MistakeView:
    """Make a mistake of *lab* safe to show; hints above level *hints* are folded away, at 0 left out."""
    wanted = list_hints(mistake, lang, hints)
    further = [*list_look_hints(mistake, lang), *list_page_hints(mistake, lab, lang)]
    every = [*list_hints(mistake, lang, MAX_HINTS), *further] if hints else []
    return MistakeView(
        code=sanitize_line(mistake.code),
        message=split_code_spans(messages.sanitize_prose(mistake.message, lang)),
        quotation=build_quotation_view(mistake.quotation) if mistake.quotation else None,
        hints=[build_hint_view(hint, lang) for hint in wanted],
        folded_hints=[build_hint_view(hint, lang) for hint in every if hint not in wanted],
    )


def build_quotation_view(quotation: Quotation) -> QuotationView:
    """Make a program's own words safe to show."""
    return QuotationView(
        program=sanitize_line(quotation.program),
        text=sanitize_line(quotation.text),
        place=sanitize_line(quotation.place),
    )


def list_look_hints(mistake: NamedMistake, lang: str) -> list[Hint]:
    """List how to verify it oneself, which has no level of its own but is part of the explanation."""
    return [Hint("look", messages.translate_labels(lang)["look"], mistake.look)] if mistake.look else []


def list_page_hints(mistake: NamedMistake, lab: str, lang: str) -> list[Hint]:
    """List the page of the mistake on the project's site, where there is one."""
    page = find_mistake_page(mistake.code, lab, lang)
    return [Hint("source", messages.translate_labels(lang)["source"], page)] if page else []


def build_hint_view(hint: Hint, lang: str) -> HintView:
    """Make a hint safe to show; only a text that is an address and nothing else becomes a link."""
    link = hint.words if hint.kind == "source" and LINK_PATTERN.fullmatch(hint.words) else ""
    return HintView(
        label=hint.label, words=split_code_spans(messages.sanitize_prose(hint.words, lang)), link=link
    )


def split_code_spans(prose: str) -> list[str]:
    """Split text into plain and `code`, in turn; an unpaired backtick is plain."""
    parts = prose.split("`")
    return parts if len(parts) % 2 else [prose]
