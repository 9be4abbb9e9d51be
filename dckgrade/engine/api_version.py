"""Choose the API version to speak with an engine, from the headers of its ping."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from dckgrade.engine.endpoint import Endpoint, EndpointUsageError, EngineError
from dckgrade.i18n import N_

# Answers up to 1.51 (engine 28.5) are recorded in tests/answers, and reports made at 1.56, by the code of
# engine 29, in tests/answers/reports. 1.52 dropped fields of inspect and of events that nothing here reads:
# before going on, read moby's api/docs/CHANGELOG.md. Engines of 29 speak at least 1.44, some 1.40.
NEWEST_TESTED = "1.56"
OLDEST_SUPPORTED = "1.41"  # engine 20.10
# The Date header counts whole seconds, and the answer took a moment to come.
_IGNORED_DRIFT = timedelta(seconds=2)


def negotiate_api_version(endpoint: Endpoint, headers: Mapping[str, str]) -> str:
    """Return the newest API version that the engine, this program and `DOCKER_API_VERSION` all speak."""
    offered = headers.get("api-version", "")
    if not _is_api_version(offered):
        raise EngineError(
            N_("What answers at {endpoint} is not a Docker engine."),
            N_("Check the address."),
            endpoint=endpoint.url,
        )
    if _parse_version(offered) < _parse_version(OLDEST_SUPPORTED):
        raise EngineError(
            N_("The engine at {endpoint} is older than 20.10: it speaks API {offered}, not {oldest}."),
            N_("Upgrade Docker on that machine."),
            endpoint=endpoint.url,
            offered=offered,
            oldest=OLDEST_SUPPORTED,
        )
    ceiling = endpoint.api_ceiling or NEWEST_TESTED
    if not _is_api_version(ceiling) or _parse_version(ceiling) < _parse_version(OLDEST_SUPPORTED):
        raise EndpointUsageError(
            N_("DOCKER_API_VERSION={ceiling} is not a version that dckgrade speaks ({oldest} to {newest})."),
            N_("Unset DOCKER_API_VERSION."), ceiling=ceiling, oldest=OLDEST_SUPPORTED, newest=NEWEST_TESTED,
        )  # fmt: skip
    return min(offered, ceiling, NEWEST_TESTED, key=_parse_version)


def is_newer_than_tested(offered: str) -> bool:
    """Return whether an engine that offers API *offered* is newer than what dckgrade was tested with."""
    return _parse_version(offered) > _parse_version(NEWEST_TESTED)


def explain_refused_version(endpoint: Endpoint, api: str, message: str) -> EngineError | None:
    """
    Return the error for an engine that no longer speaks *api* (`client version 1.41 is too old. …`), or None.
    """
    if not re.search(r"client version \S+ is too (?:old|new)", message):
        return None
    if endpoint.api_ceiling == api:
        return EngineError(
            N_("DOCKER_API_VERSION={api} is older than the engine at {endpoint} still speaks ({message})."),
            N_("Unset DOCKER_API_VERSION."), api=api, endpoint=endpoint.url, message=message[:300],
        )  # fmt: skip
    return EngineError(
        N_("The engine at {endpoint} is too new for this dckgrade: it does not speak API {api} ({message})."),
        N_("Upgrade dckgrade."),
        endpoint=endpoint.url, api=api, message=message[:300],
    )  # fmt: skip


def parse_engine_version(headers: Mapping[str, str]) -> str | None:
    """Return 28.5.2 for `Server: Docker/28.5.2 (linux)`; another product keeps its name (Podman/5.0)."""
    product, _, version = headers.get("server", "").partition(" ")[0].partition("/")
    if not version:
        return None
    return version if product == "Docker" else f"{product}/{version}"


def measure_clock_drift(headers: Mapping[str, str], local_time: datetime) -> timedelta:
    """Return how far the engine's clock is ahead of ours; differences within 2 s count as none."""
    try:
        engine_time = parsedate_to_datetime(headers.get("date", ""))
        drift = engine_time.astimezone(UTC) - local_time
    except (ValueError, OverflowError):
        return timedelta()
    return drift if abs(drift) > _IGNORED_DRIFT else timedelta()


def _is_api_version(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,4}\.[0-9]{1,4}", text) is not None


def _parse_version(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
