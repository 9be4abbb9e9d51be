"""The stand-in for an engine that is down: its questions raise `OutOfReach`, local files can be read."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn, cast

from dckgrade.engine.answers import OutOfReach
from dckgrade.engine.connected import ConnectedEngine
from dckgrade.engine.endpoint import Endpoint
from dckgrade.report.observation import EngineInfo, UnobservableReason

if TYPE_CHECKING:
    from dckgrade.engine.client import EngineClient


class UnavailableEngine(ConnectedEngine):
    """In the place of the engine that should be at *endpoint*; *why* is what a user is told."""

    def __init__(self, endpoint: Endpoint, why: str) -> None:
        nobody = cast("EngineClient", _UnavailableClient(why))
        super().__init__(endpoint, nobody, EngineInfo(endpoint=endpoint.url), timedelta())


class _UnavailableClient:
    """Stands where the connection would be."""

    def __init__(self, why: str) -> None:
        self._why = why

    def request(self, *_: Any, **_limits: Any) -> NoReturn:
        raise OutOfReach(UnobservableReason.ENGINE_OUT_OF_REACH, self._why)

    def close(self) -> None:
        """There is nothing to close."""
