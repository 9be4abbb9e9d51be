"""Each mistake that an author can make: what is said of it, at which line and column."""

import pytest

from dckgrade.lab.problem import MAX_PROBLEM_VALUE_CHARS
from dckgrade.probes.registry import load_kinds
from tests.support.sample_lab import SAMPLE, changed, list_problems

KIND_NAMES = ", ".join(sorted(str(probe.__struct_config__.tag) for probe in load_kinds()))

SHAPE = [
    ("    points: 1\n", "", ["6:5: needs `points`"]),
    (
        "    points: 1\n",
        "    ponits: 1\n",
        ["6:5: needs `points`", "8:5: unknown key `ponits`; did you mean `points`?"],
    ),
    ("points: 1\n", "points: one\n", ["8:13: should be a whole number, is “one”"]),
    ("points: 1\n", "points: 101\n", ["8:13: should be from 0 to 100, is 101"]),
    ("points: 1\n", "points: -1\n", ["8:13: should be from 0 to 100, is -1"]),
    ("points: 1\n", "points: true\n", ["8:13: should be a whole number, is true"]),
    ("points: 1\n", "points: 1.0\n", ["8:13: should be a whole number, is 1.0"]),
    ("points: 1\n", "points: [1]\n", ["8:13: should be a whole number, is […]"]),
    (
        "points: 1\n",
        "points:\n",
        ["8:12: nothing is written here; leave the key out, or quote the word if it is text"],
    ),
    ("version: 1", "version: 2", ["2:10: 2 is not one of: 1"]),
    ("id: sample", "id: Sample!", ["3:5: “Sample!” is not of the form ^[a-z0-9][a-z0-9_-]{0,31}$"]),
    ("{fr: Un, en: One}", "{fr: Un}", ["4:8: needs `en`"]),
    ("{fr: Un, en: One}", "{en: One}", ["4:8: needs `fr`"]),
    ("{fr: Un, en: One}", "One", ["4:8: should be a mapping, is “One”"]),
    ("en: One", "en: ''", ["4:21: is empty"]),
    ("en: One", f"en: {'x' * 601}", ["4:21: too long: 601, at most 600"]),
    (
        "kind: http,",
        "kind: htpt,",
        [f"32:21: “htpt” is not one of: {KIND_NAMES[:MAX_PROBLEM_VALUE_CHARS]}…; did you mean `http`?"],
    ),
    ("kind: http, ", "", ["32:14: needs `kind`"]),
    ("{kind: http, container: web1}", "http", ["32:14: should be a mapping, is “http”"]),
    ("requires: [web]", "requires: web", ["31:15: should be a list, is “web”"]),
    ("when: absent", "when: absnt", ["22:15: “absnt” is not one of: absent; did you mean `absent`?"]),
    ("when: absent", "when: []", ["22:15: is empty"]),
    ("when: absent", "when: {}", ["22:15: is empty"]),
    (
        "{at-least: 200, at-most: 299}",
        "{at-least: x}",
        ["33:53: should be a whole number / a number, is “x”"],
    ),
    (
        "{at-least: 200, at-most: 299}",
        "{at-leest: 200}",
        ["33:43: unknown key `at-leest`; did you mean `at-least`?"],
    ),
    ("{one-of: [running, paused]}", "{one-of: []}", ["39:31: is empty"]),
    ("{one-of: [running, paused]}", "{one-of: running}", ["39:31: should be a list, is “running”"]),
    (
        "{one-of: [running, paused]}",
        "[running]",
        ["39:22: should be a mapping / text / a whole number / a number / true or false, is […]"],
    ),
    ("within: 20s", "within: 20", ["34:13: should be text, is 20"]),
    ("within: 20s", "within: 0s", ["34:13: “0s” is not of the form ^[1-9][0-9]{0,3}(ms|s|m)$"]),
    ("name: web2", "name: w", ["38:38: “w” is not of the form ^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,62}$"]),
    ("image: nginx", "image: a/nginx", ["9:51: “a/nginx” is not of the form ^[a-z0-9][a-z0-9._-]*$"]),
    ("http, container: web1", "http, port: 0, container: web1", ["32:33: should be from 1 to 65535, is 0"]),
    ("http, container: web1", "http, path: x, container: web1", ["32:33: “x” is not of the form ^/[!-~]*$"]),
    ("matches: ^/data", "matches: ''", ["13:66: is empty"]),
    ("{text: {not: {contains: bye}}}", "{text: {resembles: bye}}", ["25:38: too short: 3, at least 4"]),
]

STATES = "created, dead, exited, paused, removing, restarting, running"
TEXT_NOT_3 = "the fact is text, and never equals 3"

SEMANTICS = [
    ("id: sample", "id: other", ["3:5: the file is called sample.yaml, the lab other"]),
    (
        "id: sample",
        "id: lint",
        ["3:5: the file is called sample.yaml, the lab lint", "3:5: `lint` is the name of a command"],
    ),
    ("[web]", "[wep]", ["31:16: no check is called `wep`; did you mean `web`?"]),
    ("[web]", "[page]", ["31:16: a check cannot require itself"]),
    (
        "    points: 1\n",
        "    points: 1\n    requires: [page]\n",
        ["9:16: these checks wait for one another: web → page → web"],
    ),
    (
        "id: page",
        "id: web",
        ["28:9: another check is called `web` too", "31:16: a check cannot require itself"],
    ),
    ("status: running", "staus: running", ["11:7: unknown fact `staus`; did you mean `status`?"]),
    (
        "    points: 1\n",
        "    points: 1\n    settled-by: [{observe: {kind: container, name: web}, when: {staus: dead}}]\n",
        ["9:65: unknown fact `staus`; did you mean `status`?"],
    ),
    ("{text: {not", "{zzz: {not", ["25:20: unknown fact `zzz`; there are text"]),
    (
        "status: running",
        "status: runing",
        [f"11:15: “runing” is not one of: {STATES}; did you mean `running`?"],
    ),
    ("[running, paused]", "[running, zzz]", [f"39:41: “zzz” is not one of: {STATES}"]),
    ("status: running", "status: 3", [f"11:15: {TEXT_NOT_3}"]),
    ("status: running", "status: {equals: 3}", [f"11:24: {TEXT_NOT_3}"]),
    ("status: running", "status: {not: 3}", [f"11:21: {TEXT_NOT_3}"]),
    ("exit_code: 0", "exit_code: '0'", ["12:18: the fact is a number, and never equals “0”"]),
    ("exit_code: 0", "oom_killed: 0", ["12:19: the fact is true or false, and never equals 0"]),
    ("exit_code: 0", "exit_code: {}", ["12:18: is empty, and so demands nothing"]),
    ("exit_code: 0", "exit_code: {not: {}}", ["12:24: is empty, and so demands nothing"]),
    ("exit_code: 0", "exit_code: {matches: x}", ["12:19: `matches` makes no sense for a number"]),
    ("exit_code: 0", "exit_code: {resembles: nginx}", ["12:19: `resembles` makes no sense for a number"]),
    ("exit_code: 0", "exit_code: {contains: 1}", ["12:19: `contains` makes no sense for a number"]),
    ("exit_code: 0", "exit_code: {count: 1}", ["12:19: `count` makes no sense for a number"]),
    (
        "exit_code: 0",
        "exit_code: {at-least: 3, at-most: 2}",
        ["12:18: nothing is both at least 3 and at most 2"],
    ),
    (
        "exit_code: 0",
        "exit_code: {present: false, equals: 1}",
        ["12:18: nothing can be demanded of a fact that is not present"],
    ),
    ("named: true,", "naned: true,", ["13:30: unknown fact `naned`; did you mean `named`?"]),
    (
        "where: {named: true, destination: {matches: ^/data}}",
        "contains: x",
        ["13:22: `contains` makes no sense for a mapping"],
    ),
    (
        "{any: {where: {named: true, destination: {matches: ^/data}}}}",
        "{where: {named: true}}",
        ["13:16: `where` makes no sense for a list"],
    ),
    ("count: 1", "count: some", ["39:68: the fact is a number, and never equals “some”"]),
    ("count: 1", "every: {at-least: 1}", ["39:69: `at-least` makes no sense for text"]),
    ("contains: x", "contains: 1", ["39:81: the fact is text, and never equals 1"]),
    ("contains: bye", "contains: true", ["25:43: the fact is text, and never equals true"]),
    ("^/data", "^(/data", ["13:66: not a regular expression: ^(/data"]),
    (
        "^/data",
        "(a+)+$",
        ["13:66: this could take too long; give each repeat a limit, such as .{0,200}: (a+)+$"],
    ),
    ("^/data", ".*", ["13:66: matches every text, and so demands nothing: .*"]),
    (
        "when: {status: paused}",
        "when: [{status: paused}, {status: dead, exit_code: {}}]",
        ["17:60: is empty, and so demands nothing"],
    ),
    ("{name} dort", "{nam} dort", ["18:23: unknown fact `nam`; did you mean `name`?"]),
    ("{name} sleeps", "{nam} sleeps", ["18:42: unknown fact `nam`; did you mean `name`?"]),
    ("fr: Rien", "fr: '{name}'", ["26:23: unknown fact `name`; there are text"]),
    ("name: gone", "name: paused", ["21:15: another mistake is called `paused` too"]),
    (
        "code: AB-02",
        "code: AB-01",
        ["20:15: AB-01 is already written in full; `code` alone refers to it"],
    ),
    ("        name: paused\n", "", ["15:9: needs `name`"]),
    ("        hint: {fr: Regardez, en: Look}\n", "", ["15:9: needs `hint`"]),
    ("        when: absent\n", "", ["20:9: needs `when`"]),
    ("        message: {fr: Rien, en: Nothing}\n", "", ["20:9: needs `message`"]),
]


@pytest.mark.parametrize(("old", "new", "expected"), [*SHAPE, *SEMANTICS])
def test_a_mistake_is_named_at_its_line_and_column(old: str, new: str, expected: list[str]) -> None:
    assert list_problems(changed(old, new)) == expected


def test_the_sample_itself_is_sound() -> None:
    assert list_problems(SAMPLE) == []


def test_words_may_speak_of_what_was_looked_at_further_and_of_what_is_absent_alone_nothing_can_be_said() -> (
    None
):
    assert list_problems(changed("fr: Rien", "fr: 'Le journal dit {text}'")) == []
    further = SAMPLE[SAMPLE.index("        also:") : SAMPLE.index("        message: {fr: Rien")]
    alone = changed(further, "", changed("fr: Rien", "fr: '{name}'"))
    assert list_problems(alone) == ["23:23: what is absent has no fact `name`"]


def test_a_diagnosis_quotes_only_what_is_observed() -> None:
    assert list_problems(
        changed("        message: {fr: Rien", "        quotes: true\n        message: {fr: Rien")
    ) == ["26:17: nothing that is observed here has the facts `program`, `text` and `place`"]


def test_a_kind_that_is_no_word_is_no_crash() -> None:
    for value in ("[http]", "{a: b}", "3", "true"):
        assert list_problems(changed("kind: http,", f"kind: {value},"))[0].startswith("32:21: "), value


def test_a_lab_without_checks_is_refused() -> None:
    assert list_problems("version: 1\nid: sample\ntitle: {fr: a, en: b}\nchecks: []\n") == ["4:9: is empty"]


def test_a_lab_that_gives_no_points_is_refused() -> None:
    text = changed("points: 2", "points: 0", changed("points: 1", "points: 0"))
    assert list_problems(text) == ["6:3: no check is worth a point"]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("{code: AB-03}", "41:16: no mistake has the code AB-03; did you mean `AB-02`?"),
        ("{code: AB-01, blocks: false}", "41:9: needs `message`"),
        ("{code: AB-01, transient: true}", "41:9: needs `message`"),
        ("{code: AB-01, hint: {fr: a, en: b}}", "41:9: needs `message`"),
    ],
)
def test_a_reference_is_a_known_code_and_nothing_else(reference: str, expected: str) -> None:
    text = SAMPLE.removesuffix("code: AB-01\n") + reference + "\n"
    assert list_problems(text) == [expected]


def test_a_reference_from_another_kind_of_check_is_held_against_the_facts_of_that_kind() -> None:
    text = changed("kind: container, name: web2", "kind: container-log, container: web2")
    text = changed(
        "{status: {one-of: [running, paused]}, command: {count: 1, contains: x}}", "{text: x}", text
    )
    there_are = "there are text"
    assert list_problems(text) == [
        f"41:9: unknown fact `status`; {there_are}",
        f"41:9: unknown fact `name`; {there_are}",
        f"41:9: unknown fact `name`; {there_are}",
    ]


def test_every_circle_is_found_at_once() -> None:
    text = changed("    points: 1\n", "    points: 1\n    requires: [page, again]\n")
    text = changed("    points: 0\n", "    points: 0\n    requires: [web]\n", text)
    assert sorted(list_problems(text)) == [
        "9:16: these checks wait for one another: web → page → web",
        "9:22: these checks wait for one another: web → again → web",
    ]


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    text = changed("title: {fr: Un, en: One}", "title: {fr: Un}")
    text = changed("kind: http,", "kind: htpt,", text)
    text = changed("    points: 0\n", "    points: 0\n    points: 0\n    wthin: 1s\n", text)
    assert [line.partition(": ")[0] for line in list_problems(text)] == ["4:8", "32:21", "38:5", "39:5"]


def test_problems_are_said_in_french() -> None:
    from dckgrade.i18n import get_translator

    translate = get_translator("fr")
    expected = translate("should be {wanted}, is {found}").format(
        wanted=translate("a whole number"), found="“one”"
    )
    assert list_problems(changed("points: 1\n", "points: one\n"), "fr") == [f"8:13: {expected}"]


def test_a_file_full_of_mistakes_is_cut_to_what_somebody_reads() -> None:
    text = SAMPLE + "".join(f"unknown{number}: 1\n" for number in range(5000))
    assert len(list_problems(text)) == 100


def test_braces_that_are_no_fact_stay_what_they_are() -> None:
    assert list_problems(changed("fr: Regardez", "fr: 'docker ps --format {{.Names}} {X}'")) == []
