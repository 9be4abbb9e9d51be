"""Describe a matcher or a fact's value in a few words, to stand in a sentence."""

import json
from collections.abc import Sequence
from typing import Any

from dckgrade.i18n import N_, Translate
from dckgrade.render.text.sanitize import sanitize_line

MAX_VALUE_CHARS = 100
MATCHER_PHRASES = {
    "equals": "{}",
    "not": N_("anything but {}"),
    "one-of": "{}",
    "matches": N_("a text that matches {}"),
    "contains": N_("something that contains {}"),
    "same-as": N_("the same as {}"),
    "resembles": N_("something like {}, misspelt"),
    "at-least": N_("at least {}"),
    "at-most": N_("at most {}"),
    "every": N_("all of them: {}"),
    "any": N_("at least one of them: {}"),
    "count": N_("{} of them"),
    "where": "{}",
}


def describe_wanted(wanted: Any, _: Translate) -> str:
    """Describe what was wanted, as a noun."""
    if not isinstance(wanted, dict):
        return describe_value(wanted, _)
    return _(" and ").join(describe_matcher(name, inner, _) for name, inner in wanted.items())


def describe_matcher(name: str, inner: Any, _: Translate) -> str:
    """Describe one matcher."""
    match name, inner:
        case "present", bool():
            return _("a value") if inner else _("no value")
        case "one-of", list():
            text = join_alternatives([describe_value(choice, _) for choice in inner], _)
        case "where", dict():
            text = ", ".join(
                f"{sanitize_line(field, MAX_VALUE_CHARS)} = {describe_wanted(wanted, _)}"
                for field, wanted in inner.items()
            )
        case "same-as", {"fact": fact, "observe": dict() as observed}:
            text = sanitize_line(f"{fact} ({format_lab_value(list(observed.values()))})", MAX_VALUE_CHARS)
        case "not", {"any": {"not": wanted}}:
            return describe_matcher("every", wanted, _)
        case "count", 0:
            return _("none")
        case (("not" | "every" | "any" | "count"), _inner):
            text = describe_wanted(inner, _)
        case _:
            text = describe_value(inner, _)
    return _(MATCHER_PHRASES.get(name, "{}")).format(text)


def join_alternatives(choices: Sequence[str], _: Translate) -> str:
    """Join *choices* by commas and a last “or”."""
    *first, last = choices or [""]
    return _("{first} or {last}").format(first=", ".join(first), last=last) if first else last


def describe_value(found: Any, _: Translate) -> str:
    """Describe a fact's value, shortened; an empty value by words."""
    match found:
        case None:
            return _("no value")
        case bool():
            return _("yes") if found else _("no")
        case str():
            return quote_text(found, _)
        case list() | dict():
            return sanitize_line(format_lab_value(found), MAX_VALUE_CHARS) if found else _("an empty list")
        case _:
            return str(found)


def quote_text(text: str, _: Translate) -> str:
    """Quote a text; a single word stays bare."""
    if not text:
        return _("an empty text")
    visible = sanitize_line(text, MAX_VALUE_CHARS)
    return _("“{text}”").format(text=visible) if any(map(str.isspace, text)) else visible


def format_lab_value(found: Any) -> str:
    """Format a list or a mapping as a lab writes it."""
    match found:
        case list():
            return ", ".join(format_lab_value(item) for item in found)
        case dict():
            return "{" + ", ".join(f"{name}: {format_lab_value(item)}" for name, item in found.items()) + "}"
        case str():
            return found
        case _:
            return json.dumps(found)
