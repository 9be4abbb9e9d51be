"""Ways in which lines are lost beside Logstash: unreadable files, data that went with its container."""

from collections.abc import Sequence

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.elastic import elasticsearch_api, log_patterns, logstash_api
from dckgrade.probes.elastic.container_state import inspect_stack_container, read_log
from dckgrade.probes.elastic.log_patterns import OutputConnection
from dckgrade.probes.elastic.log_routes import LogRoutes
from dckgrade.probes.elastic.marker import MarkerEmission
from dckgrade.probes.support.lookup import parse_timestamp

ELASTICSEARCH_DATA_FOLDER = "/usr/share/elasticsearch/data"
ANONYMOUS_VOLUME_PATTERN = compile_lazily("[0-9a-f]{64}")
"""The name that the engine gives a volume; the next container gets another one."""
NOTHING_READABLE_EXIT_CODE = 90
# One file is enough: they all belong to the same user. Nothing is printed of what they hold.
READABLE_FILES_COMMAND = (
    "sh", "-c",
    f'for one in "$0"/*/*-json.log; do test -r "$one" && exit 0; done; exit {NOTHING_READABLE_EXIT_CODE}',
)  # fmt: skip


def is_log_reading_denied(engine: Engine, routes: LogRoutes) -> bool | None:
    """Try, inside whoever reads Docker's files, whether it may; None where that cannot be told."""
    reader = routes.reader
    if not reader or not reader.running:
        return None
    try:
        ran = engine.run_command(reader.ref, (*READABLE_FILES_COMMAND, reader.folder))
    except (NotThere, OutOfReach):
        return None
    return {0: False, NOTHING_READABLE_EXIT_CODE: True}.get(ran.exit_code)


def read_logstash_connection(engine: Engine, logstash: str) -> OutputConnection:
    """Read what Logstash's log says of its connection to Elasticsearch."""
    inspected = inspect_stack_container(engine, logstash, logstash_api.LOGSTASH_IMAGE)
    return log_patterns.read_output_connection(read_log(engine, inspected) if inspected else "")


def was_accepted(emission: MarkerEmission) -> bool:
    """Return whether Logstash had more documents accepted than Elasticsearch held at the word."""
    written = emission.before.written if emission.before else None
    return written is not None and emission.held is not None and written > emission.held


def has_lost_data(engine: Engine, elasticsearch: str, logstash: str) -> bool:
    """Return whether Elasticsearch was made after Logstash had started, and keeps nothing for long."""
    store = inspect_stack_container(engine, elasticsearch, elasticsearch_api.ELASTICSEARCH_IMAGE)
    other = inspect_stack_container(engine, logstash, logstash_api.LOGSTASH_IMAGE)
    if not store or not other:
        return False
    born, started = store.get("Created"), (other.get("State") or {}).get("StartedAt")
    if not born or not started or keeps_data(store.get("Mounts") or []):
        return False
    return parse_timestamp(str(born)) > parse_timestamp(str(started))


def keeps_data(mounts: Sequence[Json]) -> bool:
    """Return whether the folder of data, or one above it, is on the machine or in a named volume."""
    places = [
        str(mount.get("Destination") or "").rstrip("/")
        for mount in mounts
        if not ANONYMOUS_VOLUME_PATTERN.fullmatch(str(mount.get("Name") or ""))
    ]
    return any(f"{ELASTICSEARCH_DATA_FOLDER}/".startswith(f"{place}/") for place in places)
