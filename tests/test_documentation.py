"""The documentation says all that there is, in both languages alike, and is as fresh as what it shows."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import pictures.draw as drawn
import reference
from dckgrade.cli import settings
from dckgrade.cli.command_line import build_command
from dckgrade.cli.exit_codes import ExitCode
from dckgrade.i18n import Lang
from dckgrade.lab.catalogue import collect_mistakes
from dckgrade.lab.discovery import find_builtin_folder, list_labs_in_folders
from dckgrade.lab.inputs import LabInput, collect_inputs
from dckgrade.lab.load import load_lab
from dckgrade.render.formats import FORMATS, DocumentKind, list_stdout_names

ROOT = Path(__file__).parents[1]
READMES: dict[Lang, Path] = {"en": ROOT / "README.md", "fr": ROOT / "README.fr.md"}
GUIDES: dict[Lang, Path] = {lang: ROOT / "docs" / lang for lang in READMES}
GUIDE_PAGES = sorted(path.name for path in GUIDES["en"].glob("*.md"))
INPUTS: list[LabInput] = list(collect_inputs(list_labs_in_folders(find_builtin_folder()).values()).values())
LABS = [load_lab(path).lab for path in list_labs_in_folders(find_builtin_folder()).values()]
PAGES = sorted(
    path
    for folder in (ROOT, ROOT / "checks", ROOT / "docs", ROOT / "fixtures")
    for path in (folder.rglob("*.md") if folder != ROOT else folder.glob("*.md"))
    if "node_modules" not in path.parts
)
in_both = pytest.mark.parametrize("lang", READMES)

MAX_README_WORDS = 700
"""What is read in two minutes and a half."""

CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) (.*)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)|src=\"([^\"]+)\"")
CELLS = re.compile(r"(?<!\\)\|")


class Page(NamedTuple):
    """What both languages have in common."""

    levels: list[str]
    code: list[str]
    tables: list[list[str]]
    """The first cell of each row below each table's head."""
    links: list[str]


def page(path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    prose = CODE.sub("", text)
    return Page(
        levels=[found[1] for found in HEADING.finditer(prose)],
        code=CODE.findall(text),
        tables=list(first_columns(prose)),
        links=[target(found) for found in LINK.finditer(prose)],
    )


def target(found: re.Match[str]) -> str:
    return found[1] or found[2] or ""


def first_columns(prose: str) -> Iterator[list[str]]:
    for table in re.findall(r"(?:^\|.*\n)+", prose, re.MULTILINE):
        _head, _rule, *rows = table.splitlines()
        yield [CELLS.split(row)[1].strip() for row in rows]


def names(text: str) -> set[str]:
    r"""Give every word that stands between backticks, alternatives and all: `-f text\\|json` names three."""
    return {
        word.lstrip("([").rstrip(",.;:()[]…")
        for quoted in re.findall(r"`([^`]+)`", CODE.sub("", text))
        for word in re.split(r"[\s|\\=]+", quoted)
    }


def guide(lang: Lang) -> str:
    """Give all pages of the documentation in one language."""
    return "\n".join((GUIDES[lang] / name).read_text(encoding="utf-8") for name in GUIDE_PAGES)


def test_both_languages_have_the_same_pages() -> None:
    assert sorted(path.name for path in GUIDES["fr"].glob("*.md")) == GUIDE_PAGES
    assert "commands.md" in GUIDE_PAGES


@pytest.mark.parametrize("name", ["README", *GUIDE_PAGES])
def test_the_french_twin_has_the_same_headings_code_and_tables(name: str) -> None:
    places = READMES if name == "README" else {lang: folder / name for lang, folder in GUIDES.items()}
    english, french = page(places["en"]), page(places["fr"])

    assert french.levels == english.levels
    assert french.code == english.code
    assert french.tables == english.tables


def commands() -> dict[str, Any]:
    return dict(build_command().commands)


def options(command: Any) -> Sequence[str]:
    return [
        option
        for param in command.params
        for option in (*param.opts, *param.secondary_opts)
        if option[0] == "-"
    ]


@in_both
def test_every_command_has_its_row(lang: Lang) -> None:
    rows = [cell for table in page(GUIDES[lang] / "commands.md").tables for cell in table]

    documented = {row.split("`")[1].split()[1] for row in rows if row.startswith("`dckgrade ")}
    assert set(commands()) - documented - {"grade"} == set()
    assert "dckgrade grade" in guide(lang)


@in_both
def test_every_option_of_every_command_is_told(lang: Lang) -> None:
    known = names(guide(lang))
    group = build_command()

    missing = {
        f"{name} {long}"
        for name, command in {"": group, **commands()}.items()
        for long in options(command)
        if long.startswith("--") and long not in known and short(command, long) not in known
    }
    assert missing - {" --show-completion"} == set()


def short(command: Any, long: str) -> str:
    """Give the short form of an option, or what it is."""
    alike = next(param.opts for param in command.params if long in (*param.opts, *param.secondary_opts))
    return next((option for option in alike if not option.startswith("--")), long)


@in_both
def test_every_exit_code_has_its_row(lang: Lang) -> None:
    rows = {cell for table in page(GUIDES[lang] / "commands.md").tables for cell in table}

    assert {str(code.value) for code in ExitCode} - rows == set()


@in_both
def test_every_format_and_every_ending_is_told(lang: Lang) -> None:
    known = names(guide(lang))

    assert {name for kind in DocumentKind for name in list_stdout_names(kind)} - known == set()
    assert {row.suffix for row in FORMATS if row.suffix} - known == set()


@in_both
def test_every_setting_is_told(lang: Lang) -> None:
    assert set(settings.SETTING_TYPES) - names(guide(lang)) == set()


@in_both
def test_every_input_of_every_lab_is_told(lang: Lang) -> None:
    known = names(guide(lang))

    assert [declared.name for declared in INPUTS if declared.option not in known] == []
    assert {"container", "workdir", "grafana-password"} <= {declared.name for declared in INPUTS}


@in_both
def test_every_lab_has_its_row(lang: Lang) -> None:
    rows = [cell for table in page(GUIDES[lang] / "labs.md").tables for cell in table]

    assert [lab.id for lab in LABS if not any(row.startswith(f"`{lab.id}` ") for row in rows)] == []


@in_both
def test_every_check_and_every_mistake_is_in_the_reference(lang: Lang) -> None:
    text = reference.PAGES[lang].read_text(encoding="utf-8")

    checks = [check.id for lab in LABS for check in lab.checks]
    assert [check for check in checks if f"`{check}`" not in text] == []
    assert [code for code in collect_mistakes(LABS) if f"### {code} `" not in text] == []


@in_both
def test_the_reference_is_made_of_today_s_labs(lang: Lang) -> None:
    assert reference.PAGES[lang].read_text(encoding="utf-8") == reference.build_page(lang), "nox -s reference"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file_that_is_there(path: Path) -> None:
    links = page(path).links

    assert [link for link in links if "://" not in link and not (path.parent / link).exists()] == []


def spoken(svg: str) -> list[str]:
    """Give the words of a picture: colours and widths may be another version's of Rich."""
    return [" ".join(text.split()) for text in re.findall(r">([^<>]*\S[^<>]*)</text>", svg)]


@in_both
def test_the_picture_of_the_terminal_shows_today_s_words_and_fetches_nothing(lang: Lang) -> None:
    svg = (drawn.HERE / f"terminal.{lang}.svg").read_text(encoding="utf-8")

    assert spoken(svg) == spoken(drawn.draw_terminal(lang)), "nox -s pictures"
    assert len(spoken(svg)) > 20
    assert re.findall(r"url\((?!#)|https?://(?!www\.w3\.org/2000/svg)", svg) == []


@in_both
def test_every_page_of_the_documentation_is_named_in_the_readme(lang: Lang) -> None:
    links = page(READMES[lang]).links

    assert [name for name in GUIDE_PAGES if f"docs/{lang}/{name}" not in links] == []


@in_both
def test_the_readme_takes_two_minutes(lang: Lang) -> None:
    words = re.findall(r"[^\W\d_]+", CODE.sub("", READMES[lang].read_text(encoding="utf-8")))

    assert len(words) < MAX_README_WORDS


@in_both
def test_both_pictures_are_shown(lang: Lang) -> None:
    links = page(READMES[lang]).links

    for name in (f"terminal.{lang}.svg", f"page.{lang}.png"):
        assert f"fixtures/pictures/{name}" in links
    assert (drawn.HERE / f"page.{lang}.png").read_bytes().startswith(b"\x89PNG")
