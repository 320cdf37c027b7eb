"""The booth's calls to the community platform, one method each (contract: backend/openapi.json).

An acknowledgement is a parsed body that echoes our key, digest and number and is signed by the pinned key; a status
code alone is nothing. Errors are named (``kiosk.uplink.errors``) and hold nothing personal. Knows no queue: what is
sent again, and when, is the courier's matter.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.uplink.bodies import (
    Acknowledgement,
    Approval,
    Catalogue,
    CodeResult,
    CodeSent,
    EnquiryAnswer,
    Envelope,
    Helper,
    Pictures,
    Problem,
    Reconciliation,
    RegistryKey,
    Resident,
    signed_text,
)
from kiosk.uplink.errors import Nonsense, NotKnown, RateLimited, Refused, Unreachable
from kiosk.uplink.exchange import Answer, Exchange

_PROBLEM = re.compile(r"https://booth\.example/problems/([a-z0-9-]{1,40})")
_TITLE_CHARACTERS = 120
_RETRY_AFTER_S = 60  # when the platform limits without saying for how long

B = TypeVar("B")


class Backend:
    """The platform as this booth sees it. Use from one event loop; close at the end.

    ``url`` https://host[:port]; ``ca``, ``cert``, ``key`` PEM files (pinned authority, this booth's certificate);
    ``sign_pub`` the platform's Ed25519 public key (32 raw bytes); ``booth_id`` the certificate's common name;
    ``deadline_s`` the total time for a call that says nothing of its own with ``within_s``.

    Every method raises Unreachable, Slow, Nonsense, Refused (with RateLimited and NotKnown as its kinds).
    """

    def __init__(
        self, url: str, ca: Path, cert: Path, key: Path, *, sign_pub: bytes, booth_id: str, deadline_s: float = 3.0
    ) -> None:
        self._exchange = Exchange(url, ca, cert, key)
        try:
            self._sign_pub = Ed25519PublicKey.from_public_bytes(sign_pub)
        except ValueError:
            raise ValueError("the platform's sign key is not an Ed25519 public key of 32 bytes") from None
        self.booth_id = booth_id
        self.deadline_s = deadline_s

    async def catalogue(self, *, within_s: float | None = None) -> Catalogue:
        """Ask which services the platform takes today."""
        return await self._ask(("catalogue", "GET", "/v1/catalogue"), None, Catalogue, within_s)

    async def lookup(self, visit: str, key: RegistryKey, service: str, *, within_s: float | None = None) -> Resident:
        """Find a resident by a document's number. NotKnown (unknown-resident) when the registry has none."""
        body = {"visit": visit, "key": key, "service": service}
        return await self._ask(("lookup", "POST", "/v1/residents/lookup"), body, Resident, within_s)

    async def enquire(
        self,
        visit: str,
        key: RegistryKey,
        service: str,
        answers: dict[str, Any],
        *,
        language: str,
        within_s: float | None = None,
    ) -> EnquiryAnswer:
        """Put an enquiry of ``service`` with the resident's ``answers``. Refused (nothing-found, unknown-service)."""
        body = {"visit": visit, "key": key, "answers": answers, "language": language}
        path = f"/v1/enquiries/{quote(service, safe='')}"
        return await self._ask(("enquire", "POST", path), body, EnquiryAnswer, within_s)

    async def send_code(self, visit: str, key: RegistryKey, *, within_s: float | None = None) -> CodeSent:
        """Send a one-time code to the registered phone. NotKnown (no-phone), RateLimited."""
        return await self._ask(("send_code", "POST", "/v1/codes"), {"visit": visit, "key": key}, CodeSent, within_s)

    async def verify_code(self, visit: str, code_id: str, code: str, *, within_s: float | None = None) -> CodeResult:
        """Compare what the resident typed. Refused (code-dead, code-expired; both 410) once it cannot be used."""
        path = f"/v1/codes/{quote(code_id, safe='')}/verify"
        return await self._ask(("verify_code", "POST", path), {"visit": visit, "code": code}, CodeResult, within_s)

    async def ask_approval(
        self,
        visit: str,
        service: str,
        name_masked: str,
        number_masked: str,
        question: str,
        *,
        pictures: Pictures | None = None,
        within_s: float | None = None,
    ) -> Approval:
        """Put a question before the remote clerks; only masked words go there, and pictures by the resident's consent.

        The platform keeps ``pictures`` in memory, for five minutes at most.
        """
        body = {
            "visit": visit,
            "service": service,
            "name_masked": name_masked,
            "number_masked": number_masked,
            "question": question,
            "pictures": pictures,
        }
        return await self._ask(("ask_approval", "POST", "/v1/approvals"), body, Approval, within_s)

    async def approval(self, approval_id: str, *, within_s: float | None = None) -> Approval:
        """See how an approval stands."""
        path = f"/v1/approvals/{quote(approval_id, safe='')}"
        return await self._ask(("approval", "GET", path), None, Approval, within_s)

    async def answer_clerk(
        self, approval_id: str, question_id: str, answer: str, *, within_s: float | None = None
    ) -> Approval:
        """Give the resident's answer to a clerk's question; "" when they skipped it. Refused (unknown-question)."""
        path = f"/v1/approvals/{quote(approval_id, safe='')}/answers"
        body = {"question_id": question_id, "answer": answer}
        return await self._ask(("answer_clerk", "POST", path), body, Approval, within_s)

    async def may_help(
        self, visit: str, key: RegistryKey, helper: RegistryKey, service: str, *, within_s: float | None = None
    ) -> Helper:
        """Ask whether the holder of ``helper`` may act for the resident of ``key``. NotKnown (unknown-helper)."""
        body = {"visit": visit, "key": key, "helper": helper, "service": service}
        return await self._ask(("may_help", "POST", "/v1/residents/helper"), body, Helper, within_s)

    async def cancel_approval(self, approval_id: str, *, within_s: float | None = None) -> Approval:
        """Withdraw an approval; one that was decided stays as it is. Returns how it stands then."""
        path = f"/v1/approvals/{quote(approval_id, safe='')}"
        return await self._ask(("cancel_approval", "DELETE", path), None, Approval, within_s)

    async def deliver(self, envelope: Envelope, *, within_s: float | None = None) -> Acknowledgement:
        """Deliver a committed transaction and verify the acknowledgement.

        Refused: being-processed (409, wait), key-reused and number-reused (422, freeze and alarm), wrong-booth (403).
        """
        answer = await self._call(("deliver", "POST", "/v1/transactions"), envelope, within_s)
        return self._acknowledged("deliver", answer, envelope.key, envelope.digest, envelope.number)

    async def outcome_of(
        self, key: str, digest: str, number: str, *, within_s: float | None = None
    ) -> Acknowledgement | None:
        """Query what became of a transaction; None when the platform never got it."""
        try:
            answer = await self._call(("outcome_of", "GET", f"/v1/transactions/{quote(key, safe='')}"), None, within_s)
        except NotKnown as error:
            if error.kind == "unknown-key":
                return None
            raise
        return self._acknowledged("outcome_of", answer, key, digest, number)

    async def reconcile(
        self, sequence_from: int, sequence_to: int, count: int, digest: str, *, within_s: float | None = None
    ) -> Reconciliation:
        """Compare a range of sequences. ``digest``: SHA-256 (hex) over the sorted lines ``number:digest`` + newline."""
        body = {"sequence_from": sequence_from, "sequence_to": sequence_to, "count": count, "digest": digest}
        return await self._ask(("reconcile", "POST", "/v1/reconciliation"), body, Reconciliation, within_s)

    def close(self) -> None:
        self._exchange.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _ask(
        self, call: tuple[str, str, str], body: dict[str, Any] | None, shape: type[B], within_s: float | None
    ) -> B:
        full = None if body is None else {"booth": self.booth_id, **body}
        answer = await self._call(call, full, within_s)
        name = call[0]
        try:
            return msgspec.json.decode(answer.body, type=shape)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            pass  # its text may quote the body
        raise Nonsense(name, f"the answer is not a {shape.__name__}")

    async def _call(
        self, call: tuple[str, str, str], body: dict[str, Any] | Envelope | None, within_s: float | None
    ) -> Answer:
        name, method, path = call
        data = None if body is None else msgspec.json.encode(body)
        answer = await self._exchange.call(name, method, path, data, within_s or self.deadline_s)
        if 200 <= answer.status < 300:
            return answer
        if answer.status >= 500:
            raise Unreachable(name, f"the platform is in trouble ({answer.status})")
        raise _refusal(name, answer)

    def _acknowledged(self, name: str, answer: Answer, key: str, digest: str, number: str) -> Acknowledgement:
        fields: Any = None
        ack: Acknowledgement | None = None
        try:
            fields = msgspec.json.decode(answer.body)
            ack = msgspec.convert(fields, Acknowledgement)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            pass
        if ack is None:
            raise Nonsense(name, "the answer is not an acknowledgement")
        if (ack.key, ack.digest, ack.number) != (key, digest, number):
            raise Nonsense(name, "the acknowledgement is for another transaction")
        try:
            self._sign_pub.verify(ack.signature, signed_text(fields))
        except InvalidSignature:
            raise Nonsense(name, "the acknowledgement is not signed by the platform's key") from None
        return ack


def _refusal(name: str, answer: Answer) -> Refused | Nonsense:
    """Turn a 3xx or 4xx into its name; without a problem document of ours it is nonsense (a portal, a proxy)."""
    problem: Problem | None = None
    if answer.content_type.partition(";")[0].strip() == "application/problem+json":
        try:
            problem = msgspec.json.decode(answer.body, type=Problem)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            problem = None
    match = problem and _PROBLEM.fullmatch(problem.type)
    if not problem or not match or answer.status < 400 or problem.status != answer.status:
        return Nonsense(name, f"status {answer.status} without a problem document of the platform")
    kind, title = match.group(1), problem.title[:_TITLE_CHARACTERS]
    if answer.status == 429:
        after = problem.retry_after_s
        if after is None:
            after = int(answer.retry_after) if answer.retry_after.isdecimal() else _RETRY_AFTER_S
        return RateLimited(name, kind, title, answer.status, max(1, after))
    if answer.status == 404:
        return NotKnown(name, kind, title, answer.status)
    return Refused(name, kind, title, answer.status)
