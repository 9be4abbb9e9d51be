"""The trainer's pages: the class live, a trainee's history, a report, exports. Readable without script."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from markupsafe import Markup
from sqlalchemy.exc import SQLAlchemyError
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from dckgrade.board import exports, store
from dckgrade.board.api import RequestRefused, clean_text
from dckgrade.board.board import Board
from dckgrade.board.class_view import ClassState
from dckgrade.board.database import now_ms
from dckgrade.board.judging import Change
from dckgrade.board.page_model import MINUTE_MS, SORT_ORDERS, PageQuery, build_page_model, format_age
from dckgrade.board.sessions import Sessions, read_form
from dckgrade.board.words import translate_words
from dckgrade.classroom.attempts import judge_attempt
from dckgrade.classroom.membership import LOOPBACK_HOSTS, format_join_code
from dckgrade.classroom.people import Roster
from dckgrade.i18n import Lang, UserError
from dckgrade.render.html_template import BASE_STYLESHEET, get_template_environment
from dckgrade.render.report.html import render_session_page
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.report import codec
from dckgrade.report.board_request import MAX_NAME_CHARS
from dckgrade.report.report import Report

STATIC_FOLDER = Path(__file__).with_name("static")
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:;"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
DOCUMENT_POLICY = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; script-src 'none'"
"""Beside the one that a report's page has in its head."""
SAFE_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
MAX_HISTORY, MAX_RENDERED = 200, 16
MAX_NUMBER = 2**63 - 1
"""Of a row, in any database."""
SEND_TIMEOUT_S = 10
"""Seconds after which a page that takes no events is let go."""
Handler = Callable[[Request], Awaitable[Response]]


class PublicAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where trainees and the trainer reach the board."""

    join_url: str
    page_url: str
    fingerprint: str = ""
    """Of the board's own certificate, as it stands in the join line."""
    page_host: str = ""
    """The name under which a proxy serves the page; empty for loopback alone."""
    is_behind_tls: bool = False

    def format_join_line(self, code: str) -> str:
        """Write the line that trainees type."""
        return f"dckgrade join {self.join_url} {format_join_code(code, self.fingerprint)}"


class BoardPages:
    """The routes of the trainer."""

    def __init__(self, board: Board, public: PublicAddress, roster: Roster | None = None) -> None:
        self.board, self.public, self.roster = board, public, roster or Roster()
        self.sessions = Sessions(board.token, is_behind_tls=public.is_behind_tls)
        self.words = translate_words(board.lang)
        self.rendered: OrderedDict[Hashable, Markup] = OrderedDict()
        self.rendering = asyncio.Lock()
        self.exception_handlers = {HTTPException: self.show_problem}
        get, post = ["GET"], ["POST"]
        at_class = "/classes/{class_id:int}"
        self.routes = [
            Route("/", self.guard(self.show_classes), methods=get),
            Route("/enter", self.guard(self.enter_by_link, is_open=True), methods=get),
            Route("/enter", self.guard(self.enter_by_form, is_open=True), methods=post),
            Route("/classes", self.guard(self.create_class), methods=post),
            Route(at_class, self.guard(self.show_class), methods=get),
            Route(f"{at_class}/live", self.guard(self.show_live), methods=get),
            Route(f"{at_class}/events", self.guard(self.stream_events), methods=get),
            Route(f"{at_class}/code", self.guard(self.renew_code), methods=post),
            Route(at_class + "/export/{name}", self.guard(self.export), methods=get),
            Route(at_class + "/trainees/{trainee_id}", self.guard(self.show_trainee), methods=get),
            Route(at_class + "/trainees/{trainee_id}/hand", self.guard(self.lower_hand), methods=post),
            Route(at_class + "/trainees/{trainee_id}/rejoin", self.guard(self.allow_rejoin), methods=post),
            Route("/reports/{report_id:int}", self.guard(self.show_report), methods=get),
            Route("/static/board.css", self.guard(self.show_style, is_open=True), methods=get),
            Mount("/static", StaticFiles(directory=STATIC_FOLDER)),
        ]

    def guard(self, handle: Handler, *, is_open: bool = False) -> Handler:
        """Let the trainer alone in, under a name of the board's own (no other page can be made to ask)."""

        async def respond(request: Request) -> Response:
            try:
                if any(number > MAX_NUMBER for number in list_numbers(request)):
                    raise HTTPException(404)
                if request.url.hostname not in LOOPBACK_HOSTS | {self.public.page_host}:
                    response: Response = PlainTextResponse("Misdirected Request", 421)
                elif is_open or self.sessions.is_trainer(request):
                    response = await handle(request)
                else:
                    response = self.render("entry", status=403)
            except RequestRefused as refused:
                response = PlainTextResponse(refused.error, refused.status)
            except (ClientDisconnect, TimeoutError, ValueError):
                response = PlainTextResponse("Bad Request", 400)
            except SQLAlchemyError:
                response = PlainTextResponse(self.words["unavailable"], 503)
            policy = {"Content-Security-Policy": CONTENT_POLICY}
            for name, value in (SAFE_HEADERS | policy).items():
                response.headers.setdefault(name, value)
            return response

        return respond

    async def show_problem(self, _request: Request, problem: Exception) -> Response:
        """Show that there is no such page."""
        status = problem.status_code if isinstance(problem, HTTPException) else 500
        return PlainTextResponse(self.words["not_found"], status, SAFE_HEADERS)

    def render(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Render a page."""
        page = get_template_environment().get_template(f"board/templates/{template}.html.j2")
        mark = self.sessions.form_mark
        return HTMLResponse(page.render(lang=self.board.lang, words=self.words, mark=mark, **values), status)

    async def enter_by_link(self, request: Request) -> Response:
        """Let in whoever has the link; the token stays in no address."""
        return self.let_in(request.query_params.get("token", ""))

    async def enter_by_form(self, request: Request) -> Response:
        """Let in whoever has the token."""
        return self.let_in((await read_form(request)).get("token", "").strip())

    def let_in(self, token: str) -> Response:
        """Let in whoever has the token."""
        if not self.sessions.is_token(token):
            return self.render("entry", status=403)
        response = RedirectResponse("/", 303)
        self.sessions.let_in(response)
        return response

    async def show_style(self, _request: Request) -> Response:
        """Give the style of the board: that of the reports, and its own."""
        environment = get_template_environment()
        sheets = (BASE_STYLESHEET, "board/templates/board.css")
        style = "".join(environment.get_template(sheet).render() for sheet in sheets)
        return Response(style, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    async def show_classes(self, _request: Request) -> Response:
        """List the classes; with one alone, show it."""
        classes = await self.board.read(store.list_classes)
        if len(classes) == 1:
            return RedirectResponse(f"/classes/{classes[0].id}", 303)
        rows = [(row.id, sanitize_line(row.name)) for row in classes]
        return self.render("classes", classes=rows)

    async def create_class(self, request: Request) -> Response:
        """Make a class."""
        fields = await self.read_own_form(request)
        name = clean_text(fields.get("name", ""))[:MAX_NAME_CHARS]
        if not name:
            raise ValueError(name)
        class_id = await self.board.write(partial(store.create_class, name=name, now=now_ms()))
        return RedirectResponse(f"/classes/{class_id}", 303)

    async def read_own_form(self, request: Request) -> dict[str, str]:
        """Read a form of ours; raises `RequestRefused` for anybody else's."""
        fields = await read_form(request)
        if not self.sessions.is_own_form(request, fields):
            raise RequestRefused(403, self.words["forbidden"])
        return fields

    async def find_class(self, request: Request) -> ClassState:
        """Find the class that is asked for."""
        class_id = request.path_params["class_id"]
        state = await self.board.read(lambda _: self.board.views.get(class_id))
        if not isinstance(state, ClassState):
            raise HTTPException(404)
        return state

    async def show_class(self, request: Request) -> Response:
        """Show a class."""
        state, query = await self.find_class(request), read_query(request)
        classes = await self.board.read(store.list_classes)
        until = datetime.fromtimestamp(state.code_until / 1000, UTC)
        address = urlencode({name: value for name, value in msgspec.structs.asdict(query).items() if value})
        return self.render(
            "class",
            state_id=state.id,
            name=sanitize_line(state.name),
            classes=[(row.id, sanitize_line(row.name)) for row in classes],
            join_line=self.public.format_join_line(state.code) if now_ms() < state.code_until else "",
            until=f"{until.astimezone():%H:%M %Z}",
            query=query,
            sorts=SORT_ORDERS,
            labs=sorted({sanitize_line(lab) for each in state.trainees.values() for lab in each.standings}),
            live_address=f"/classes/{state.id}/live?{address}",
            live=await self.render_now(state, query),
            exports=list(exports.EXPORTS),
        )

    async def show_live(self, request: Request) -> Response:
        """Show what changes of a class."""
        return HTMLResponse(await self.render_now(await self.find_class(request), read_query(request)))

    async def render_now(self, state: ClassState, query: PageQuery) -> Markup:
        """Render what changes of a class: once for all who look at the same, beside what else is served."""
        # Ages are whole minutes: what was rendered is good for a part of one.
        key = state.id, state.version, query, now_ms() // (MINUTE_MS // 4)
        async with self.rendering:
            if key not in self.rendered:
                self.rendered[key] = await asyncio.to_thread(self.render_live, state, query)
            while len(self.rendered) > MAX_RENDERED:
                self.rendered.popitem(last=False)
            return self.rendered[key]

    def render_live(self, state: ClassState, query: PageQuery) -> Markup:
        """Render what changes of a class."""
        model = build_page_model(state, query, now_ms(), self.board.lang, cloned=self.board.cloned)
        page = get_template_environment().get_template("board/templates/live.html.j2")
        rendered = page.render(
            lang=self.board.lang, words=self.words, mark=self.sessions.form_mark, state_id=state.id,
            query=query, model=model,
        )  # fmt: skip
        # Our own template's text; whatever was put into it is escaped.
        return Markup(rendered)  # noqa: S704

    async def stream_events(self, request: Request) -> Response:
        """Tell a page, while it is open, that something has changed."""
        state = await self.find_class(request)

        async def stream() -> AsyncIterator[ServerSentEvent]:
            async for version in self.board.live.iter_versions(state.id):
                yield ServerSentEvent(event="changed", data=str(version), id=str(version))

        return EventSourceResponse(stream(), ping=15, send_timeout=SEND_TIMEOUT_S)

    async def renew_code(self, request: Request) -> Response:
        """Give the class another join code."""
        await self.read_own_form(request)
        class_id = (await self.find_class(request)).id
        await self.write_and_wait(partial(store.renew_code, class_id=class_id, now=now_ms()), class_id, "")
        return RedirectResponse(f"/classes/{class_id}", 303)

    async def lower_hand(self, request: Request) -> Response:
        """Lower a hand."""
        await self.read_own_form(request)
        state, trainee_id = await self.find_class(request), request.path_params["trainee_id"]
        if trainee_id in state.trainees:
            await self.write_and_wait(partial(store.lower_hand, trainee_id=trainee_id), state.id, trainee_id)
        return RedirectResponse(f"/classes/{state.id}", 303)

    async def allow_rejoin(self, request: Request) -> Response:
        """Let a trainee join again."""
        await self.read_own_form(request)
        state, trainee_id = await self.find_class(request), request.path_params["trainee_id"]
        if trainee_id in state.trainees:
            await self.board.write(partial(store.allow_rejoin, trainee_id=trainee_id, now=now_ms()))
        return RedirectResponse(f"/classes/{state.id}/trainees/{trainee_id}", 303)

    async def write_and_wait(self, operation: Callable[[Any], Any], class_id: int, trainee_id: str) -> None:
        """Write a change, and have it read before the page that asked for it is shown again."""
        change = Change(class_id, trainee_id)
        await self.board.write(operation, lambda _: [change])
        await self.board.read(lambda _: self.board.views.refresh([change]))

    async def show_trainee(self, request: Request) -> Response:
        """Show what a trainee has sent."""
        state = await self.find_class(request)
        trainee = state.trainees.get(request.path_params["trainee_id"])
        if trainee is None:
            raise HTTPException(404)
        rows = await self.board.read(partial(store.list_history, trainee_id=trainee.id, most=MAX_HISTORY))
        now = now_ms()
        history = [
            {
                "id": row.id,
                "lab": sanitize_line(row.lab),
                "age": format_age(now - row.received_at),
                "points": "" if row.earned is None else f"{row.earned}/{row.possible}",
                "refusal": sanitize_line(row.refusal or ""),
            }
            for row in rows
        ]
        return self.render(
            "trainee", state_id=state.id, trainee_id=trainee.id, name=sanitize_line(trainee.name),
            history=history,
        )  # fmt: skip

    async def show_report(self, request: Request) -> Response:
        """Show a report as `-o report.html` writes it, judged again: its own verdicts are not believed."""
        row = await self.board.read(partial(store.find_report, report_id=request.path_params["report_id"]))
        if row is None:
            raise HTTPException(404)
        try:
            report = await self.board.read(lambda _: judge_for_page(row, self.board.lang))
        except UserError as trouble:
            return PlainTextResponse(" ".join(trouble.translate_sentences(self.board.lang)), 409)
        return HTMLResponse(
            render_session_page([report]), headers={"Content-Security-Policy": DOCUMENT_POLICY}
        )

    async def export(self, request: Request) -> Response:
        """Give the class as `collect` writes it."""
        chosen = exports.EXPORTS.get(request.path_params["name"])
        state = await self.find_class(request)
        if chosen is None:
            raise HTTPException(404)
        try:
            rendered = await self.board.read(
                lambda connection: chosen.render(
                    exports.gather_class(
                        connection, state.id, self.board.lang, self.roster, cloned=self.board.cloned
                    )
                )
            )
        except UserError as trouble:
            return PlainTextResponse(" ".join(trouble.translate_sentences(self.board.lang)), 409)
        headers = {
            "Content-Security-Policy": DOCUMENT_POLICY,
            "Content-Disposition": f'attachment; filename="{request.path_params["name"]}"',
        }
        return Response(rendered, media_type=chosen.media_type, headers=headers)


def list_numbers(request: Request) -> list[int]:
    """List the numbers in a request's path."""
    return [value for value in request.path_params.values() if isinstance(value, int)]


def judge_for_page(row: Any, lang: Lang) -> Report:
    """Return a report with the board's own verdicts, under the name by which its trainee joined."""
    report = codec.from_json(row.raw, "report")
    attempt, lines = judge_attempt(report, row.name, str(row.id), lang, now=datetime.now(UTC))
    return msgspec.structs.replace(report, trainee=row.name, lang=lang, checks=lines, score=attempt.score)


def read_query(request: Request) -> PageQuery:
    """Read what is to be shown; what is none of ours is left out."""
    given = request.query_params
    sort = next((order for order in SORT_ORDERS if order == given.get("sort")), SORT_ORDERS[0])
    return PageQuery(
        lab=given.get("lab", "")[:80],
        sort=sort,
        name=given.get("name", "")[:MAX_NAME_CHARS],
        for_projector=bool(given.get("for_projector")),
    )
