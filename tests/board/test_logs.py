"""The board's log is read by programs: whoever writes to it, a line is one JSON object."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import logging, logging.config, sys
from dckgrade.board.logs import LOG_SETTINGS
logging.config.dictConfig(LOG_SETTINGS)
try:
    raise ConnectionError("password=s3cret")
except ConnectionError:
    logging.getLogger(sys.argv[1]).error("the connection\\nis lost", exc_info=True)
logging.getLogger(sys.argv[1]).info("not worth a line")
"""


LOGGERS = ["dckgrade.board", "uvicorn.error", "sqlalchemy.pool.impl.QueuePool", "asyncio"]


@pytest.mark.parametrize("logger", LOGGERS)
def test_an_error_is_one_line_of_json_with_its_type_and_neither_traceback_nor_its_words(logger: str) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, logger], capture_output=True, check=True)
    (line,) = done.stderr.splitlines()
    entry = json.loads(line)
    assert entry.pop("at")
    assert entry == {
        "level": "error", "from": logger, "message": "the connection\nis lost", "error": "ConnectionError",
    }  # fmt: skip
