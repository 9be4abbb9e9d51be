"""An engine that is down: requests to it raise `OutOfReach`, local files can be read."""

from datetime import timedelta
from typing import Any, NoReturn

from dckgrade.engine.answers import OutOfReach
from dckgrade.engine.connected import ConnectedEngine
from dckgrade.engine.endpoint import Endpoint
from dckgrade.report.observation import EngineInfo, UnobservableReason


class UnavailableEngine(ConnectedEngine):
    """Stands for the engine that should be at *endpoint*; *reason* is what the user is told."""

    def __init__(self, endpoint: Endpoint, reason: str) -> None:
        super().__init__(endpoint, _UnavailableClient(reason), EngineInfo(endpoint=endpoint.url), timedelta())


class _UnavailableClient:
    """Refuses every request, with the reason why the engine is down."""

    def __init__(self, reason: str) -> None:
        self.own_ids: set[str] = set()
        self._reason = reason

    def request(self, *_: Any, **_limits: Any) -> NoReturn:
        raise OutOfReach(UnobservableReason.ENGINE_OUT_OF_REACH, self._reason)

    def open_body(self, *_: Any, **_limits: Any) -> NoReturn:
        raise OutOfReach(UnobservableReason.ENGINE_OUT_OF_REACH, self._reason)

    def stream_lines(self, *_: Any) -> NoReturn:
        raise OutOfReach(UnobservableReason.ENGINE_OUT_OF_REACH, self._reason)

    def close(self) -> None:
        """There is nothing to close."""
