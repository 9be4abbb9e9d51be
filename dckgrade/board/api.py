"""What trainees' commands ask of the board: join, reports, hands. Nothing that comes is believed."""

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dckgrade.board import judging, store
from dckgrade.board.board import NONCE_LIFETIME_MS, Board
from dckgrade.board.database import now_ms
from dckgrade.board.judging import Change
from dckgrade.board.limits import RateLimit
from dckgrade.board.schema import MAX_FOLDED_CHARS
from dckgrade.board.writer import WriterBusy
from dckgrade.classroom.people import fold_name
from dckgrade.i18n import UserError
from dckgrade.report import board_request as wire
from dckgrade.report import codec
from dckgrade.report.characters import is_visible

MAX_SMALL_BYTES = 4096
BODY_TIMEOUT_S = 10.0
"""Seconds in which a request must have come whole."""
MAX_WRONG_CODES, MAX_WRONG_CODES_TOGETHER, WRONG_CODES_S = 10, 100, 60.0
"""Wrong codes from one address, and from all, in so many seconds."""


class RequestRefused(Exception):
    """A request that is answered with a code of the protocol; the client has the words."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


class TraineeApi:
    """The routes of the trainees."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.wrong_codes = RateLimit(MAX_WRONG_CODES, MAX_WRONG_CODES_TOGETHER, WRONG_CODES_S)
        self.routes = [
            Route(wire.NONCE_PATH, self.answer(self.give_nonce), methods=["GET"]),
            Route(wire.JOIN_PATH, self.answer(self.join), methods=["POST"]),
            Route(wire.REPORTS_PATH, self.answer(self.take_report), methods=["POST"]),
            Route(wire.HAND_PATH, self.answer(self.set_hand), methods=["POST"]),
            Route(wire.LEAVE_PATH, self.answer(self.leave), methods=["POST"]),
        ]

    def answer(
        self, handle: Callable[[Request], Awaitable[dict[str, Any]]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Answer with what *handle* returns, or why not, and the next nonce."""

        async def respond(request: Request) -> Response:
            status = 200
            try:
                content = await handle(request)
            except RequestRefused as refused:
                status, content = refused.status, {"error": refused.error}
            except WriterBusy:
                status, content = 503, {"error": "busy"}
            except SQLAlchemyError:
                status, content = 503, {"error": "storage"}
            except (ClientDisconnect, TimeoutError):
                status, content = 408, {"error": "cut"}
            headers = {wire.NONCE_HEADER: self.board.make_nonce()}
            if status == 408:  # noqa: PLR2004 - the rest of the request may still come
                headers["Connection"] = "close"
            return JSONResponse({"board": wire.PROTOCOL, **content}, status, headers)

        return respond

    async def give_nonce(self, _request: Request) -> dict[str, Any]:
        """Give a nonce, as each answer does."""
        return {}

    async def join(self, request: Request) -> dict[str, Any]:
        """Take in a trainee."""
        source = request.client.host if request.client else ""
        if self.wrong_codes.is_exceeded(source):
            raise RequestRefused(429, "rate")
        wanted = parse_object(await read_body(request, MAX_SMALL_BYTES))
        name = clean_text(str(wanted.get("name", "")))
        # Some letters stand for whole sentences once they are folded.
        if len(name) > wire.MAX_NAME_CHARS or not 0 < len(fold_name(name)) <= MAX_FOLDED_CHARS:
            raise RequestRefused(422, "invalid")
        try:
            joined: store.Joined = await self.board.write(
                partial(store.join_class, code=str(wanted.get("code", "")), name=name, now=now_ms()),
                lambda joined: [Change(joined.trainee.class_id, joined.trainee.id)],
            )
        except store.CodeRefused:
            self.wrong_codes.count(source)
            raise RequestRefused(403, "code") from None
        except store.NameTaken:
            raise RequestRefused(409, "name") from None
        trainee = joined.trainee
        self.board.known[trainee.id] = trainee
        return {
            "trainee_id": trainee.id,
            "name": trainee.name,
            "class_name": joined.class_name,
            "secret": trainee.secret,
        }

    async def take_report(self, request: Request) -> dict[str, Any]:
        """Take a report; it is answered when it is on the disk."""
        trainee, raw = await self.verify(request, codec.MAX_REPORT_BYTES)
        begun = time.perf_counter()
        try:
            lab = codec.from_json(raw, "report").lab.id
        except UserError:
            self.board.metrics.reports.labels("invalid").inc()
            raise RequestRefused(422, "invalid") from None
        kept: store.Accepted = await self.board.write(
            partial(store.keep_report, trainee_id=trainee.id, lab=clean_text(lab)[:80], raw=raw, now=now_ms())
        )
        self.board.metrics.accept_seconds.observe(time.perf_counter() - begun)
        self.board.metrics.reports.labels(kept.value).inc()
        if kept is store.Accepted.TOO_MANY:
            raise RequestRefused(429, "rate")
        return {"digest": hashlib.sha256(raw).hexdigest(), "known": kept is store.Accepted.KNOWN}

    async def set_hand(self, request: Request) -> dict[str, Any]:
        """Raise or lower a hand."""
        trainee, raw = await self.verify(request, MAX_SMALL_BYTES)
        text = parse_object(raw).get("text")

        def write(connection: Connection) -> None:
            self.use_nonce(connection, request)
            if text is None:
                store.lower_hand(connection, trainee.id)
                return
            said = clean_text(str(text))[: wire.MAX_HAND_CHARS]
            about = judging.find_stuck_check(connection, trainee.id)
            store.raise_hand(connection, trainee.id, said, about, now_ms())

        await self.board.write(write, lambda _: [Change(trainee.class_id, trainee.id)])
        return {}

    async def leave(self, request: Request) -> dict[str, Any]:
        """Let a trainee go."""
        trainee, _ = await self.verify(request, MAX_SMALL_BYTES)

        def write(connection: Connection) -> None:
            self.use_nonce(connection, request)
            store.leave_class(connection, trainee.id)

        await self.board.write(write, lambda _: [Change(trainee.class_id, trainee.id)])
        self.board.known.pop(trainee.id, None)
        return {}

    def use_nonce(self, connection: Connection, request: Request) -> None:
        """
        Take the request's nonce; raises `RequestRefused` where it was taken.

        A report needs none: its digest tells that it came before.
        """
        nonce = request.headers[wire.NONCE_HEADER]
        if not store.use_nonce(connection, nonce, now_ms(), NONCE_LIFETIME_MS):
            raise RequestRefused(401, "nonce")

    async def verify(self, request: Request, most: int) -> tuple[store.Trainee, bytes]:
        """Return who sent a request, and its bytes; raises `RequestRefused`."""
        trainee_id, nonce, signature = (
            request.headers.get(name, "")
            for name in (wire.TRAINEE_HEADER, wire.NONCE_HEADER, wire.SIGNATURE_HEADER)
        )
        trainee = await self.board.find_trainee(trainee_id)
        if trainee is None:
            raise RequestRefused(401, "unknown")
        raw = await read_body(request, most)
        signed = request.url.path, trainee_id, nonce, raw
        if not wire.is_signature(signature, wire.sign_request(trainee.secret, *signed)):
            trainee = await self.board.find_trainee(trainee_id, anew=True)
            if not trainee or not wire.is_signature(signature, wire.sign_request(trainee.secret, *signed)):
                raise RequestRefused(401, "signature")
        if not self.board.is_nonce_fresh(nonce):
            raise RequestRefused(401, "nonce")
        return trainee, raw


def clean_text(text: str) -> str:
    """Return what of *text* is seen, on one line."""
    return "".join(character for character in " ".join(text.split()) if is_visible(character))


async def read_body(request: Request, most: int) -> bytes:
    """Read a request's body; raises `RequestRefused` for a larger one, `TimeoutError` for a slow one."""
    length = request.headers.get("Content-Length", "0")
    if not length.isascii() or not length.isdigit() or int(length) > most:
        raise RequestRefused(413, "invalid")
    parts, size = [], 0
    async with asyncio.timeout(BODY_TIMEOUT_S):
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise RequestRefused(413, "invalid")
            parts.append(part)
    return b"".join(parts)


def parse_object(raw: bytes) -> dict[str, Any]:
    """Read a small JSON object."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise RequestRefused(422, "invalid")
    return found
