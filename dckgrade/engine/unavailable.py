"""An engine that does not run: no question is answered, and what this machine shows is seen all the same."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn, cast

from dckgrade.engine.answers import OutOfReach
from dckgrade.engine.api import EngineApi
from dckgrade.engine.endpoint import Endpoint
from dckgrade.report.observation import EngineInfo, UnobservableReason

if TYPE_CHECKING:
    from dckgrade.engine.client import Client


class UnavailableEngine(EngineApi):
    """In the place of the engine that should be at *endpoint*; *why* is what a user is told."""

    def __init__(self, endpoint: Endpoint, why: str) -> None:
        nobody = cast("Client", _Nobody(why))
        super().__init__(endpoint, nobody, EngineInfo(endpoint=endpoint.url), timedelta())


class _Nobody:
    """Stands where the connection would be."""

    def __init__(self, why: str) -> None:
        self._why = why

    def ask(self, *_: Any, **_limits: Any) -> NoReturn:
        raise OutOfReach(UnobservableReason.ENGINE_OUT_OF_REACH, self._why)

    def close(self) -> None:
        """There is nothing to close."""
