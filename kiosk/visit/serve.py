"""One resident's visit as a script: read it from top to bottom, as the resident walks it.

A resident's data lives in the locals of ``serve`` and of what it awaits, and nowhere else. Nothing is kept before the
commit; from there on the transaction is delivered, whatever happens to this process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiosk.keeper_line import KeeperError, KeeperLine
from kiosk.visit import questions as q
from kiosk.visit.conclusion import conclude_application, conclude_enquiry
from kiosk.visit.equipment import Equipment
from kiosk.visit.identity import identify
from kiosk.visit.leaving import Back, Left, OutOfService
from kiosk.visit.offers import fact_date
from kiosk.visit.person import Audit, Identity
from kiosk.visit.review import answers_of
from kiosk.visit.services import Mode, Service
from kiosk.visit.stage import Stage

if TYPE_CHECKING:
    from kiosk.uplink.client import Backend


@dataclass(frozen=True)
class Outcome:
    """How a visit ended; ``number`` is the public number of its transaction, if any."""

    name: str
    number: str = ""


@dataclass(frozen=True)
class Platform:
    """What a visit commits to and asks: the keeper's ledger, the backend, and the key bodies are sealed to."""

    ledger: KeeperLine
    backend: Backend
    seal_pub: bytes


async def serve(stage: Stage, booth: Equipment, platform: Platform, service: Service) -> Outcome:
    """Serve one resident, from consent to receipt; the caller asked ``ChooseService``.

    Raises ``Back`` when the resident wants another service before anything was asked.
    """
    try:
        visit = await platform.ledger.open_visit(service.id)  # an audit row without personal data
    except KeeperError as error:
        stage.note(error)
        return Outcome(OutOfService.outcome)
    audit = _auditor(platform.ledger, visit)
    try:
        identity = await identify(stage, booth, platform.backend, visit, service, audit, platform.ledger)
        if _nothing_to_do(stage, service, identity):
            await stage.ask(lambda: _nothing_to_do(stage, service, identity) or q.AlreadyDone())
            outcome = Outcome("nothing_to_do")
        else:
            form = await answers_of(stage, booth, service, identity)
            if service.mode is Mode.ONLINE_ONLY:
                outcome = Outcome("served", await conclude_enquiry(stage, booth, platform, visit, form, audit))
            else:
                outcome = Outcome("served", await conclude_application(stage, booth, platform, visit, form))
    except Left as left:  # Cancelled, TimedOut, NotVerified, OutOfService, Evacuated
        outcome = Outcome(left.outcome)
    except KeeperError as error:  # nothing can be recorded any more; what was committed is delivered all the same
        stage.note(error)
        outcome = Outcome(OutOfService.outcome)
    except Back:
        await _close(stage, platform.ledger, visit, "back")
        raise
    await _close(stage, platform.ledger, visit, outcome.name)
    return outcome


def _nothing_to_do(stage: Stage, service: Service, identity: Identity) -> q.Question | None:
    """The registry may already know the answer: "already confirmed until ..." or "no pension under your number"."""
    facts = identity.facts or {}
    if service.eligibility and not facts.get(service.eligibility.fact):
        return q.AlreadyDone(sentence=stage.text(service.eligibility.sentence), service=service.id, progress=(5, 5))
    until = fact_date(facts.get(service.already.fact)) if service.already else None
    if service.already is None or until is None or until < stage.clock.today().date():
        return None
    sentence = stage.text(service.already.sentence, date=stage.text.date(until))
    detail = stage.text(service.already.detail)
    return q.AlreadyDone(sentence=sentence, detail=detail, service=service.id, progress=(5, 5))


def _auditor(ledger: KeeperLine, visit: str) -> Audit:
    async def audit(what: str, **detail: str) -> None:
        await ledger.audit(visit, what, detail)

    return audit


async def _close(stage: Stage, ledger: KeeperLine, visit: str, outcome: str) -> None:
    try:
        await ledger.close_visit(visit, outcome)
    except KeeperError as error:
        stage.note(error)  # the keeper writes "died" when the line ends
