"""Format numbers, and figures with their unit, as people of a language write them."""

from dckgrade.i18n import N_, get_plural_translator, get_translator
from dckgrade.probes.words import Unit

Number = int | float

BINARY_UNITS = {1024**3: N_("{} GiB"), 1024**2: N_("{} MiB"), 1024: N_("{} KiB")}
DECIMAL_UNITS = {10**9: N_("{} GB"), 10**6: N_("{} MB"), 10**3: N_("{} kB")}
NANOSECONDS_A_SECOND = 10**9
SIGNIFICANT_DIGITS = 3
MAX_WHOLE = 10_000
"""A longer number is rounded in a larger unit instead."""
MAX_GROUPED_DIGITS = 15


def format_number(number: Number, lang: str) -> str:
    """Format a number with the decimal sign of *lang*; 1.0 as 1."""
    if isinstance(number, float) and number.is_integer() and abs(number) < 10**MAX_GROUPED_DIGITS:
        number = int(number)
    return str(number).replace(".", "," if lang == "fr" else ".")


def format_quantity(number: Number, unit: Unit, lang: str) -> str:
    """Format a figure with its *unit*, to three digits where it is long."""
    match unit:
        case "bytes":
            return format_bytes(number, lang)
        case "KiB":
            return format_bytes(number * 1024, lang)
        case "seconds":
            return get_translator(lang)(N_("{} s")).format(format_number(number, lang))
        case "nanoseconds":
            return format_quantity(round_digits(number / NANOSECONDS_A_SECOND), "seconds", lang)
        case "days":
            ngettext = get_plural_translator(lang)
            return ngettext("{} day", "{} days", int(number)).format(format_number(number, lang))


def format_bytes(number: Number, lang: str) -> str:
    """Format a size in the unit in which it is a whole number; else in a decimal one, to three digits."""
    translate = get_translator(lang)
    for units in (BINARY_UNITS, DECIMAL_UNITS):
        for size, unit in units.items():
            if number and number % size == 0 and number // size < MAX_WHOLE:
                return translate(unit).format(format_number(number // size, lang))
    for size, unit in DECIMAL_UNITS.items():
        if number >= size:
            return translate(unit).format(format_number(round_digits(number / size), lang))
    ngettext = get_plural_translator(lang)
    return ngettext("{} byte", "{} bytes", int(number)).format(format_number(number, lang))


def round_digits(number: float) -> float:
    """Round to three significant digits, and never to fewer than all before the decimal sign."""
    rounded = float(f"{number:.{SIGNIFICANT_DIGITS}g}")
    return rounded if abs(number) < 10**SIGNIFICANT_DIGITS else float(round(number))
