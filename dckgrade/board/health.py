"""Tell whether the board lives, is ready, and what it counts."""

import asyncio

from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dckgrade.board.board import Board

READY_TIMEOUT_S = 3.0


class HealthRoutes:
    """The routes of whatever watches over the board."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.routes = [
            Route("/healthz", self.tell_alive),
            Route("/readyz", self.tell_ready),
            Route("/metrics", self.tell_metrics),
        ]

    async def tell_alive(self, _request: Request) -> Response:
        """Say that the process answers, and that what it is sent is written."""
        alive = self.board.writer.thread.is_alive()
        return PlainTextResponse("ok" if alive else "the writer has ended", 200 if alive else 500)

    async def tell_ready(self, _request: Request) -> Response:
        """Say whether the database answers."""
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                await self.board.read(lambda connection: connection.execute(text("SELECT 1")))
        except Exception:  # noqa: BLE001 - whatever it is, nothing can be kept now
            return PlainTextResponse("the database does not answer", 503)
        return PlainTextResponse("ok")

    async def tell_metrics(self, _request: Request) -> Response:
        """Give the counters."""
        self.board.metrics.watching.set(self.board.live.watching)
        self.board.metrics.waiting.set(self.board.writer.waiting.qsize())
        return Response(self.board.metrics.encode(), media_type="text/plain; version=0.0.4; charset=utf-8")
