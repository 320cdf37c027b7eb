"""A bench's hands on the platform: faults, the message outbox, the residents behind the simulated cards.

Part of the staff listener (loopback) only when the platform was started with a bench token; without the right token
every address here is as if it were not there.
"""

from __future__ import annotations

import base64
import hmac
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, select

from backend import approvals, tables
from backend.faults import Fault, Mode
from backend.platform import Platform
from backend.seeds import seed


class FaultOrder(BaseModel):
    model_config = ConfigDict(extra="forbid")
    mode: Mode
    delay_s: Annotated[float, Field(ge=0, le=600)] = 5


class Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")
    decision: Literal["take", "approve", "refuse", "ask"]
    text: Annotated[str, Field(max_length=60)] = ""  # of a question
    clerk: Annotated[str, Field(min_length=1, max_length=40)] = "bench"


def router(platform: Platform, fault: Fault, token: str) -> APIRouter:
    """Build the control's routes."""

    def check(x_bench_token: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(x_bench_token.encode(), token.encode()):
            raise HTTPException(404)

    routes = APIRouter(prefix="/bench", dependencies=[Depends(check)])

    @routes.get("/fault")
    def see_fault() -> dict[str, Any]:
        return {"mode": fault.mode.value, "delay_s": fault.delay_s}

    @routes.post("/fault")
    def set_fault(order: FaultOrder) -> dict[str, Any]:
        fault.mode, fault.delay_s = order.mode, order.delay_s
        return see_fault()

    @routes.get("/outbox")
    def outbox() -> list[dict[str, Any]]:
        """Messages, newest first."""
        with platform.store.begin() as session:
            rows = session.scalars(select(tables.Message).order_by(tables.Message.id.desc()).limit(100))
            return [
                {
                    "id": row.id,
                    "at": row.at,
                    "number": row.number,
                    "phone": row.phone,
                    "text": row.text,
                    "code": row.code,
                }
                for row in rows
            ]

    @routes.get("/residents")
    def residents() -> list[dict[str, Any]]:
        with platform.store.begin() as session:
            keys: dict[str, dict[str, str]] = {}
            for key in session.scalars(select(tables.ResidentKey)):
                keys.setdefault(key.resident, {})[key.kind] = key.value
            rows = session.scalars(select(tables.Resident).order_by(tables.Resident.id))
            return [_resident(row) | {"keys": keys.get(row.id, {})} for row in rows]

    @routes.get("/approvals")
    def waiting() -> list[dict[str, Any]]:
        return [_approval(platform, row) for row in approvals.pending(platform)]

    @routes.post("/approvals/{approval_id}")
    def decide(approval_id: str, order: Decision) -> dict[str, Any]:
        """Play the clerk; the pages are the real way."""
        try:
            if order.decision == "ask":
                approvals.question(platform, approval_id, order.text, order.clerk)
            else:
                approvals.decide(platform, approval_id, approvals.Event(order.decision), order.clerk)
        except approvals.NotPossible as error:
            raise HTTPException(409, str(error)) from None
        return {"approval_id": approval_id}

    @routes.post("/reset")
    def reset() -> dict[str, Any]:
        """End the fault, forget codes, messages and approvals, set the residents back; transactions stay."""
        fault.end()
        with platform.store.begin() as session:
            for table in (tables.Code, tables.Message, tables.Approval):
                session.execute(delete(table))
            seed(session)
        return see_fault()

    return routes


def _approval(platform: Platform, row: tables.Approval) -> dict[str, Any]:
    desk, now = platform.desk, platform.clock()
    lines = [{"text": line.text, "answer": line.answer} for line in desk.lines(row.id, now)]
    pictures = desk.pictures(row.id, now) is not None
    return {
        "approval_id": row.id, "state": row.state, "clerk": row.clerk, "has_pictures": pictures, "lines": lines
    }  # fmt: skip


def _resident(row: tables.Resident) -> dict[str, Any]:
    return {
        "id": row.id,
        "number": row.number,
        "name": row.name,
        "latin_name": row.latin_name,
        "nationality": row.nationality,
        "birth": row.birth,
        "sex": row.sex,
        "address": row.address,
        "phone": row.phone,
        "guardian_name": row.guardian_name,
        "has_pension": row.has_pension,
        "confirmed_until": row.confirmed_until,
        "portrait": base64.b64encode(row.portrait).decode() if row.portrait else None,
        "documents": row.documents,
        "note": row.note,
    }
