"""A demand or a fact's value, as data → the few words that say it in a sentence."""

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
    "resembles": N_("something like {}, misspelt"),
    "at-least": N_("at least {}"),
    "at-most": N_("at most {}"),
    "every": N_("all of them: {}"),
    "any": N_("at least one of them: {}"),
    "count": N_("as many as: {}"),
    "where": "{}",
}


def describe_wanted(demand: Any, _: Translate) -> str:
    """Say what was wanted, as a noun."""
    if not isinstance(demand, dict):
        return describe_value(demand, _)
    return _(" and ").join(describe_matcher(name, inner, _) for name, inner in demand.items())


def describe_matcher(name: str, inner: Any, _: Translate) -> str:
    """Say one demand."""
    match name, inner:
        case "present", bool():
            return _("a value") if inner else _("no value")
        case "one-of", list():
            said = join_alternatives([describe_value(choice, _) for choice in inner], _)
        case "where", dict():
            said = ", ".join(
                f"{sanitize_line(field, MAX_VALUE_CHARS)} = {describe_wanted(wanted, _)}"
                for field, wanted in inner.items()
            )
        case (("not" | "every" | "any" | "count"), _inner):
            said = describe_wanted(inner, _)
        case _:
            said = describe_value(inner, _)
    return _(MATCHER_PHRASES.get(name, "{}")).format(said)


def join_alternatives(choices: Sequence[str], _: Translate) -> str:
    """Join *choices* by commas and a last “or”."""
    *first, last = choices or [""]
    return _("{first} or {last}").format(first=", ".join(first), last=last) if first else last


def describe_value(found: Any, _: Translate) -> str:
    """Say a fact's value, short; nothing is called nothing."""
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
    """Say a text: a single word stays bare."""
    if not text:
        return _("an empty text")
    shown = sanitize_line(text, MAX_VALUE_CHARS)
    return _("“{text}”").format(text=shown) if any(map(str.isspace, text)) else shown


def format_lab_value(found: Any) -> str:
    """Write a list or a mapping as a lab would."""
    match found:
        case list():
            return ", ".join(format_lab_value(item) for item in found)
        case dict():
            return "{" + ", ".join(f"{name}: {format_lab_value(item)}" for name, item in found.items()) + "}"
        case str():
            return found
        case _:
            return json.dumps(found)
