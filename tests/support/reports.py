"""Build reports around what a test is about, and reports full of hostile text."""

from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from dckgrade.report import codec
from dckgrade.report.observation import (
    Absent,
    EngineInfo,
    Observation,
    Seen,
    Unobservable,
    UnobservableReason,
)
from dckgrade.report.report import LabRef, Report
from dckgrade.report.result import CheckResult, Mismatch, NamedMistake, Quotation, Reason, Verdict, sum_points

Lang = Literal["fr", "en"]
ENGINE = EngineInfo(endpoint="unix:///var/run/docker.sock", version="28.5.2", api="1.51")

HOSTILE = {
    "nothing": "",
    "escape": "\x1b",
    "clear screen": "\x1b[2J\x1b[H",
    "green PASSED": "\x1b[32mPASSED\x1b[0m",
    "window title": "\x1b]0;owned\x07",
    "clickable link": "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;cm0gLXJmIC8=\x07",
    "device query": "\x1b[6n\x1bP$qm\x1b\\",
    "8-bit CSI": "\x9b31mred",
    "8-bit OSC": "\x9d0;owned\x9c",
    "next line": "a\x85b",
    "nul": "a\x00b",
    "bell": "\x07\x07",
    "carriage return": "failed\rpassed",
    "backspaces": "failed\b\b\b\b\b\bpassed",
    "vertical tab and form feed": "a\x0bb\x0cc",
    "shift out": "\x0eabc\x0f",
    "delete": "a\x7fb",
    "tab": "a\tb",
    "line feed": "a\nb\n\nc",
    "carriage return and line feed": "a\r\nb",
    "line and paragraph separators": "a\u2028b\u2029c",
    "right-to-left override": "abc\u202egnp.exe",
    "bidi isolates": "\u2066a\u2067b\u2068c\u2069",
    "bidi marks": "\u200ea\u200fb\u061cc",
    "zero width": "pass\u200bed\u200c\u200d\u2060",
    "byte order mark": "\ufeffabc",
    "soft hyphen": "pass\xaded",
    "tag characters": "a\U000e0041\U000e0042",
    "hangul filler": "\u3164\u115f",
    "variation selectors": "a\ufe0f\ufe0e",
    "high surrogate": "a\ud800b",
    "low surrogate": "\udc80",
    "unassigned": "\U000effff\uffff",
    "private use": "a\ue000b",
    "many accents": "a" + "\u0301" * 5000,
    "script": "<script>alert(1)</script>",
    "closed style": "</style><script>alert(1)</script>",
    "closed title": "</title><img src=x onerror=alert(1)>",
    "closed pre": "</pre></details></main><h1>10/10</h1>",
    "svg": '<svg onload="alert(1)"></svg>',
    "quotes": "\" onmouseover=alert(1) x='",
    "javascript": "javascript:alert(1)",
    "entity": "&lt;script&gt;&#x1b;&amp;",
    "comment": "<!--",
    "cdata": "<![CDATA[x]]>",
    "meta refresh": '<meta http-equiv="refresh" content="0;url=http://evil.example">',
    "css": "}*{display:none}</style>",
    "rich colour": "[red]PASSED[/red]",
    "rich closing": "[/]",
    "rich link": "[link=http://evil.example]x[/link]",
    "rich emoji": ":skull: [blink]",
    "jinja": "{{ 7*7 }}{% for x in y %}",
    "format": "{0} {found} {} {label!r:>999999}",
    "percent": "%s %(x)s %n",
    "backticks": "`a` `b",
    "github command": "%0A::error::x",
    "github command that begins": "::error file=x::y",
    "github command in capitals": "  ::Add-Mask::1",
    "github command behind a long word": "x" * 73 + " ::stop-commands::y " + "z" * 79 + "::set-env name=a::b",
    "github command in wide signs": "\uff1a\uff1aerror::x \uff03\uff03[error]x",
    "github command of old": "x ##[error]y",
    "azure command": "##vso[task.setvariable variable=a]b",
    "teamcity command": "###teamcity[buildStop]",
    "formula": "=cmd|' /C calc'!A0",
    "formula behind a space": " =1+1",
    "formula behind a semicolon": "x;=1+1",
    "formula behind a comma and a space": "x, @SUM(A1)",
    "formula behind quotes": 'x;"=1+1";y',
    "formula of wide signs": "\uff1d1\uff0b1",
    "a megabyte": "x" * 1_000_000,
    "a megabyte of escapes": "\x1b" * 1_000_000,
    "a megabyte of lines": "\n" * 1_000_000,
    "wide": "漢字" * 200,
}


def read_sample_report(name: Literal["two-mistakes", "all-passed"]) -> Report:
    """Read a report that a real engine gave."""
    return codec.from_json(
        (Path(__file__).parents[1] / "answers" / "reports" / f"{name}.json").read_bytes(), name
    )


def make_check(
    id_: str = "runs", verdict: Verdict = Verdict.PASSED, points: int = 2, **more: Any
) -> CheckResult:
    """Make one check."""
    earned = points if verdict is Verdict.PASSED else 0
    return CheckResult(id=id_, title=f"Title of {id_}", points=points, earned=earned, verdict=verdict, **more)


def make_report(*checks: CheckResult, lang: Lang = "en", **more: Any) -> Report:
    """Put *checks* into a report."""
    observations: dict[str, Observation] = more.pop("observations", {})
    return Report(
        dckgrade="0.1.0",
        lang=lang,
        lab=LabRef(id="tp9", title="A lab", digest="sha256:00"),
        engine=more.pop("engine", ENGINE),
        started_at="2026-01-01T10:00:00Z",
        duration_ms=1500,
        complete=more.pop("complete", True),
        score=sum_points(list(checks)),
        checks=list(checks),
        observations=observations,
        **more,
    )


def make_eventful_report(lang: Lang = "en") -> Report:
    """Make a report in which everything occurs that a report can hold."""
    named = NamedMistake(code="ST-01", name="a-mistake", message="The mistake.", hint="Look there.")
    quotation = Quotation(program="nginx", text='unknown directive "listne"', place="docker logs db")
    quoted = replace(named, quotation=quotation)
    facts = {"name": "db", "log_tail": "one\ntwo", "list": ["a"], "map": {"k": "v"}}
    seen = Seen(kind="container", facts=facts)
    gone, dark = (
        Absent(kind="network"),
        Unobservable(kind="http", why=UnobservableReason.DEADLINE, detail="slow"),
    )
    late = Reason(code="deadline", detail="slow")
    misses = [Mismatch("name", {"matches": "^a"}, "db"), Mismatch("x", {"where": {"k": "v"}}, {"k": "w"})]
    return make_report(
        make_check("passes", remarks=[named], observations=["container a"]),
        make_check("fails", Verdict.FAILED, misses=misses, diagnosis=quoted, observations=["container a"]),
        make_check("waits", Verdict.BLOCKED, blocked_by=["fails"], observations=["network b"]),
        make_check("dark", Verdict.UNKNOWN, reason=late, observations=["http c"]),
        make_check("odd", Verdict.UNKNOWN, reason=Reason(code="new-code", detail="x"), observations=["gone"]),
        make_check("left", Verdict.SKIPPED, reason=Reason(code="not-chosen")),
        lang=lang,
        trainee="Ada",
        complete=False,
        observations={"container a": seen, "network b": gone, "http c": dark},
        engine=EngineInfo(endpoint="tcp://e:2375", version="28", api="1.51", rootless=True, id="i", name="n"),
    )


def plant_text(into: Report, text: str) -> Report:
    """Put *text* into every field of *into* that holds any text, names of facts and observations too."""
    return msgspec.convert(replace_texts(msgspec.to_builtins(into), text), Report)


def replace_texts(value: Any, text: str) -> Any:
    """Replace every text but those that only a few words fit into."""
    fixed = {"schema", "lang", "verdict", "state", "why"}
    match value:
        case dict():
            return {
                name if is_field(name) else name + text: inner
                if name in fixed
                else replace_texts(inner, text)
                for name, inner in value.items()
            }
        case list():
            return [replace_texts(inner, text) for inner in value]
        case str():
            # The references to observations must still lead somewhere.
            return value + text if value in {"container a", "network b", "http c"} else text
        case _:
            return value


def is_field(name: str) -> bool:
    """Say whether *name* is the format's own: those of observations and facts are anybody's."""
    return " " not in name and name not in {"log_tail", "list", "map", "k", "equals", "where"}
