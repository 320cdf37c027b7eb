"""Pages about the booths' sites: who is there, what is in alarm, and forms to acknowledge, reset, shelve, command.

Part of the staff listener, with its login and its tokens. Who gives a command is who is logged in; why is asked for.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, get_args
from urllib.parse import quote

from fastapi import FastAPI, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select

from backend import fleet
from backend.alarm_state import SEVERITIES, UNSEEN
from backend.telemetry_tables import SiteAlarm, SiteBooth, SiteCommand

if TYPE_CHECKING:
    from backend.staff_pages import Pages

Text = Annotated[str, Form(max_length=200)]
_COMMANDS_SHOWN = 30
_VERBS = frozenset(get_args(fleet.Verb))
WORDS = {
    "online": "在线 online", "lost": "失联 lost", "stopped": "已停止 stopped",
    "fire": "火警 fire", "panic": "求助 panic", "intrusion": "侵入 intrusion", "fault": "故障 fault",
    "supervisory": "监管 supervisory", "info": "提示 info",
    "unack": "未确认 unacknowledged", "acked": "已确认 acknowledged", "rtn_unack": "已恢复，未确认 returned",
    "latched_unack": "已锁定，未确认 latched, unacknowledged", "latched": "已锁定，待复位 latched",
    "normal": "正常 normal",
    "shelved": "已搁置 shelved", "suppressed": "由上级代表 suppressed", "out_of_service": "停用 out of service",
    "chattering": "抖动 chattering", "flood": "泛滥 flood",
    "acknowledge": "确认 acknowledge", "reset": "复位 reset", "shelve": "搁置 shelve", "unshelve": "取消搁置 unshelve",
    "in_service": "恢复使用 in service", "command": "指令 command",
}  # fmt: skip
ESCALATION = ("", "升级至第二渠道 second channel", "升级至部门 department")


@dataclass(frozen=True)
class BoothShown:
    """A booth on the list. ``behind``: rows of its journal that are not here; None when it never said."""

    line: SiteBooth
    alarms: list[SiteAlarm]

    @property
    def behind(self) -> int:
        return max(0, self.line.newest - self.line.committed)


@dataclass(frozen=True)
class AlarmShown:
    """An alarm with its covers as words, and what may be asked for it."""

    row: SiteAlarm
    covers: list[str]
    verbs: list[str]
    waits_s: int | None


def add(app: FastAPI, pages: Pages) -> None:
    """Add the pages to the staff application."""
    platform = pages.platform

    @app.get("/booths")
    def booths(request: Request) -> Response:
        if (who := pages.who(request)) is None:
            return RedirectResponse("/login", 303)
        shown = _booths(pages)
        fires = [
            (_alarm(one, platform.clock()), booth.line.id)
            for booth in shown
            for one in booth.alarms
            if one.severity == "fire" and one.state in UNSEEN
        ]
        answer = pages.show(
            "booths", who, rows=shown, fires=fires, is_ingesting=fleet.is_ingesting(platform), words=WORDS,
            escalation=ESCALATION,
        )  # fmt: skip
        answer.headers["Refresh"] = "3; url=/booths"
        return answer

    @app.get("/booths/{booth_id}")
    def one(request: Request, booth_id: str) -> Response:
        if pages.who(request) is None:
            return RedirectResponse("/login", 303)
        return _page(pages, request, booth_id)

    @app.post("/booths/{booth_id}/do")
    def do(
        request: Request, booth_id: str, token: Text, verb: Text, reason: Text = "", key: Text = "", target: Text = "",
        for_s: Text = "",
    ) -> Response:  # fmt: skip
        who = pages.allowed(request, token)
        if who is None or verb not in _VERBS:
            return _refused(pages, request)
        output, _, act = target.partition(" ")
        try:
            lasts_s = float(for_s) if for_s and verb in fleet.LONGEST_S else None  # one choice serves several buttons
            wish = fleet.Wish(verb, reason, key, output, act, lasts_s)  # type: ignore[arg-type]
            fleet.order(platform, booth_id, wish, f"{who.clerk}@platform")
        except fleet.NotOrderedError as error:
            return _page(pages, request, booth_id, str(error), 422)
        except ValueError:
            return _refused(pages, request)
        return RedirectResponse(f"/booths/{quote(booth_id, safe='')}?note=sent", 303)

    @app.post("/booths/{booth_id}/anew")
    def anew(request: Request, booth_id: str, token: Text) -> Response:
        if (who := pages.allowed(request, token)) is None:
            return _refused(pages, request)
        try:
            fleet.start_anew(platform, booth_id, who.clerk)
        except fleet.NotOrderedError as error:
            return _page(pages, request, booth_id, str(error), 422)
        return RedirectResponse(f"/booths/{quote(booth_id, safe='')}", 303)


def _booths(pages: Pages) -> list[BoothShown]:
    with pages.platform.store.begin() as session:
        lines = list(session.scalars(select(SiteBooth).order_by(SiteBooth.id)))
        alarms: dict[str, list[SiteAlarm]] = {line.id: [] for line in lines}
        for alarm in session.scalars(select(SiteAlarm).where(SiteAlarm.state != "normal")):
            alarms.get(alarm.booth, []).append(alarm)
    for several in alarms.values():
        several.sort(key=_urgency)
    return [BoothShown(line, alarms[line.id]) for line in lines]


def _page(pages: Pages, request: Request, booth_id: str, trouble: str = "", status: int = 200) -> Response:
    who = pages.who(request)
    with pages.platform.store.begin() as session:
        line = session.get(SiteBooth, booth_id)
        rows = list(session.scalars(select(SiteAlarm).where(SiteAlarm.booth == booth_id)))
        newest = select(SiteCommand).where(SiteCommand.booth == booth_id).order_by(SiteCommand.issued_at.desc())
        commands = list(session.scalars(newest.limit(_COMMANDS_SHOWN)))
    if line is None:
        return pages.show("refused", who, 404, words="没有这个服务亭。There is no such booth.")
    now = pages.platform.clock()
    shown = [_alarm(row, now) for row in sorted(rows, key=_urgency)]
    shown = [one for one in shown if one.row.state != "normal" or one.covers]
    targets = [(f"{o.get('name')} {act}", o.get("name"), act) for o in _outputs(line) for act in o.get("acts", ())]
    return pages.show(
        "booth", who, status, line=line, alarms=shown, commands=commands, targets=targets, words=WORDS,
        escalation=ESCALATION, trouble=trouble, note=request.query_params.get("note"),
        is_ingesting=fleet.is_ingesting(pages.platform), behind=BoothShown(line, []).behind,
    )  # fmt: skip


def _outputs(line: SiteBooth) -> list[dict[str, Any]]:
    outputs = line.birth.get("outputs", ())
    return [{**one, "acts": [act for act in one.get("acts", ()) if act in fleet.MAY_COMMAND]} for one in outputs]


def _alarm(row: SiteAlarm, now: dt.datetime) -> AlarmShown:
    covers = [word for word, (lies, _) in sorted(row.covers.items()) if lies]
    verbs = ["acknowledge"] if row.state in UNSEEN else []
    verbs += ["reset"] if row.state == "latched" else []
    if row.severity != "fire":
        verbs.append("unshelve" if "shelved" in covers else "shelve")
    verbs.append("in_service" if "out_of_service" in covers else "out_of_service")
    waits_s = None if row.waits_since is None else int((now - row.waits_since).total_seconds())
    return AlarmShown(row, covers, verbs, waits_s)


def _urgency(row: SiteAlarm) -> tuple[int, str, str]:
    rank = SEVERITIES.index(row.severity) if row.severity in SEVERITIES else len(SEVERITIES)
    return rank, row.at, row.key


def _refused(pages: Pages, request: Request) -> Response:
    words = "请求无效，请返回重试。This form was not ours or too old; go back and try again."
    return pages.show("refused", pages.who(request), 403, words=words)
