"""Say in the user's language what the parser of the command line refused, and how to go on."""

import re
from typing import Any

from dckgrade.cli.translated_help import translate_metavar
from dckgrade.i18n import N_, Lang, get_translator
from dckgrade.lab.problem import guess_nearest_word
from dckgrade.render.formats import FORMATS

PARSER_MESSAGES = {
    r"'(?P<value>.*)' is not one of (?P<known>.*)\.": N_("{value} is not one of: {known}."),
    r"'(?P<value>.*)' is not a valid int(?:eger)?(?: range)?\.": N_("{value} is not a whole number."),
    r"'(?P<value>.*)' is not a valid float(?: range)?\.": N_("{value} is not a number."),
    r"(?P<value>\S+) is not in the range (?P<known>.*)\.": N_("{value} is out of range: {known} is allowed."),
    r"'(?P<value>.*)' is not a valid boolean\..*": N_("{value} is neither true nor false."),
    r"\w+ '(?P<value>.*)' does not exist\.": N_("there is no {value}."),
    r"\w+ '(?P<value>.*)' is a directory\.": N_("{value} is a folder."),
    r"\w+ '(?P<value>.*)' is a file\.": N_("{value} is a file, not a folder."),
    r"\w+ '(?P<value>.*)' is not readable\.": N_("{value} may not be read."),
    r"\w+ '(?P<value>.*)' is not writable\.": N_("{value} may not be written to."),
    r"Got unexpected extra argument(?:s|\(s\))? \((?P<value>.*)\)": N_("Too many words: {value}."),
    r"Option '(?P<value>.*)' requires an argument\.": N_("{value} needs a value."),
    r"Option '(?P<value>.*)' does not take a value\.": N_("{value} takes no value."),
    r"Missing command\.": N_("The command is missing."),
}
"""What Typer's parser says (0.26 to 0.28; it translates none of it), as patterns."""
QUOTED = re.compile(r"'([^']*)'")
RANGE = re.compile(r"(?P<least>-?[\d.]+)<=x<=(?P<most>-?[\d.]+)")
LOWEST = re.compile(r"x>=(-?[\d.]+)")


def describe_usage_error(refused: Any, lang: Lang) -> list[str]:
    """Return the sentences that say what the parser refused, and how to go on."""
    _ = get_translator(lang)
    path = refused.ctx.command_path if refused.ctx else "dckgrade"
    return [
        describe_refusal(refused, lang),
        *suggest_file(refused, lang),
        _(N_("See all options: `{path} --help`.")).format(path=path),
    ]


def suggest_file(refused: Any, lang: Lang) -> list[str]:
    """Say how a report is written in a format that `--format` does not offer; nothing for anything else."""
    asked = re.match(r"'(\w+)' is not one of ", refused.message or "")
    if not asked or "--format" not in getattr(getattr(refused, "param", None), "opts", ()):
        return []
    suffix = f".{asked[1]}"
    if suffix not in {row.suffix for row in FORMATS}:
        return []
    return [get_translator(lang)(N_("For a file: -o report{suffix}.")).format(suffix=suffix)]


def describe_refusal(refused: Any, lang: Lang) -> str:
    """Return the sentence that says what the parser refused."""
    _ = get_translator(lang)
    param = getattr(refused, "param", None)
    name = get_param_name(param, lang) if param is not None else ""
    match type(refused).__name__:
        case "NoSuchOption":
            what = _(N_("There is no option {option}.")).format(option=refused.option_name)
            near = suggest_option(refused.ctx, refused.option_name)
            return f"{what} {_(N_('Did you mean {near}?')).format(near=near)}" if near else what
        case "MissingParameter" if param is not None:
            return _(N_("{name} is missing.")).format(name=name)
        case _other:
            what = translate_parser_message(refused.message, lang)
            return _(N_("{label}: {value}")).format(label=name, value=what) if name else what


def get_param_name(param: Any, lang: Lang) -> str:
    """Return what a user types for an option; what an argument is called in the help."""
    if param.param_type_name == "option":
        return " / ".join(param.opts)
    return translate_metavar(str(param.human_readable_name), get_translator(lang))


def translate_parser_message(message: str, lang: Lang) -> str:
    """Put a message of the parser into *lang*; one that is not known stays as it is."""
    for pattern, text in PARSER_MESSAGES.items():
        if found := re.fullmatch(pattern, message, re.DOTALL):
            values = {name: translate_values(value, lang) for name, value in found.groupdict().items()}
            return get_translator(lang)(text).format(**values)
    return message


def translate_values(written: str, lang: Lang) -> str:
    """Put a range of the parser's, such as 0<=x<=3, into *lang*; of quoted values leave the quotes out."""
    _ = get_translator(lang)
    if found := RANGE.fullmatch(written):
        return _(N_("{least} to {most}")).format(**found.groupdict())
    if found := LOWEST.fullmatch(written):
        return _(N_("at least {}")).format(found[1])
    return QUOTED.sub(r"\1", written)


def suggest_option(ctx: Any, option: str) -> str | None:
    """Return the option that was probably meant."""
    known = [word for param in ctx.command.get_params(ctx) for word in param.opts] if ctx else []
    return guess_nearest_word(option, [word for word in known if word.startswith("--")])
