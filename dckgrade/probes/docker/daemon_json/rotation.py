"""Log rotation: what a log driver and its options come to."""

import re
from collections.abc import Mapping

from msgspec import Struct, field

ROTATING_DRIVERS = ("json-file", "local")
SIZE_PATTERN = re.compile(r"(\d+(?:\.\d+)*) ?([kKmMgGtTpP])?i?[bB]?")
"""docker/go-units, `FromHumanSize`: `10m`, `10MB`, `1.5g`; powers of 1000."""
SIZE_UNITS = " kmgtp"
LOCAL_MAX_SIZE_BYTES, LOCAL_MAX_FILES = 20_000_000, 5
"""What the driver `local` does without options (moby, daemon/logger/local)."""
NUMBER_CHARS_LIMIT = 32


class LogConfig(Struct, frozen=True):
    """What `HostConfig.LogConfig` is to the engine."""

    driver: str = "json-file"
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def size_text(self) -> str:
        """Return `max-size` as it was written; empty where it was not."""
        return self.options.get("max-size", "")

    @property
    def files_text(self) -> str:
        """Return `max-file` as it was written; empty where it was not."""
        return self.options.get("max-file", "")

    @property
    def max_size(self) -> int | None:
        """Return the size in bytes at which a log is rotated; None: never, or it cannot be read."""
        if not self.size_text and self.driver == "local":
            return LOCAL_MAX_SIZE_BYTES
        return parse_size_bytes(self.size_text) if self.driver in ROTATING_DRIVERS else None

    @property
    def max_file(self) -> int | None:
        """Return how many files are kept; None where it cannot be read."""
        if not self.files_text:
            return LOCAL_MAX_FILES if self.driver == "local" else 1
        text = self.files_text.removeprefix("+")
        return int(text) if text.isascii() and text.isdigit() and len(text) < NUMBER_CHARS_LIMIT else None

    @property
    def rotates(self) -> bool:
        """Return whether logs stop growing: the size is above 0 and the number of files is valid."""
        return bool(self.max_size) and bool(self.max_file)


def parse_size_bytes(text: str) -> int | None:
    """Read a size as the engine does; None where it refuses it."""
    read = SIZE_PATTERN.fullmatch(text) if len(text) < NUMBER_CHARS_LIMIT else None
    if not read or read[1].count(".") > 1:
        return None
    return int(float(read[1]) * 1000 ** SIZE_UNITS.index((read[2] or " ").lower()))
