"""What Prometheus means when it refuses a file: hundreds of damaged ones, in the words of both versions."""

import base64
import json
import re
from typing import Any

import pytest

from dckgrade.probes.monitoring.config_refusal import KEYS, Refusal, explain_refusal
from dckgrade.probes.monitoring.prometheus_log import unescape
from dckgrade.probes.monitoring.yaml_layout import find_fault_near, find_wrong_indentation, split_lines
from tests.support.monitoring import ANSWERS, VERSIONS

Case = dict[str, Any]
NAMED: dict[str, Case] = json.loads((ANSWERS / "refusals.json").read_text(encoding="utf-8"))
RANDOM: dict[str, Case] = json.loads((ANSWERS / "refusals-of-random-damage.json").read_text(encoding="utf-8"))
LESS_WITHOUT_A_FILE = {"other", "bare-value", "no-elements", "not-a-list", "list-behind-its-key"}
"""What the words alone may be taken for: true as well, and less."""
PROBLEMS_BY_EDIT = {
    "tab": {"tab"},
    "colonspace": {"no-space-after-colon"},
    "dashspace": {"no-space-after-dash"},
    "nocolon": {"no-colon", "bare-value"},
    "nodash": {"indentation", "misplaced-key", "no-elements", "not-a-list"},
    "indent": {"indentation", "misplaced-key"},
    "quote": {"open-quote"},
    "bracket": {"open-bracket", "not-a-list"},
    "dupline": {"key-twice", "job-twice"},
    "swap": {"indentation", "misplaced-key"},
    "smart": {"lookalike", "open-quote"},
    "num": {"no-duration"},
    "word": {"unknown-key"},
    "joinline": {"second-colon", "list-behind-its-key", "indentation"},
    "junk": {"no-colon", "code-fence", "lookalike"},
}
"""Which problems an edit of that name makes."""


def read_case(case: Case) -> bytes:
    return base64.b64decode(case["base64"]) if "base64" in case else case["file"].encode()


def explain(case: Case, version: str, content: bytes | None) -> Refusal | None:
    """Explain a recorded error; None where that version loaded the file."""
    if case[version] is None:
        return None
    error = re.sub(r"^parsing YAML file \S+: ", "", unescape(case[version]))
    return explain_refusal(error, content)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_damaged_file_is_called_by_its_fault(version: str) -> None:
    found = {name: explain(case, version, read_case(case)) for name, case in NAMED.items()}
    refused = {
        name: [refusal.problem, refusal.line, refusal.about] for name, refusal in found.items() if refusal
    }
    expected = {name: NAMED[name]["means"] for name in refused}
    if version != VERSIONS[0]:
        # Prometheus 3 knows this key, and does not know its value.
        expected["scrape-protocols"] = ["other", None, None]
    assert refused == expected
    assert len(refused) > 200


@pytest.mark.parametrize("version", VERSIONS)
def test_without_the_file_nothing_else_is_said(version: str) -> None:
    found = {name: explain(case, version, None) for name, case in NAMED.items()}
    assert {
        name: refusal.problem
        for name, refusal in found.items()
        if refusal and refusal.problem not in LESS_WITHOUT_A_FILE | {NAMED[name]["means"][0]}
    } == {}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("edit", PROBLEMS_BY_EDIT)
def test_a_random_edit_is_called_by_what_it_did_or_by_nothing(edit: str, version: str) -> None:
    cases = [case for name, case in RANDOM.items() if name.startswith(f"{edit}-")]
    found = [refusal.problem for case in cases if (refusal := explain(case, version, read_case(case)))]
    assert found
    assert set(found) <= PROBLEMS_BY_EDIT[edit] | {"other"}


def test_few_random_edits_are_called_by_nothing() -> None:
    """Those are quoted; a bound on what is left to that."""
    found = [explain(case, VERSIONS[0], read_case(case)) for case in RANDOM.values()]
    refused = [refusal for refusal in found if refusal]
    assert len([refusal for refusal in refused if refusal.problem == "other"]) < len(refused) / 20


def test_a_file_that_prometheus_loads_has_no_wrong_indentation() -> None:
    loaded = [name for name, case in NAMED.items() if case["means"] is None and "file" in case]
    wrong = {name: find_wrong_indentation(split_lines(NAMED[name]["file"]), range(1, 99)) for name in loaded}
    # go-yaml takes the rest of this one for another document, and leaves it out.
    assert [name for name, fault in wrong.items() if fault] == ["indent-first-line"]


def test_a_list_in_brackets_may_span_lines() -> None:
    lines = split_lines("a:\n  targets: [\n    'x:1',\n  ]\nb: *c\n")
    assert find_fault_near(lines, 3, KEYS) is None


def test_a_file_of_another_time_is_no_trouble() -> None:
    """It may have fewer lines than the one that was refused."""
    error = "yaml: line 40: found character that cannot start any token"
    assert explain_refusal(error, b"a: b\n") == Refusal("other", 40)
    assert explain_refusal("yaml: line 9: block sequence entries are not allowed in this context", b"") == (
        Refusal("list-behind-its-key", 9)
    )
