"""Log rotation: what a log driver and its options come to."""

from collections.abc import Mapping

from msgspec import Struct, field

from dckgrade.probes.docker.daemon_json.log_options import find_start_error, parse_number
from dckgrade.probes.docker.daemon_json.sizes import parse_size_bytes

ROTATING_DRIVERS = ("json-file", "local")
LOCAL_MAX_SIZE_BYTES, LOCAL_MAX_FILES = 20_000_000, 5
"""What the driver `local` does without options (moby, daemon/logger/local)."""


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
        return parse_number(self.files_text)

    @property
    def start_error(self) -> str | None:
        """Return why no container starts with it, in Docker's words, by the drivers' rules."""
        return find_start_error(self.driver, self.options)

    @property
    def rotates(self) -> bool:
        """Return whether containers start with it, and their logs stop growing."""
        return bool(self.max_size) and not self.start_error
