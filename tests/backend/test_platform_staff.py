"""Clerks: lock-out and sessions by a turned clock; then the pages through their real listener."""

from __future__ import annotations

import asyncio
import re

import pytest
import requests

from backend.staff import LockedError, Staff
from tests.backend.serving import TOKEN, ZHANG, InProcess, Serving, key_of


@pytest.fixture
def staff(inside: InProcess) -> Staff:
    made = Staff(inside.platform)
    made.ensure("clerk", "right")
    return made


def locked_s(staff: Staff, password: str = "right") -> int:
    try:
        staff.log_in("clerk", password)
    except LockedError as error:
        return error.retry_after_s
    return 0


def test_the_right_password_opens_a_session(staff: Staff) -> None:
    assert staff.log_in("clerk", "wrong") is None
    assert staff.log_in("nobody", "right") is None
    cookie = staff.log_in("clerk", "right")
    assert cookie
    who = staff.who(cookie)
    assert who is not None
    assert who.clerk == "clerk"
    staff.log_out(cookie)
    assert staff.who(cookie) is None
    assert staff.who("made up") is None


def test_five_wrong_passwords_lock_doubling(staff: Staff, inside: InProcess) -> None:
    for _ in range(5):
        assert staff.log_in("clerk", "wrong") is None
    assert locked_s(staff) == 16  # 15 s, and the second that has begun
    inside.clock.turn(seconds=15)
    assert locked_s(staff, "wrong") == 0
    assert locked_s(staff) == 31
    inside.clock.turn(seconds=30)
    assert locked_s(staff) == 0  # right: the count begins anew
    assert staff.log_in("clerk", "wrong") is None
    assert locked_s(staff) == 0


def test_a_session_ends_when_idle_and_at_the_days_end(staff: Staff, inside: InProcess) -> None:
    cookie = staff.log_in("clerk", "right") or ""
    inside.clock.turn(minutes=15, seconds=1)
    assert staff.who(cookie) is None
    cookie = staff.log_in("clerk", "right") or ""
    for _ in range(48):
        inside.clock.turn(minutes=10)
        assert staff.who(cookie)
    inside.clock.turn(minutes=10)
    assert staff.who(cookie) is None


def test_the_account_takes_a_new_password(staff: Staff) -> None:
    staff.ensure("clerk", "newer")
    assert staff.log_in("clerk", "right") is None
    assert staff.log_in("clerk", "newer")


class Browser(requests.Session):
    """What a clerk's browser does: cookies, forms, redirects."""

    def __init__(self, served: Serving) -> None:
        super().__init__()
        self.base = served.staff_url
        self.password = (served.run / "staff-password").read_text().strip()

    def open(self, path: str) -> requests.Response:
        return self.get(self.base + path, timeout=30)

    def send_form(self, path: str, **fields: str) -> requests.Response:
        return self.post(self.base + path, data=fields, timeout=30)

    def log_in(self, password: str | None = None) -> requests.Response:
        token = token_in(self.open("/login"))
        return self.send_form("/login", name="clerk", password=password or self.password, token=token)


def token_in(answer: requests.Response) -> str:
    found = re.search(r'name="token" value="([^"]+)"', answer.text)
    assert found, answer.text
    return found[1]


@pytest.fixture
def browser(served: Serving) -> Browser:
    served.bench("reset", {})
    return Browser(served)


@pytest.mark.peer
@pytest.mark.parametrize("path", ["/", "/transactions", "/messages", "/residents", "/anything"])
def test_without_a_login_every_page_is_the_login(browser: Browser, path: str) -> None:
    answer = browser.open(path)
    assert answer.url.endswith("/login")
    assert "工作人员登录" in answer.text


@pytest.mark.peer
def test_a_clerk_takes_and_approves(browser: Browser, served: Serving) -> None:
    async def ask() -> str:
        async with served.client() as backend:
            words = ("pension-alive", "张**", "110***********9024", "<b>是本人吗</b>")
            return (await backend.ask_approval("v1", *words)).approval_id

    async def state(approval_id: str) -> tuple[str, str | None]:
        async with served.client() as backend:
            found = await backend.approval(approval_id)
            return found.state.value, found.clerk

    approval_id = asyncio.run(ask())
    page = browser.log_in()
    assert "张**" in page.text
    assert "&lt;b&gt;是本人吗" in page.text  # what a booth sends is text, never markup
    token = token_in(page)
    assert browser.send_form(f"/approvals/{approval_id}/take", token=token).status_code == 200
    assert asyncio.run(state(approval_id)) == ("taken", "clerk")
    for without in ("", "forged"):
        assert browser.send_form(f"/approvals/{approval_id}/approve", token=without).status_code in (403, 422)
    assert asyncio.run(state(approval_id)) == ("taken", "clerk")
    assert "现在没有人在等" in browser.send_form(f"/approvals/{approval_id}/approve", token=token).text
    assert asyncio.run(state(approval_id)) == ("approved", "clerk")
    assert "已经结束" in browser.send_form(f"/approvals/{approval_id}/refuse", token=token).text
    assert browser.send_form(f"/approvals/{approval_id}/explode", token=token).status_code == 403


@pytest.mark.peer
def test_pages_show_numbers_masked(browser: Browser, served: Serving) -> None:
    async def send_code() -> None:
        async with served.client() as backend:
            await backend.send_code("v1", key_of(ZHANG))

    asyncio.run(send_code())
    browser.log_in()
    assert "138****8000" in browser.open("/messages").text
    residents = browser.open("/residents").text
    assert "110***********9024" in residents
    assert browser.open("/transactions").status_code == 200
    assert ZHANG not in residents + browser.open("/messages").text
    assert "13800138000" not in residents


@pytest.mark.peer
def test_leaving_needs_the_token_and_ends_the_session(browser: Browser) -> None:
    page = browser.log_in()
    assert browser.send_form("/logout", token="forged").status_code == 403
    assert "退出" in browser.open("/residents").text
    browser.send_form("/logout", token=token_in(page))
    assert browser.open("/residents").url.endswith("/login")


@pytest.mark.peer
def test_the_login_form_must_be_ours(browser: Browser) -> None:
    answer = browser.send_form("/login", name="clerk", password=browser.password, token="made up elsewhere")
    assert answer.status_code == 403
    assert browser.open("/").url.endswith("/login")


@pytest.mark.peer
def test_wrong_passwords_end_in_a_lock(browser: Browser) -> None:
    for _ in range(5):
        assert browser.log_in("wrong").status_code == 403
    answer = browser.log_in()
    assert answer.status_code == 429
    assert "秒后再试" in answer.text


@pytest.mark.peer
def test_answers_carry_their_guards(browser: Browser) -> None:
    answer = browser.open("/login")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    (cookie,) = browser.cookies
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert "samesite=strict" in answer.headers["Set-Cookie"].lower()
    assert requests.get(f"{browser.base}/login", headers={"Host": "elsewhere.example"}, timeout=30).status_code == 400


@pytest.mark.peer
@pytest.mark.parametrize("headers", [{}, {"X-Bench-Token": "guessed"}, {"X-Bench-Token": TOKEN[:-1]}], ids=str)
def test_the_bench_needs_its_token(served: Serving, headers: dict[str, str]) -> None:
    for path in ("outbox", "residents", "fault"):
        assert requests.get(f"{served.staff_url}/bench/{path}", headers=headers, timeout=30).status_code == 404
    assert requests.post(f"{served.staff_url}/bench/reset", headers=headers, timeout=30).status_code == 404
