"""The fleet by a turned clock: silence, fires that nobody acknowledges, commands that wait; then its pages."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re

import httpx
import pytest
from sqlalchemy import select

from backend import fleet, ingest, staff_pages
from backend import telemetry_wire as wire
from backend.faults import Fault
from backend.staff import Staff
from backend.tables import AuditRow
from backend.telemetry_tables import SiteAlarm, SiteBooth, SiteCommand
from tests.backend.serving import InProcess
from tests.backend.site_rig import GRID, OUTPUTS

CLERK = "clerk@platform"


def say(inside: InProcess, kind: str, booth: str = "B7", **body: object) -> None:
    head = {"boot": "boot-1", "session": "s1", "seq": 1, "qtime": "synced", "id": "s1-1"}
    heard = wire.heard(f"css/1/{GRID}/{booth}/{kind}", json.dumps(head | body).encode(), "")
    assert heard is not None
    assert heard.said is not None
    ingest.take(inside.platform, [heard])


def alarm(inside: InProcess, seq: int, after: str, what: str = "raise", severity: str = "fire", **more: object) -> None:
    body = {"point": "hall.loop", "rule": "fire", "severity": severity, "what": what, "after": after, "who": "watch"}
    at = inside.clock.now.isoformat()
    row = {"seq": seq, "boot": "boot-1", "tmono": 1, "time": at, "qtime": "synced", "class": "alm", "body": body | more}
    say(inside, "alm", rows=[row])


def born(inside: InProcess) -> None:
    say(inside, "birth", outputs=[*OUTPUTS, {"name": "release.doors", "acts": ["release"]}])


def states(inside: InProcess) -> dict[str, str]:
    with inside.platform.store.begin() as session:
        return {one.id: one.state for one in session.scalars(select(SiteBooth))}


def look(inside: InProcess, started_s_ago: float = 3600) -> list[str]:
    return fleet.look(inside.platform, "w1", inside.clock.now - dt.timedelta(seconds=started_s_ago))


def climbs(inside: InProcess) -> list[str]:
    """Of the news only those of fires."""
    return [one for one in look(inside) if "/" in one]


def test_a_booth_that_falls_silent_is_lost_within_30_s_and_found_when_it_speaks(inside: InProcess) -> None:
    say(inside, "state")
    say(inside, "state", "B8")
    inside.clock.turn(seconds=25)
    say(inside, "state", "B8")
    assert look(inside) == []
    inside.clock.turn(seconds=4)  # heartbeats every 10 s, looked at every second
    assert look(inside) == ["B7: lost"]
    assert look(inside) == []  # once
    assert states(inside) == {"B7": "lost", "B8": "online"}
    say(inside, "state")
    assert states(inside)["B7"] == "online"


def test_a_platform_that_was_deaf_calls_nobody_lost(inside: InProcess) -> None:
    say(inside, "state")
    inside.clock.turn(minutes=60)
    assert not fleet.is_ingesting(inside.platform)
    assert look(inside, started_s_ago=3) == []
    assert states(inside) == {"B7": "online"}
    assert fleet.is_ingesting(inside.platform)


def test_a_fire_that_nobody_acknowledges_climbs_once_each(inside: InProcess) -> None:
    alarm(inside, 1, "unack")
    inside.clock.turn(seconds=29)
    assert climbs(inside) == []
    inside.clock.turn(seconds=1)
    assert climbs(inside) == ["B7 hall.loop/fire: second channel"]
    inside.clock.turn(seconds=60)
    assert climbs(inside) == ["B7 hall.loop/fire: department"]
    assert climbs(inside) == []
    with inside.platform.store.begin() as session:
        audited = [row.outcome for row in session.scalars(select(AuditRow).where(AuditRow.what == "site_escalation"))]
    assert audited == ["B7: second channel", "B7: department"]
    alarm(inside, 2, "acked", "acknowledge")
    alarm(inside, 3, "normal", "reset")
    alarm(inside, 4, "unack")
    inside.clock.turn(seconds=30)
    assert climbs(inside) == ["B7 hall.loop/fire: second channel"]  # another fire


@pytest.mark.parametrize(("severity", "cover"), [("fault", ""), ("fire", "+out_of_service")])
def test_other_classes_and_disabled_inputs_do_not_climb(inside: InProcess, severity: str, cover: str) -> None:
    alarm(inside, 1, "unack", severity=severity)
    if cover:
        alarm(inside, 2, "unack", cover, severity)
    inside.clock.turn(minutes=10)
    assert climbs(inside) == []


def test_a_command_is_said_again_until_it_is_answered_or_too_late(inside: InProcess) -> None:
    born(inside)
    wish = fleet.Wish("command", "visitor", output="gate.arm", act="open")
    number = fleet.order(inside.platform, "B7", wish, CLERK)
    first = fleet.due(inside.platform)
    body = json.loads(first[0].body)
    assert (first[0].grid, first[0].booth, first[0].lives_s) == (GRID, "B7", 60)
    assert body == {
        "id": number, "verb": "command", "who": CLERK, "reason": "visitor", "output": "gate.arm", "act": "open",
        "issued": inside.clock.now.timestamp(), "expires": inside.clock.now.timestamp() + 60,
    }  # fmt: skip
    assert fleet.due(inside.platform) == []
    inside.clock.turn(seconds=11)
    assert [json.loads(one.body)["id"] for one in fleet.due(inside.platform)] == [number]
    inside.clock.turn(seconds=50)
    assert fleet.due(inside.platform) == []


@pytest.mark.parametrize(
    "wish",
    [
        fleet.Wish("command", " ", output="gate.arm", act="open"),
        fleet.Wish("command", "r", output="gate.arm", act="water"),
        fleet.Wish("command", "r", output="hatch.arm", act="open"),
        fleet.Wish("command", "r", output="gate.arm", act="open", for_s=-1),
        fleet.Wish("acknowledge", "r"),
        fleet.Wish("shelve", "r", key="a/b"),
        fleet.Wish("shelve", "r", key="a/b", for_s=9 * 3600),
        fleet.Wish("reset", "r", key="a/b", for_s=5),
        fleet.Wish("out_of_service", "r", key="a/b", for_s=float("nan")),
    ],
)
def test_what_makes_no_sense_is_not_ordered(inside: InProcess, wish: fleet.Wish) -> None:
    born(inside)
    with pytest.raises(fleet.NotOrderedError):
        fleet.order(inside.platform, "B7", wish, CLERK)
    with pytest.raises(fleet.NotOrderedError):
        fleet.order(inside.platform, "B9", fleet.Wish("reset", "r", key="a/b"), CLERK)
    assert fleet.due(inside.platform) == []


def test_old_rows_are_put_aside_only_when_the_booth_said_that_its_journal_is_new(inside: InProcess) -> None:
    born(inside)
    with pytest.raises(fleet.NotOrderedError):
        fleet.start_anew(inside.platform, "B7", "clerk")
    alarm(inside, 5, "unack")
    say(inside, "state", trouble="journal_behind")
    fleet.start_anew(inside.platform, "B7", "clerk")
    with inside.platform.store.begin() as session:
        assert session.get(SiteAlarm, ("B7", "hall.loop/fire")) is None


# -- the pages ----------------------------------------------------------------------------------------------------


class Browser:
    """Asks the application itself; keeps cookies, follows redirects."""

    def __init__(self, inside: InProcess, staff: Staff) -> None:
        self._app = staff_pages.build(inside.platform, staff, Fault(), None)
        self._cookies = httpx.Cookies()

    def get(self, path: str) -> httpx.Response:
        return asyncio.run(self._ask("GET", path, None))

    def post(self, path: str, data: dict[str, str]) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, data))

    async def _ask(self, method: str, path: str, data: dict[str, str] | None) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", cookies=self._cookies, follow_redirects=True
        ) as client:
            answer = await client.request(method, path, data=data)
            self._cookies = client.cookies
            return answer


@pytest.fixture
def browser(inside: InProcess) -> Browser:
    staff = Staff(inside.platform)
    staff.ensure("clerk", "right")
    made = Browser(inside, staff)
    page = made.get("/login")
    made.post("/login", data={"name": "clerk", "password": "right", "token": token_in(page.text)})
    return made


def token_in(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found, page
    return found[1]


def commands(inside: InProcess) -> list[SiteCommand]:
    with inside.platform.store.begin() as session:
        return list(session.scalars(select(SiteCommand).order_by(SiteCommand.issued_at)))


def test_the_list_shows_who_is_there_and_what_burns(inside: InProcess, browser: Browser) -> None:
    assert "还没有服务亭报告" in browser.get("/booths").text
    born(inside)
    alarm(inside, 1, "unack", detail="<b>smoke</b>")
    inside.clock.turn(seconds=95)
    say(inside, "state", "B8", watch="silent")
    look(inside)
    page = browser.get("/booths").text
    for words in ("失联 lost", "在线 online", "无应答 silent", "hall.loop/fire", "已等 95 秒", "升级至部门"):
        assert words in page
    one = browser.get("/booths/B7").text
    assert "&lt;b&gt;smoke" in one  # what a booth sends is text, never markup
    assert "gate.arm · open" in one
    assert "release" not in one  # releases belong to the booth's rules
    assert browser.get("/booths/B9").status_code == 404


def test_staff_acknowledge_reset_and_command_by_name_and_reason(inside: InProcess, browser: Browser) -> None:
    born(inside)
    alarm(inside, 1, "unack")
    token = token_in(browser.get("/booths/B7").text)
    form = {"token": token, "verb": "acknowledge", "key": "hall.loop/fire", "reason": "on the way", "for_s": "1800"}
    assert "已发出" in browser.post("/booths/B7/do", data=form).text
    gate = {"token": token, "verb": "command", "target": "gate.arm open", "reason": "ambulance"}
    browser.post("/booths/B7/do", data=gate)
    found = commands(inside)
    assert [(one.verb, one.body, one.who, one.reason) for one in found] == [
        ("acknowledge", {"key": "hall.loop/fire"}, "clerk@platform", "on the way"),
        ("command", {"output": "gate.arm", "act": "open"}, "clerk@platform", "ambulance"),
    ]
    alarm(inside, 2, "latched", "acknowledge")
    assert 'value="reset"' in browser.get("/booths/B7").text
    inside.clock.turn(seconds=61)
    assert "无回音" in browser.get("/booths/B7").text


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"token": "forged"}, 403), ({"verb": "reload"}, 403), ({"for_s": "soon"}, 403), ({"reason": " "}, 422),
     ({"reason": "x" * 201}, 422), ({"target": "release.doors release"}, 422)],
)  # fmt: skip
def test_forms_that_are_not_ours_or_not_whole_order_nothing(
    inside: InProcess, browser: Browser, changes: dict[str, str], status: int
) -> None:
    born(inside)
    token = token_in(browser.get("/booths/B7").text)
    form = {"token": token, "verb": "command", "target": "gate.arm open", "reason": "r"} | changes
    answer = browser.post("/booths/B7/do", data=form)
    assert answer.status_code == status
    assert commands(inside) == []


def test_without_a_login_there_is_nothing(inside: InProcess) -> None:
    born(inside)
    stranger = Browser(inside, Staff(inside.platform))
    for path in ("/booths", "/booths/B7"):
        assert stranger.get(path).url.path == "/login"
    assert stranger.post("/booths/B7/do", data={"token": "x", "verb": "reset"}).status_code == 403
    assert stranger.post("/booths/B7/anew", data={"token": "x"}).status_code == 403
