"""The board's log: one JSON object a line on stderr; neither names of trainees nor what they send."""

import json
import logging
from datetime import UTC, datetime
from typing import Any


class JsonFormatter(logging.Formatter):
    """Writes an entry as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Write *record*."""
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0]:
            # Not the message: a database's own may quote the values of a statement.
            entry["error"] = record.exc_info[0].__name__
        return json.dumps(entry, ensure_ascii=True)


LOG_SETTINGS: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "dckgrade.board.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    # Libraries' words too: one without a handler writes tracebacks.
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
