"""Sizes as Docker reads them (docker/go-units, `FromHumanSize`): `10m`, `10MB`, `1.5g`; powers of 1000."""

from dckgrade.lazy_patterns import compile_lazily

SIZE_PATTERN = compile_lazily(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+) ?([kKmMgGtTpP])?[iI]?[bB]?")
SIZE_UNITS = " kmgtp"
SIZE_CHARS_LIMIT = 32


def parse_size_bytes(text: str) -> int | None:
    """Read a size as the engine does; None where it refuses it."""
    read = SIZE_PATTERN.fullmatch(text) if len(text) < SIZE_CHARS_LIMIT else None
    return int(float(read[1]) * 1000 ** SIZE_UNITS.index((read[2] or " ").lower())) if read else None
