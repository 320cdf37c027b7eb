"""The client against the real platform behind its real listener: every call, and what each refusal is called."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from backend import pki
from kiosk.ledger.vault import digest_of
from kiosk.uplink.bodies import AckState, ApprovalState, Pictures
from kiosk.uplink.client import Backend
from kiosk.uplink.errors import Nonsense, NotKnown, RateLimited, Refused, Unreachable
from tests.backend.serving import NOBODY, WANG, ZHANG, ZHAO, Serving, key_of, opened_body, serving

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("run")) as platform:
        yield platform


@pytest.fixture
async def backend(served: Serving) -> AsyncIterator[Backend]:
    served.bench("reset", {})
    async with served.client() as client:
        yield client


async def test_catalogue(backend: Backend) -> None:
    catalogue = await backend.catalogue()
    assert {entry.id for entry in catalogue.services if entry.is_open} == {
        "pension-alive",
        "report-problem",
        "contribution-certificate",
    }


async def test_lookup(backend: Backend) -> None:
    found = await backend.lookup("v1", key_of(ZHANG), "pension-alive")
    assert (found.name, found.birth.isoformat(), found.phone) == ("张秀英", "1949-12-31", "13800138000")
    assert found.portrait is not None
    assert found.portrait.startswith(b"\xff\xd8")
    assert repr(found) == "Resident(...)"
    with pytest.raises(NotKnown) as unknown:
        await backend.lookup("v1", key_of(NOBODY), "pension-alive")
    assert unknown.value.kind == "unknown-resident"
    assert NOBODY not in str(unknown.value) + repr(unknown.value)


async def test_enquiry(backend: Backend) -> None:
    answers = {"insurance": "pension", "period": "last_24"}
    found = await backend.enquire("v1", key_of(WANG), "contribution-certificate", answers, language="zh")
    assert found.title == "社会保险缴费证明"
    assert len([row for row in found.rows if row.label.startswith("20")]) == 24
    assert "青禾" not in repr(found)
    with pytest.raises(Refused) as refused:
        await backend.enquire("v1", key_of(ZHANG), "contribution-certificate", answers, language="en")
    assert (refused.value.kind, refused.value.status) == ("nothing-found", 409)
    with pytest.raises(NotKnown) as unknown:
        await backend.enquire("v1", key_of(ZHANG), "fortune-telling", {}, language="en")
    assert unknown.value.kind == "unknown-service"


async def test_code(backend: Backend, served: Serving) -> None:
    sent = await backend.send_code("v1", key_of(ZHANG))
    right = served.bench("outbox")[0]["code"]
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    first = await backend.verify_code("v1", sent.code_id, wrong)
    assert (first.is_right, first.attempts_left) == (False, 2)
    assert (await backend.verify_code("v1", sent.code_id, right)).is_right
    with pytest.raises(Refused) as dead:
        await backend.verify_code("v1", sent.code_id, right)
    assert (dead.value.kind, dead.value.status) == ("code-dead", 410)
    with pytest.raises(RateLimited) as limited:
        await backend.send_code("v1", key_of(ZHANG))
    assert 1 <= limited.value.retry_after_s <= 30
    with pytest.raises(NotKnown) as without:
        await backend.send_code("v1", key_of(ZHAO))
    assert without.value.kind == "no-phone"
    with pytest.raises(NotKnown):
        await backend.verify_code("v1", "../codes", right)  # an odd id stays one part of the path


async def test_approval(backend: Backend, served: Serving) -> None:
    asked = await backend.ask_approval("v1", "pension-alive", "赵**", "110***********9079", "是不是本人？")
    assert (asked.state, asked.position) == (ApprovalState.WAITING, 1)
    served.bench(f"approvals/{asked.approval_id}", {"decision": "approve"})
    decided = await backend.approval(asked.approval_id)
    assert (decided.state, decided.clerk) == (ApprovalState.APPROVED, "bench")
    assert (await backend.cancel_approval(asked.approval_id)).state is ApprovalState.APPROVED
    other = await backend.ask_approval("v2", "pension-alive", "赵**", "110***********9079", "是不是本人？")
    assert (await backend.cancel_approval(other.approval_id)).state is ApprovalState.CANCELLED


async def test_a_clerk_sees_pictures_and_asks(backend: Backend, served: Serving) -> None:
    both = Pictures(probe=b"\xff\xd8\xff probe", reference=b"\xff\xd8\xff reference")
    asked = await backend.ask_approval("v3", "pension-alive", "赵**", "110***********9079", "identity", pictures=both)
    assert asked.question is None
    served.bench(f"approvals/{asked.approval_id}", {"decision": "take"})
    served.bench(f"approvals/{asked.approval_id}", {"decision": "ask", "text": "您住在哪条街？"})
    question = (await backend.approval(asked.approval_id)).question
    assert question is not None
    assert question.text == "您住在哪条街？"
    with pytest.raises(Refused) as unknown:
        await backend.answer_clerk(asked.approval_id, "another", "x")
    assert unknown.value.kind == "unknown-question"
    assert (await backend.answer_clerk(asked.approval_id, question.question_id, "槐树街")).question is None
    await backend.cancel_approval(asked.approval_id)


async def test_who_may_help(backend: Backend) -> None:
    assert (await backend.lookup("v1", key_of(ZHAO), "contribution-certificate")).has_helper
    helped = await backend.may_help("v1", key_of(ZHAO), key_of(WANG), "contribution-certificate")
    assert helped.relation == "grandchild"
    with pytest.raises(NotKnown) as unknown:
        await backend.may_help("v1", key_of(WANG), key_of(ZHAO), "contribution-certificate")
    assert unknown.value.kind == "unknown-helper"


async def test_delivery_is_acknowledged_once_and_for_all(backend: Backend, served: Serving) -> None:
    envelope = served.envelope(1, service="pension-alive", body=opened_body(ZHANG, "face"))
    assert await backend.outcome_of(envelope.key, envelope.digest, envelope.number) is None
    first = await backend.deliver(envelope)
    assert (first.state, first.reason) == (AckState.ACCEPTED, None)
    assert await backend.deliver(envelope) == first
    assert await backend.outcome_of(envelope.key, envelope.digest, envelope.number) == first
    resealed = served.envelope(1, key=envelope.key)
    with pytest.raises(Refused) as reused:
        await backend.deliver(resealed)
    assert (reused.value.kind, reused.value.status) == ("key-reused", 422)


async def test_a_rejection_is_signed_too(backend: Backend, served: Serving) -> None:
    rejected = await backend.deliver(served.envelope(2, service="fortune-telling"))
    assert (rejected.state, rejected.reason) == (AckState.REJECTED, "unknown-service")


async def test_another_booth_is_refused(backend: Backend, served: Serving) -> None:
    with pytest.raises(Refused) as refused:
        await backend.deliver(msgspec.structs.replace(served.envelope(3), booth="B8"))
    assert (refused.value.kind, refused.value.status) == ("wrong-booth", 403)
    async with served.client(booth_id="B8") as liar:
        with pytest.raises(Refused):
            await liar.lookup("v1", key_of(ZHANG), "pension-alive")


async def test_reconciliation(backend: Backend, served: Serving) -> None:
    envelopes = [served.envelope(sequence) for sequence in (501, 502, 504)]
    for envelope in envelopes:
        await backend.deliver(envelope)
    lines = "".join(sorted(f"{envelope.number}:{envelope.digest}\n" for envelope in envelopes))
    found = await backend.reconcile(501, 504, 3, digest_of(lines.encode()))
    assert (found.matches, found.missing) == (True, [503])
    assert not (await backend.reconcile(501, 504, 2, digest_of(b""))).matches


async def test_only_the_pinned_authority_counts(served: Serving) -> None:
    stranger = served.run / "stranger"
    pki.init(stranger, "B7")
    own = served.run / "pki"
    client = Backend(
        served.url,
        stranger / "pki" / "ca.pem",
        own / "booth.pem",
        own / "booth.key",
        sign_pub=pki.raw_key(own / "sign.pub"),
        booth_id="B7",
    )
    async with client:
        with pytest.raises(Unreachable, match="certificates do not fit") as failed:
            await client.catalogue(within_s=30)
    assert not failed.value.may_have_arrived


async def test_a_booth_without_our_certificate_is_unreachable(served: Serving) -> None:
    stranger = served.run / "outsider"
    pki.init(stranger, "B7")
    (stranger / "pki" / "ca.pem").write_bytes((served.run / "pki" / "ca.pem").read_bytes())
    client = Backend(
        served.url,
        stranger / "pki" / "ca.pem",
        stranger / "pki" / "booth.pem",
        stranger / "pki" / "booth.key",
        sign_pub=pki.raw_key(served.run / "pki" / "sign.pub"),
        booth_id="B7",
    )
    async with client:
        with pytest.raises(Unreachable):
            await client.catalogue(within_s=30)


async def test_an_acknowledgement_of_another_platform_is_nonsense(served: Serving) -> None:
    stranger = served.run / "other-platform"
    pki.init(stranger, "B7")
    own = served.run / "pki"
    client = Backend(
        served.url,
        own / "ca.pem",
        own / "booth.pem",
        own / "booth.key",
        sign_pub=pki.raw_key(stranger / "pki" / "sign.pub"),
        booth_id="B7",
    )
    async with client:
        with pytest.raises(Nonsense, match="not signed"):
            await client.deliver(served.envelope(4, key=str(uuid.uuid4())), within_s=30)


async def test_the_environment_redirects_nothing(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    assert (await backend.catalogue()).services
