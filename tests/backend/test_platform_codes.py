"""One-time codes: right, wrong three times, replaced, expired, limited. Time is turned, not waited for."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from backend import codes, tables
from backend.bodies import CodeAttempt, CodeRequest, CodeSent, RegistryKey
from backend.problems import Kind, Problem
from tests.backend.serving import LI, NOBODY, SUN, WANG, ZHANG, ZHAO, InProcess


def send(inside: InProcess, number: str = ZHANG, *, booth: str = "B7", visit: str = "v1") -> CodeSent:
    return codes.send(
        inside.platform, CodeRequest(booth=booth, visit=visit, key=RegistryKey(kind="citizen", value=number))
    )


def newest_code(inside: InProcess) -> str:
    with inside.platform.store.begin() as session:
        code = session.scalar(select(tables.Message.code).order_by(tables.Message.id.desc()))
    assert code
    return code


def attempt(inside: InProcess, sent: CodeSent, code: str, *, booth: str = "B7", visit: str = "v1") -> tuple[bool, int]:
    result = codes.verify(inside.platform, sent.code_id, CodeAttempt(booth=booth, visit=visit, code=code))
    return result.is_right, result.attempts_left


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def refused(kind: Kind) -> pytest.RaisesExc[Problem]:
    return pytest.raises(Problem, match=f"^{kind.word}$")


def test_the_right_code_counts_once(inside: InProcess) -> None:
    sent = send(inside)
    code = newest_code(inside)
    assert (sent.phone_masked, sent.expires_s) == ("138****8000", 300)
    assert attempt(inside, sent, wrong(code)) == (False, 2)
    assert attempt(inside, sent, code)[0]
    with refused(Kind.CODE_DEAD):
        attempt(inside, sent, code)


def test_three_wrong_attempts_kill_a_code(inside: InProcess) -> None:
    sent = send(inside)
    code = newest_code(inside)
    assert [attempt(inside, sent, wrong(code)) for _ in range(3)] == [(False, 2), (False, 1), (False, 0)]
    with refused(Kind.CODE_DEAD):
        attempt(inside, sent, code)


def test_an_attempt_is_counted_before_it_is_compared(inside: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = send(inside)

    def power_cut(*_: object) -> bool:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("backend.codes.hmac.compare_digest", power_cut)
        for _ in range(3):
            with pytest.raises(SystemExit):
                attempt(inside, sent, "000000")
    with refused(Kind.CODE_DEAD):
        attempt(inside, sent, newest_code(inside))


def test_a_code_runs_out(inside: InProcess) -> None:
    sent = send(inside)
    inside.clock.turn(seconds=299)
    assert attempt(inside, sent, wrong(newest_code(inside))) == (False, 2)
    inside.clock.turn(seconds=1)
    with refused(Kind.CODE_EXPIRED):
        attempt(inside, sent, newest_code(inside))


def test_a_newer_code_replaces_the_older(inside: InProcess) -> None:
    older = send(inside)
    code = newest_code(inside)
    inside.clock.turn(seconds=30)
    newer = send(inside)
    with refused(Kind.CODE_DEAD):
        attempt(inside, older, code)
    assert attempt(inside, newer, newest_code(inside))[0]


@pytest.mark.parametrize("where", [{"booth": "B8"}, {"visit": "v2"}], ids=str)
def test_a_code_belongs_to_its_booth_and_visit(inside: InProcess, where: dict[str, str]) -> None:
    sent = send(inside)
    with refused(Kind.UNKNOWN_CODE):
        attempt(inside, sent, newest_code(inside), **where)


def test_five_an_hour_for_a_resident(inside: InProcess) -> None:
    for minute in range(5):
        send(inside, booth=f"B{minute}")  # at whichever booth
        inside.clock.turn(minutes=1)
    with pytest.raises(Problem) as limited:
        send(inside)
    assert (limited.value.kind, limited.value.retry_after_s) == (Kind.RATE_LIMITED, 55 * 60)
    inside.clock.turn(minutes=55)
    assert send(inside)


def test_not_twice_within_half_a_minute(inside: InProcess) -> None:
    send(inside)
    inside.clock.turn(seconds=29)
    with pytest.raises(Problem) as limited:
        send(inside)
    assert (limited.value.kind, limited.value.retry_after_s) == (Kind.RATE_LIMITED, 1)


def test_thirty_an_hour_for_a_booth(inside: InProcess) -> None:
    with inside.platform.store.begin() as session:
        for place in range(30):
            session.add(
                tables.Code(
                    id=f"earlier-{place}",
                    booth="B7",
                    visit="v0",
                    number=LI,
                    digest="0" * 64,
                    sent_at=inside.clock(),
                    expires_at=inside.clock(),
                    attempts=0,
                    state="dead",
                )
            )
    with refused(Kind.RATE_LIMITED):
        send(inside, WANG)
    assert send(inside, SUN, booth="B8")
    inside.clock.turn(hours=1)
    assert send(inside, WANG)


def test_who_has_no_phone_gets_no_code(inside: InProcess) -> None:
    with refused(Kind.NO_PHONE):
        send(inside, ZHAO)
    with refused(Kind.UNKNOWN_RESIDENT):
        send(inside, NOBODY)


def test_the_table_of_states_has_no_way_back() -> None:
    left = {state for state, _ in codes.TRANSITIONS}
    assert left == {codes.State.SENT}
