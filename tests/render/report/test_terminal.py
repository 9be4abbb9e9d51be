"""A report on a terminal: safe, at any width, without colour and in any encoding."""

import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from dckgrade.render.report.terminal import MAX_WIDTH, render_terminal
from dckgrade.report.report import Report
from dckgrade.report.result import NamedMistake, Reason, Verdict
from tests.support.reports import (
    HOSTILE,
    Lang,
    make_check,
    make_eventful_report,
    make_report,
    plant_text,
    read_sample_report,
)

SGR = re.compile(r"\x1b\[[0-9;]*m")
COLOUR = re.compile(r"\x1b\[(?:[0-9]+;)*(?:3[0-9]|4[0-9]|9[0-7])(?:;[0-9]+)*m")
corpus = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
langs = pytest.mark.parametrize("lang", ["fr", "en"])


def printed(shown: Report, *, width: int = 80, colours: bool = False, no_color: bool = False) -> str:
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=colours,
        no_color=no_color,
        color_system="truecolor" if colours else None,
        highlight=False,
        emoji=False,
    )
    console.print(render_terminal(shown))
    return file.getvalue()


def encoded(shown: Report, encoding: str) -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
    Console(file=file, width=80, highlight=False, emoji=False).print(render_terminal(shown))
    file.flush()
    file.seek(0)
    return file.read()


def position(text: str, *parts: str) -> list[int]:
    return [text.index(part) for part in parts]


@corpus
def test_hostile_text_leaves_no_control_byte(text: str) -> None:
    output = printed(plant_text(make_eventful_report(), text))

    assert output.replace("\n", "").isprintable()


@corpus
def test_with_colours_only_richs_own_remain(text: str) -> None:
    output = printed(plant_text(make_eventful_report(), text), colours=True)

    assert SGR.sub("", output).replace("\n", "").isprintable()


@corpus
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_hostile_text_never_breaks_an_encoding(text: str, encoding: str) -> None:
    assert encoded(plant_text(make_eventful_report("fr"), text), encoding)


def test_no_line_is_longer_than_eyes_follow() -> None:
    long = make_check(
        "long", Verdict.FAILED, diagnosis=NamedMistake(code="ST-01", name="", message="word " * 99)
    )
    assert max(map(cell_len, printed(make_report(long), width=300).splitlines())) <= MAX_WIDTH


@langs
@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(lang: Lang, width: int) -> None:
    output = printed(make_eventful_report(lang), width=width)

    assert max(cell_len(line) for line in output.splitlines()) <= width


def test_markup_of_data_is_shown_and_not_obeyed() -> None:
    output = printed(plant_text(make_eventful_report(), "[red]:skull:[/red]"), width=200)

    assert "[red]:skull:[/red]" in output


def test_the_engine_comes_first() -> None:
    assert printed(read_sample_report("two-mistakes")).startswith(
        "Moteur : unix:///var/run/docker.sock — Docker 20.10"
    )


def test_each_check_has_a_sign_a_word_and_its_points() -> None:
    output = printed(read_sample_report("two-mistakes"))

    assert "✓ réussi Le conteneur webservers (nginx) tourne     1/1" in output
    assert "✗ échoué Le conteneur dbserver (postgres) tourne    0/1" in output
    assert "⊘ bloqué dbserver accepte les connexions PostgreSQL 0/2" in output


def test_a_failure_is_explained_by_mistake_then_evidence_then_hint() -> None:
    output = printed(read_sample_report("two-mistakes"), width=200)

    places = position(
        output, "À corriger", "[ST-01]", "État du conteneur : arrêté (exited) ; demandé", "Piste : Le journal"
    )
    assert places == sorted(places)


def test_failures_come_in_the_order_of_the_lab_and_before_what_they_hold_up() -> None:
    output = printed(
        make_report(
            make_check("other", Verdict.FAILED),
            make_check("late", Verdict.BLOCKED, blocked_by=["cause"]),
            make_check("cause", Verdict.FAILED),
        )
    )
    below = output.partition("To fix")[2]
    places = position(
        below, "Title of other", "Title of cause", "Title of late", "Waits for “Title of cause”"
    )

    assert places == sorted(places)


def test_undecided_points_make_the_total_a_range() -> None:
    output = printed(
        make_report(make_check(points=5), make_check("dark", Verdict.UNKNOWN, reason=Reason(code="deadline")))
    )

    assert "Total: 5\N{EN DASH}7/7 (undecided points: 2)" in output
    assert "? undecided Title of dark ?/2" in output
    assert "The engine did not answer this question in time." in output


def test_remarks_are_told_although_the_check_passed() -> None:
    output = printed(make_eventful_report())

    assert "Worth knowing" in output
    assert "The mistake. [ST-01]" in output


def test_all_passed_needs_no_advice() -> None:
    output = printed(read_sample_report("all-passed"))

    assert "À corriger" not in output
    assert "Total : 10/10" in output
    assert "Tout est réussi : ce TP est terminé." in output


def test_a_report_of_no_check_is_printed() -> None:
    assert "Total: 0/0" in printed(make_report())


def test_without_a_terminal_no_escape_is_written() -> None:
    assert "\x1b" not in printed(make_eventful_report())


def test_no_color_writes_no_colour() -> None:
    assert COLOUR.search(printed(make_eventful_report(), colours=True))
    assert not COLOUR.search(printed(make_eventful_report(), colours=True, no_color=True))


@langs
def test_ascii_is_readable(lang: Lang) -> None:
    output = encoded(make_eventful_report(lang), "ascii")

    assert "\\" not in output
    assert "x echoue" in output or "x failed" in output


def test_no_line_ends_in_spaces() -> None:
    assert not re.search(r" $", printed(make_eventful_report(), width=40), re.MULTILINE)


@pytest.mark.parametrize("width", range(38, 60))
def test_french_signs_never_start_a_line(width: int) -> None:
    assert not re.search(
        r"^\s*[:;!»](?!\S)", printed(read_sample_report("two-mistakes"), width=width), re.MULTILINE
    )
