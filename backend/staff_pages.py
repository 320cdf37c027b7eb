"""Pages for clerks and a look at the platform: waiting approvals, transactions, messages, residents.

HTML without scripts; a login, a session cookie, a token in every form. Personal numbers are shown masked. Listens on
loopback: outside of it, TLS is a proxy's job.
"""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import FastAPI, Form, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader
from sqlalchemy import select
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend import alarm_pages, approvals, bench_control, tables
from backend.faults import Fault
from backend.numbers import masked, masked_document, masked_name
from backend.pictures import for_browser
from backend.platform import Platform
from backend.registry import today
from backend.staff import LockedError, LoggedIn, Staff

_HERE = Path(__file__).parent
_SESSION, _BEFORE = "staff_session", "staff_login"
_QUESTION_LETTERS = 60
_SHOWN = 100
_MAX_FORM_BYTES = 64 * 1024
_HEADERS = {
    b"content-security-policy": b"default-src 'none'; img-src 'self'; style-src 'self'; form-action 'self'; "
    b"base-uri 'none'; "
    b"frame-ancestors 'none'",
    b"cache-control": b"no-store",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
}
Text = Annotated[str, Form(max_length=200)]


class Pages:
    """Renders the templates and knows who is logged in."""

    def __init__(self, platform: Platform, staff: Staff) -> None:
        self.platform = platform
        self.staff = staff
        # autoescape without exception: every value comes from a database
        self._templates = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=True, trim_blocks=True)
        self._templates.filters["masked"] = masked
        self._templates.filters["masked_document"] = masked_document
        self._templates.filters["masked_name"] = masked_name

    def who(self, request: Request) -> LoggedIn | None:
        cookie = request.cookies.get(_SESSION)
        return self.staff.who(cookie) if cookie else None

    def show(self, name: str, who: LoggedIn | None, status: int = 200, **values: Any) -> HTMLResponse:
        template = self._templates.get_template(f"{name}.html")
        return HTMLResponse(template.render(page=name, who=who, now=self.platform.clock(), **values), status)

    def allowed(self, request: Request, token: str) -> LoggedIn | None:
        """Who sent this form: logged in, and the form was ours."""
        who = self.who(request)
        return who if who and hmac.compare_digest(who.csrf.encode(), token.encode()) else None


def build(platform: Platform, staff: Staff, fault: Fault, bench_token: str | None) -> ASGIApp:
    """Build the staff listener's application; the bench's control is part of it only with a token."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, max_body_size=_MAX_FORM_BYTES)
    pages = Pages(platform, staff)
    app.mount("/static", StaticFiles(directory=_HERE / "static"))
    app.add_exception_handler(RequestValidationError, _on_bad_form)
    _logins(app, pages)
    _work(app, pages)
    alarm_pages.add(app, pages)
    _views(app, pages)
    if bench_token:
        app.include_router(bench_control.router(platform, fault, bench_token))
    return _SafeHeaders(TrustedHostMiddleware(app, allowed_hosts=["127.0.0.1", "localhost", "::1", "[::1]"]))


def _logins(app: FastAPI, pages: Pages) -> None:
    @app.get("/login")
    def login(request: Request) -> Response:
        return _login_form(pages, request, "")

    @app.post("/login")
    def log_in(request: Request, name: Text, password: Text, token: Text) -> Response:
        before = request.cookies.get(_BEFORE, "")
        if not before or not hmac.compare_digest(before.encode(), token.encode()):
            return _login_form(
                pages, request, "页面已过期，请再登录一次。This page was too old; please log in again.", 403
            )
        try:
            cookie = pages.staff.log_in(name, password)
        except LockedError as error:
            words = f"密码错误次数过多，请{error.retry_after_s}秒后再试。Locked; try again in {error.retry_after_s} s."
            return _login_form(pages, request, words, 429)
        if cookie is None:
            return _login_form(pages, request, "用户名或密码不对。Name or password is not right.", 403)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(_SESSION, cookie, httponly=True, samesite="strict", path="/")
        answer.delete_cookie(_BEFORE, path="/login", httponly=True, samesite="strict")
        return answer

    @app.post("/logout")
    def log_out(request: Request, token: Text) -> Response:
        if pages.allowed(request, token) is None:
            return _refused(pages, request)
        pages.staff.log_out(request.cookies[_SESSION])
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(_SESSION, path="/", httponly=True, samesite="strict")
        return answer


def _work(app: FastAPI, pages: Pages) -> None:
    @app.get("/")
    def waiting(request: Request) -> Response:
        if (who := pages.who(request)) is None:
            return RedirectResponse("/login", 303)
        answer = pages.show(
            "approvals", who, rows=approvals.pending(pages.platform), note=request.query_params.get("note")
        )
        answer.headers["Refresh"] = "3; url=/"
        return answer

    @app.get("/approvals/{approval_id}")
    def one(request: Request, approval_id: str) -> Response:
        """The clerk who took a request: pictures where the resident agreed to them, questions and answers."""
        if (who := pages.who(request)) is None:
            return RedirectResponse("/login", 303)
        if (row := _mine(pages, approval_id, who)) is None:
            return RedirectResponse("/?note=gone", 303)
        desk, now = pages.platform.desk, pages.platform.clock()
        is_waiting = desk.open_line(row.id, now) is not None
        answer = pages.show(
            "approval", who, row=row, pictures=desk.pictures(row.id, now), lines=desk.lines(row.id, now),
            is_waiting=is_waiting, note=request.query_params.get("note"),
        )  # fmt: skip
        if is_waiting:  # else the page stands still: the clerk looks, or types
            answer.headers["Refresh"] = f"2; url=/approvals/{row.id}"
        return answer

    @app.get("/approvals/{approval_id}/pictures/{which}")
    def picture(request: Request, approval_id: str, which: str) -> Response:
        who = pages.who(request)
        row = _mine(pages, approval_id, who) if who else None
        pictures = pages.platform.desk.pictures(row.id, pages.platform.clock()) if row else None
        if pictures is None or which not in ("probe", "reference"):
            return Response(status_code=404)
        shown = for_browser(getattr(pictures, which))
        if shown is None:
            return Response(status_code=415)
        return Response(shown[0], media_type=shown[1])

    @app.post("/approvals/{approval_id}/question")
    def ask(request: Request, approval_id: str, token: Text, text: Text) -> Response:
        who = pages.allowed(request, token)
        words = " ".join(text.split())
        if who is None or not 1 <= len(words) <= _QUESTION_LETTERS:
            return _refused(pages, request)
        try:
            approvals.question(pages.platform, approval_id, words, who.clerk)
        except approvals.NotPossible:
            return RedirectResponse(f"/approvals/{quote(approval_id, safe='')}?note=open", 303)
        return RedirectResponse(f"/approvals/{quote(approval_id, safe='')}", 303)

    @app.post("/approvals/{approval_id}/{step}")
    def decide(request: Request, approval_id: str, step: str, token: Text) -> Response:
        who = pages.allowed(request, token)
        events = {
            event.value: event for event in (approvals.Event.TAKE, approvals.Event.APPROVE, approvals.Event.REFUSE)
        }
        if who is None or step not in events:
            return _refused(pages, request)
        try:
            approvals.decide(pages.platform, approval_id, events[step], who.clerk)
        except approvals.NotPossible:
            return RedirectResponse("/?note=gone", 303)
        return RedirectResponse(f"/approvals/{quote(approval_id, safe='')}" if step == "take" else "/", 303)


def _mine(pages: Pages, approval_id: str, who: LoggedIn) -> tables.Approval | None:
    """The request this clerk has taken and not decided; None of any other."""
    return next((r for r in approvals.pending(pages.platform) if r.id == approval_id and r.clerk == who.clerk), None)


def _views(app: FastAPI, pages: Pages) -> None:
    views = {
        "transactions": select(tables.Transaction).order_by(tables.Transaction.received_at.desc()),
        "messages": select(tables.Message).order_by(tables.Message.id.desc()),
        "residents": select(tables.Resident).order_by(tables.Resident.id),
    }

    @app.get("/{view}")
    def view(request: Request, view: str) -> Response:
        if (who := pages.who(request)) is None:
            return RedirectResponse("/login", 303)
        if view not in views:
            return pages.show("refused", who, 404, words="没有这个页面。There is no such page.")
        with pages.platform.store.begin() as session:
            rows = list(session.scalars(views[view].limit(_SHOWN)))
        return pages.show(view, who, rows=rows, today=today(pages.platform))


def _login_form(pages: Pages, request: Request, words: str, status: int = 200) -> Response:
    token = request.cookies.get(_BEFORE) or secrets.token_urlsafe(32)
    answer = pages.show("login", None, status, words=words, token=token)
    answer.set_cookie(_BEFORE, token, httponly=True, samesite="strict", path="/login")
    return answer


def _refused(pages: Pages, request: Request) -> Response:
    words = "请求无效，请返回重试。This form was not ours or too old; go back and try again."
    return pages.show("refused", pages.who(request), 403, words=words)


async def _on_bad_form(_: Request, __: Exception) -> Response:
    return Response("A field of the form is missing or too long.\n", 422, media_type="text/plain")


class _SafeHeaders:
    """Security headers on every answer of the staff listener."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_HEADERS.items()]}
            await send(message)

        await self._app(scope, receive, with_headers)
