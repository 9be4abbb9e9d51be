"""Describe a fact's value, or what a matcher wants of it, in a few words that stand in a sentence."""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from msgspec import Struct

from dckgrade.i18n import N_, Translate, get_plural_translator, get_translator
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.words import Unit, Value
from dckgrade.render.text.quantities import format_number, format_quantity
from dckgrade.render.text.sanitize import sanitize_line

MAX_VALUE_CHARS = 100
MAX_FIGURE = 10**18
"""A larger figure is nobody's size or time, and is shown as it is."""
MATCHER_PHRASES = {
    "not": N_("other than {}"),
    "contains": N_("something that contains {}"),
    "same-as": N_("the same as {}"),
    "resembles": N_("a misspelling of {}"),
    "at-least": N_("at least {}"),
    "at-most": N_("at most {}"),
    "every": N_("only {}"),
    "any": N_("at least one {}"),
}
LONG_ID_PATTERN = compile_lazily(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
"""An id of the engine, which `docker ps` shows by its first twelve digits."""
# Parts of a pattern that say where a text is found, and those that stand for one character.
START_PATTERN, END_PATTERN = re.compile(r"^(\^|\(\^\|[^()|]+\))"), re.compile(r"(\$|\([^()|]+\|\$\))$")
PLAIN_CHARACTER = re.compile(r"\\([.+*?()|^$])|\[(.)\]")
LITERAL = re.compile(r"[\w ./:@~=-]+")
RANGE = {"at-least", "at-most"}
RANGE_TOLERANCE = 0.01
"""Two bounds that are nearer than that, in proportion, mean what lies between them."""


class Speech(Struct, frozen=True, kw_only=True):
    """In which words one fact is told."""

    lang: str
    words: Mapping[Value, str] = {}
    """What its values are called."""
    unit: Unit | None = None
    of_list: bool = False
    """Whether the fact is a list, and the matchers inside are about its elements."""

    @property
    def translate(self) -> Translate:
        """The translation into its language."""
        return get_translator(self.lang)


def describe_wanted(wanted: Any, speech: Speech) -> str:
    """Describe what was wanted, as a noun."""
    if not isinstance(wanted, dict):
        return describe_value(wanted, speech)
    if len(wanted) > 1 and wanted.get("present") is True:
        wanted = {name: inner for name, inner in wanted.items() if name != "present"}
    match wanted:
        case {"at-least": int() | float() as least, "at-most": int() | float() as most} if (
            wanted.keys() == RANGE
        ):
            return describe_range(least, most, speech)
        case _:
            translate = speech.translate
            return translate(N_(" and ")).join(
                describe_matcher(name, inner, speech) for name, inner in wanted.items()
            )


def describe_range(least: float, most: float, speech: Speech) -> str:
    """Describe what lies between two bounds; as one number where they are close."""
    _ = speech.translate
    if 0 < most - least <= RANGE_TOLERANCE * most:
        return _(N_("about {}")).format(describe_number(round((least + most) / 2, 6), speech))
    return _(N_("{least} to {most}")).format(
        least=describe_number(least, speech), most=describe_number(most, speech)
    )


def describe_matcher(name: str, inner: Any, speech: Speech) -> str:  # noqa: PLR0911 - one answer a matcher
    """Describe one matcher."""
    _ = speech.translate
    match name, inner:
        case "present", bool():
            return _("a value") if inner else _("no value")
        case "one-of", list():
            choices = dict.fromkeys(describe_value(choice, speech) for choice in inner)
            return join_alternatives(list(choices), _)
        case "where", dict():
            return ", ".join(
                f"{sanitize_line(field, MAX_VALUE_CHARS)} = {describe_wanted(wanted, speech)}"
                for field, wanted in inner.items()
            )
        case "not", {"any": {"not": wanted}}:
            return describe_matcher("every", wanted, speech)
        case "not", {"every": {"not": wanted}}:
            return describe_matcher("any", wanted, speech)
        case "same-as", {"fact": fact, "observe": dict() as observed}:
            text = sanitize_line(f"{fact} ({format_lab_value(list(observed.values()))})", MAX_VALUE_CHARS)
            return _(MATCHER_PHRASES[name]).format(text)
        case _:
            return describe_comparison(name, inner, speech)


def describe_comparison(name: str, inner: Any, speech: Speech) -> str:
    """Describe a matcher that compares with one value, or applies another matcher to the elements."""
    _ = speech.translate
    match name, inner:
        case "matches", str():
            text = describe_pattern(inner, speech)
            return text if speech.of_list else _("a text {}").format(text)
        case "count", 0:
            return describe_value([], speech)
        case ("at-least", 1) if speech.unit in {"bytes", "nanoseconds"}:
            return _("more than zero")
        case "contains", _inner if speech.of_list:
            return describe_value(inner, speech)
        case _:
            return _(MATCHER_PHRASES.get(name, "{}")).format(describe_wanted(inner, speech))


def describe_pattern(pattern: str, speech: Speech) -> str:
    """Describe what a text that matches *pattern* is like, as a clause."""
    _ = speech.translate
    plain = read_plain_pattern(pattern)
    if plain is None:
        return _("that matches {}").format(quote_text(pattern, _))
    starts, text, ends = plain
    phrases = {
        (True, True): N_("that is {}"),
        (True, False): N_("that begins with {}"),
        (False, True): N_("that ends with {}"),
        (False, False): N_("that contains {}"),
    }
    return _(phrases[starts, ends]).format(quote_text(text, _))


def read_plain_pattern(pattern: str) -> tuple[bool, str, bool] | None:
    """
    Read a pattern that is a mere text: whether it is at the start, the text, whether it is at the end.

    None for any other pattern. `(^|/)` before it and `([.]|$)` behind it only set it apart from a longer
    word.
    """
    start, end = START_PATTERN.search(pattern), END_PATTERN.search(pattern)
    middle = pattern[start.end() if start else 0 : end.start() if end else len(pattern)]
    text = PLAIN_CHARACTER.sub(lambda found: found[1] or found[2], middle)
    undone = PLAIN_CHARACTER.sub("", middle)
    if not LITERAL.fullmatch(text) or any(sign in undone for sign in ".*+?()|[]{}\\^$"):
        return None
    return bool(start and start[0] == "^"), text, bool(end and end[0] == "$")


def is_plain(wanted: Any) -> bool:
    """Return whether what is wanted can be told to somebody who reads no patterns."""
    match wanted:
        case {"not": {"matches": _}}:
            return False
        case {"matches": str() as pattern}:
            return read_plain_pattern(pattern) is not None
        case dict():
            return all(is_plain(inner) for inner in wanted.values())
        case _:
            return True


def join_alternatives(choices: Sequence[str], _: Translate) -> str:
    """Join *choices* by commas and a last “or”."""
    *first, last = choices or [""]
    return _("{first} or {last}").format(first=", ".join(first), last=last) if first else last


def describe_cell(found: Any, speech: Speech) -> str:
    """Describe a fact's value in a table, where a dash stands for what has no value, nor words for that."""
    return "—" if found in (None, "") and found not in speech.words else describe_value(found, speech)


def describe_value(found: Any, speech: Speech) -> str:  # noqa: PLR0911 - one answer a type
    """Describe a fact's value, shortened; by its words where it has any, an empty value by words."""
    _ = speech.translate
    key = () if found == [] else found
    if (found is None or isinstance(found, int | str) or found == []) and key in speech.words:
        return _("yes") if found is True else _("no") if found is False else speech.words[key]
    match found:
        case None:
            return _("nothing")
        case bool():
            return _("yes") if found else _("no")
        case int() | float():
            return describe_number(found, speech)
        case str():
            return quote_text(found, _)
        case list() | dict() if found:
            return describe_elements(found, speech)
        case _:
            return _("none")


def describe_number(found: float, speech: Speech) -> str:
    """Describe a number, with its unit where it has one."""
    if speech.unit and -MAX_FIGURE < found < MAX_FIGURE:
        return format_quantity(found, speech.unit, speech.lang)
    return format_number(found, speech.lang)


def describe_elements(found: Any, speech: Speech) -> str:
    """Describe the elements of a list, or a mapping, shortened."""
    if isinstance(found, dict):
        return sanitize_line(format_lab_value(found), MAX_VALUE_CHARS)
    named = [speech.words.get(item, item) if isinstance(item, int | str) else item for item in found]
    shown = [sanitize_line(shorten_ids(format_lab_value(item)), MAX_VALUE_CHARS) for item in named]
    kept = [
        text
        for text, length in zip(shown, accumulate(map(len, shown)), strict=True)
        if length <= MAX_VALUE_CHARS
    ]
    text = ", ".join(kept or shown[:1])
    if (left_out := len(shown) - len(kept or shown[:1])) == 0:
        return text
    ngettext = get_plural_translator(speech.lang)
    more = ngettext("{count} other", "{count} others", left_out).format(count=left_out)
    return speech.translate(N_("{first} and {last}")).format(first=text, last=more)


def quote_text(text: str, _: Translate) -> str:
    """Quote a text; a single word stays bare."""
    if not text:
        return _("empty")
    visible = sanitize_line(shorten_ids(text), MAX_VALUE_CHARS)
    return _("“{text}”").format(text=visible) if any(map(str.isspace, text)) else visible


def shorten_ids(text: str) -> str:
    """Shorten ids of the engine as `docker ps` does."""
    return LONG_ID_PATTERN.sub(r"\1", text)


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
