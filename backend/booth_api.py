"""The booth API: JSON over mutual TLS, prefix /v1. Who calls is what the certificate says, and the body must agree.

The listener (listeners.py) puts the certificate's common name into ``request.state.booth``. Errors are problem
documents that quote nothing of the request.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy import select
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend import approvals, bodies, codes, enquiries, registry, tables, transactions
from backend.platform import Platform
from backend.problems import Kind, Problem, response

MAX_REQUEST_BYTES = bodies.MAX_SEALED_CHARACTERS + 64 * 1024
Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


def _platform(request: Request) -> Platform:
    platform: Platform = request.app.state.platform
    return platform


def _booth(request: Request) -> str:
    booth: str | None = getattr(request.state, "booth", None)
    if not booth:
        raise Problem(Kind.WRONG_BOOTH)
    return booth


On = Annotated[Platform, Depends(_platform)]
Booth = Annotated[str, Depends(_booth)]


def _same(booth: str, body: bodies.Asked) -> None:
    if body.booth != booth:
        raise Problem(Kind.WRONG_BOOTH)


def _problems(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    described: dict[int, list[str]] = {}
    for kind in (Kind.WRONG_BOOTH, Kind.BAD_REQUEST, *kinds):
        described.setdefault(kind.status, []).append(kind.word)
    reference = {"$ref": "#/components/schemas/ProblemDocument"}
    return {
        status: {
            "description": ", ".join(words),
            "content": {"application/problem+json": {"schema": reference}},
        }
        for status, words in described.items()
    }


def build(platform: Platform | None = None) -> FastAPI:
    """Build the application; without a platform it can only print its contract."""
    app = FastAPI(
        title="Community platform, booth API",
        version="1",
        description="Mutual TLS; the booth is the common name of the client certificate. Errors: RFC 9457.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        separate_input_output_schemas=False,
    )
    app.state.platform = platform
    app.add_middleware(_BodyLimit)
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_bad_request)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_trouble)
    _enquiries(app)
    _ways_without_a_face(app)
    _deliveries(app)
    return app


def _enquiries(app: FastAPI) -> None:
    @app.get("/v1/catalogue", responses=_problems())
    def catalogue(on: On, _: Booth) -> bodies.Catalogue:
        with on.store.begin() as session:
            services = session.scalars(select(tables.Service).order_by(tables.Service.id))
            entries = [bodies.CatalogueEntry(id=row.id, version=row.version, is_open=row.is_open) for row in services]
        return bodies.Catalogue(services=entries)

    @app.post("/v1/residents/lookup", responses=_problems(Kind.UNKNOWN_RESIDENT, Kind.UNKNOWN_SERVICE))
    def lookup(on: On, booth: Booth, ask: bodies.Lookup) -> bodies.Resident:
        _same(booth, ask)
        return registry.lookup(on, ask)

    @app.post(
        "/v1/enquiries/{service}",
        responses=_problems(Kind.UNKNOWN_RESIDENT, Kind.UNKNOWN_SERVICE, Kind.NOTHING_FOUND),
    )
    def enquire(on: On, booth: Booth, service: Token, ask: bodies.Enquiry) -> bodies.EnquiryAnswer:
        _same(booth, ask)
        return enquiries.answer(on, service, ask)


def _ways_without_a_face(app: FastAPI) -> None:
    @app.post("/v1/codes", responses=_problems(Kind.UNKNOWN_RESIDENT, Kind.NO_PHONE, Kind.RATE_LIMITED))
    def send_code(on: On, booth: Booth, ask: bodies.CodeRequest) -> bodies.CodeSent:
        _same(booth, ask)
        return codes.send(on, ask)

    @app.post("/v1/codes/{code_id}/verify", responses=_problems(Kind.UNKNOWN_CODE, Kind.CODE_DEAD, Kind.CODE_EXPIRED))
    def verify_code(on: On, booth: Booth, code_id: Token, ask: bodies.CodeAttempt) -> bodies.CodeResult:
        _same(booth, ask)
        return codes.verify(on, code_id, ask)

    @app.post(
        "/v1/residents/helper",
        responses=_problems(Kind.UNKNOWN_RESIDENT, Kind.UNKNOWN_SERVICE, Kind.UNKNOWN_HELPER),
    )
    def may_help(on: On, booth: Booth, ask: bodies.HelperRequest) -> bodies.Helper:
        _same(booth, ask)
        return registry.may_help(on, ask)

    @app.post("/v1/approvals", responses=_problems(Kind.UNKNOWN_SERVICE))
    def ask_approval(on: On, booth: Booth, ask: bodies.ApprovalRequest) -> bodies.Approval:
        _same(booth, ask)
        return approvals.ask(on, ask)

    @app.get("/v1/approvals/{approval_id}", responses=_problems(Kind.UNKNOWN_APPROVAL))
    def see_approval(on: On, booth: Booth, approval_id: Token) -> bodies.Approval:
        return approvals.see(on, booth, approval_id)

    @app.post("/v1/approvals/{approval_id}/answers", responses=_problems(Kind.UNKNOWN_APPROVAL, Kind.UNKNOWN_QUESTION))
    def answer_clerk(on: On, booth: Booth, approval_id: Token, said: bodies.ClerkAnswer) -> bodies.Approval:
        _same(booth, said)
        return approvals.answer(on, booth, approval_id, said)

    @app.delete("/v1/approvals/{approval_id}", responses=_problems(Kind.UNKNOWN_APPROVAL))
    def cancel_approval(on: On, booth: Booth, approval_id: Token) -> bodies.Approval:
        return approvals.cancel(on, booth, approval_id)


def _deliveries(app: FastAPI) -> None:
    @app.post(
        "/v1/transactions",
        status_code=201,
        responses={
            200: {"model": bodies.Acknowledgement, "description": "Known: the same acknowledgement again"},
            **_problems(
                Kind.BEING_PROCESSED, Kind.KEY_REUSED, Kind.NUMBER_REUSED, Kind.BAD_NUMBER, Kind.DIGEST_MISMATCH
            ),
            413: _problems(Kind.TOO_LARGE)[413],
        },
    )
    def deliver(on: On, booth: Booth, envelope: bodies.Envelope, answer: Response) -> bodies.Acknowledgement:
        _same(booth, envelope)
        is_new, acknowledgement = transactions.deliver(on, envelope)
        answer.status_code = 201 if is_new else 200
        return bodies.Acknowledgement(**acknowledgement)

    @app.get("/v1/transactions/{key}", responses=_problems(Kind.UNKNOWN_KEY, Kind.BEING_PROCESSED))
    def outcome(on: On, booth: Booth, key: Token) -> bodies.Acknowledgement:
        return bodies.Acknowledgement(**transactions.outcome(on, booth, key))

    @app.post("/v1/reconciliation", responses=_problems())
    def reconcile(on: On, booth: Booth, ask: bodies.ReconciliationRequest) -> bodies.Reconciliation:
        _same(booth, ask)
        return transactions.reconcile(on, ask)


async def _on_problem(_: Request, error: Exception) -> JSONResponse:
    return error.response() if isinstance(error, Problem) else response(Kind.INTERNAL)


async def _on_bad_request(_: Request, __: Exception) -> JSONResponse:
    return response(Kind.BAD_REQUEST)  # without the findings: they quote what was sent


async def _on_http(_: Request, error: Exception) -> JSONResponse:
    if isinstance(error, HTTPException) and error.status_code == 404:
        return response(Kind.NOT_FOUND)
    if isinstance(error, HTTPException) and error.status_code == 413:
        return response(Kind.TOO_LARGE)
    if isinstance(error, HTTPException) and error.status_code == 405:
        return response(Kind.METHOD_NOT_ALLOWED, headers=dict(error.headers or {}))
    return response(Kind.BAD_REQUEST)  # a body that is no JSON text at all


async def _on_trouble(_: Request, __: Exception) -> JSONResponse:
    return response(Kind.INTERNAL)


class _BodyLimit:
    """Ends a request whose body grows past ``MAX_REQUEST_BYTES``, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_REQUEST_BYTES:
                raise HTTPException(413)  # the one exception FastAPI lets through while it reads a body
            return message

        await self._app(scope, counted, send)
