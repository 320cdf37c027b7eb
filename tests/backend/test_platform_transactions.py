"""Deliveries: taken once, judged, answered the same way again; what is refused and what is rejected."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select, update

from backend import bodies, registry, tables, transactions
from backend.problems import Problem
from kiosk.uplink.bodies import Envelope, signed_text
from tests.backend.serving import (
    CHEN,
    LI,
    NOBODY,
    ZHANG,
    ZHAO,
    InProcess,
    citizen,
    number_of,
    opened_body,
    sealed_envelope,
)


def deliver(inside: InProcess, envelope: Envelope) -> tuple[bool, dict[str, Any]]:
    return transactions.deliver(inside.platform, bodies.Envelope.model_validate_json(msgspec.json.encode(envelope)))


def outcome_of(inside: InProcess, sequence: int, **changes: Any) -> tuple[str, str | None]:
    _, acknowledgement = deliver(inside, sealed_envelope(inside.seal_pub, sequence, **changes))
    return acknowledgement["state"], acknowledgement["reason"]


def confirmed_until(inside: InProcess, number: str) -> str | None:
    ask = bodies.Lookup(booth="B7", visit="v1", key=citizen(number), service="pension-alive")
    return registry.lookup(inside.platform, ask).facts["confirmed_until"]


def test_taken_once_and_answered_alike(inside: InProcess) -> None:
    envelope = sealed_envelope(inside.seal_pub, 1)
    is_new, first = deliver(inside, envelope)
    inside.clock.turn(days=90)  # keys are kept at least as long as a booth may be offline
    is_new_again, second = deliver(inside, envelope)
    assert (is_new, is_new_again) == (True, False)
    assert first == second == transactions.outcome(inside.platform, "B7", envelope.key)
    inside.platform.sign_key.public_key().verify(base64.b64decode(first["signature"]), signed_text(first))
    with inside.platform.store.begin() as session:
        assert session.scalar(select(func.count()).select_from(tables.Transaction)) == 1
        row = session.get_one(tables.Transaction, envelope.key)
        assert row.body == opened_body()


def test_a_key_is_one_transaction(inside: InProcess) -> None:
    envelope = sealed_envelope(inside.seal_pub, 1)
    deliver(inside, envelope)
    other = sealed_envelope(inside.seal_pub, 1, key=envelope.key)  # sealed anew: another digest
    assert other.digest != envelope.digest
    with pytest.raises(Problem, match="key-reused"):
        deliver(inside, other)


def test_a_number_is_one_transaction(inside: InProcess) -> None:
    deliver(inside, sealed_envelope(inside.seal_pub, 1))
    with pytest.raises(Problem, match="number-reused"):
        deliver(inside, sealed_envelope(inside.seal_pub, 1))


def test_the_same_envelope_many_times_at_once(inside: InProcess) -> None:
    envelope = sealed_envelope(inside.seal_pub, 1)

    def once(_: int) -> str:
        try:
            return json.dumps(deliver(inside, envelope)[1], sort_keys=True)
        except Problem as problem:
            return problem.kind.word

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(once, range(16)))
    acknowledgement = json.dumps(transactions.outcome(inside.platform, "B7", envelope.key), sort_keys=True)
    assert acknowledgement in answers
    assert answers <= {acknowledgement, "being-processed"}


def test_what_is_being_processed_is_waited_for_then_taken_over(inside: InProcess) -> None:
    envelope = sealed_envelope(inside.seal_pub, 1)
    deliver(inside, envelope)
    with inside.platform.store.begin() as session:  # as a platform leaves it that died before it judged
        session.execute(update(tables.Transaction).values(state="processing", acknowledgement=None, body=None))
    for ask in (lambda: deliver(inside, envelope), lambda: transactions.outcome(inside.platform, "B7", envelope.key)):
        with pytest.raises(Problem, match="being-processed"):
            ask()
    inside.clock.turn(seconds=30)
    with pytest.raises(Problem, match="unknown-key"):  # so the booth sends it again
        transactions.outcome(inside.platform, "B7", envelope.key)
    is_new, acknowledgement = deliver(inside, envelope)
    assert (is_new, acknowledgement["state"]) == (True, "accepted")


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"digest": "0" * 64}, "digest-mismatch"),
        ({"number": "B7-000001-0"}, "bad-number"),
        ({"number": number_of(2)}, "bad-number"),
        ({"number": number_of(1, "B8")}, "bad-number"),
        ({"sealed": b""}, "digest-mismatch"),
    ],
    ids=str,
)
def test_what_cannot_be_an_envelope(inside: InProcess, changes: dict[str, Any], kind: str) -> None:
    envelope = msgspec.structs.replace(sealed_envelope(inside.seal_pub, 1), **changes)
    with pytest.raises(Problem, match=f"^{kind}$"):
        deliver(inside, envelope)


def test_what_is_rejected_for_good(inside: InProcess) -> None:
    assert outcome_of(inside, 1, service="fortune-telling") == ("rejected", "unknown-service")
    assert outcome_of(inside, 2, schema=2) == ("rejected", "unknown-schema")
    assert outcome_of(inside, 3, service="contribution-certificate") == ("rejected", "unknown-schema")  # an enquiry
    assert outcome_of(inside, 4, body=b"\xff{") == ("rejected", "bad-body")
    assert outcome_of(inside, 5, body={"resident": None}) == ("rejected", "bad-body")
    assert outcome_of(inside, 6, body={**opened_body(), "extra": 1}) == ("rejected", "bad-body")
    stranger = InProcess(inside.url.replace("backend.db", "other.db"))
    stranger.platform.store.close()
    envelope = sealed_envelope(stranger.seal_pub, 7)
    _, foreign = deliver(inside, envelope)
    assert (foreign["state"], foreign["reason"]) == ("rejected", "cannot-open")
    assert deliver(inside, envelope) == (False, foreign)  # the rejection is as durable as an acceptance


@pytest.mark.parametrize(
    ("number", "way", "expected"),
    [
        (ZHANG, "face", ("accepted", None)),
        (ZHAO, "clerk", ("accepted", None)),
        (ZHANG, "code", ("rejected", "not-identified")),  # a code sent to a phone proves no life
        (None, "none", ("rejected", "not-identified")),
        (None, "face", ("rejected", "bad-body")),
        (NOBODY, "face", ("rejected", "unknown-resident")),
        (CHEN, "face", ("rejected", "no-pension")),
    ],
)
def test_who_may_confirm_a_pension(
    inside: InProcess, number: str | None, way: str, expected: tuple[str, str | None]
) -> None:
    assert outcome_of(inside, 1, service="pension-alive", body=opened_body(number, way)) == expected


def test_a_confirmation_holds_for_twelve_months_and_is_told(inside: InProcess) -> None:
    assert confirmed_until(inside, ZHANG) is None
    assert confirmed_until(inside, LI) == "2027-03-31"
    outcome_of(inside, 1, service="pension-alive", body=opened_body(ZHANG, "face"))
    assert confirmed_until(inside, ZHANG) == "2027-06-01"
    inside.clock.turn(days=366)
    assert confirmed_until(inside, ZHANG) is None  # due again
    inside.clock.now = dt.datetime(2028, 2, 29, 2, tzinfo=dt.UTC)
    outcome_of(inside, 2, service="pension-alive", body=opened_body(ZHANG, "face"))
    assert confirmed_until(inside, ZHANG) == "2029-02-28"


def test_another_booth_learns_nothing_of_a_key(inside: InProcess) -> None:
    envelope = sealed_envelope(inside.seal_pub, 1)
    deliver(inside, envelope)
    with pytest.raises(Problem, match="unknown-key"):
        transactions.outcome(inside.platform, "B8", envelope.key)
    with pytest.raises(Problem, match="key-reused"):
        deliver(inside, sealed_envelope(inside.seal_pub, 1, key=envelope.key, booth="B8"))


def test_reconciliation_names_the_gap(inside: InProcess) -> None:
    sent = [sealed_envelope(inside.seal_pub, sequence) for sequence in (1, 2, 4)]
    for envelope in sent:
        deliver(inside, envelope)

    def reconcile(first: int, last: int, envelopes: list[Envelope]) -> tuple[bool, list[int]]:
        lines = "".join(sorted(f"{envelope.number}:{envelope.digest}\n" for envelope in envelopes))
        digest = hashlib.sha256(lines.encode()).hexdigest()
        ask = {"booth": "B7", "sequence_from": first, "sequence_to": last, "count": len(envelopes), "digest": digest}
        found = transactions.reconcile(inside.platform, bodies.ReconciliationRequest.model_validate(ask))
        return found.matches, found.missing

    assert reconcile(1, 2, sent[:2]) == (True, [])
    assert reconcile(1, 4, sent) == (True, [3])
    assert reconcile(1, 2, sent[:1]) == (False, [])
    assert reconcile(1, 1, [sealed_envelope(inside.seal_pub, 1)]) == (False, [])
    for first, last in ((2, 1), (1, 100_001)):
        with pytest.raises(Problem, match="bad-request"):
            reconcile(first, last, [])
