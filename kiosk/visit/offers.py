"""Choices and sentences made from data: services with what keeps each from being offered, ways, remedies, coaching."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from hardware.face import Coaching
from kiosk.text import Text
from kiosk.visit import questions as q
from kiosk.visit.equipment import Equipment
from kiosk.visit.readiness import elsewhere
from kiosk.visit.services import Service
from kiosk.visit.troubles import COACHING, LIMITED, NOT_OFFERED, TROUBLE_OPTIONS, WAY


def way_options(ways: Iterable[str], text: Text) -> tuple[q.Option, ...]:
    """Ways of identification as choices of equal rank."""
    return tuple(q.Option(way, text(WAY[way][0]), text(WAY[way][1]), WAY[way][2]) for way in ways)


def trouble_options(options: Iterable[str], text: Text) -> tuple[q.Option, ...]:
    """What can be done after a failure."""
    return tuple(q.Option(o, text(TROUBLE_OPTIONS[o])) for o in options)


def service_options(services: Mapping[str, Service], booth: Equipment, text: Text) -> tuple[q.Option, ...]:
    """The services with what keeps each from being offered now."""
    options = []
    for service in services.values():
        readiness = booth.readiness_of(service)
        place = "" if readiness.is_ready else elsewhere(booth.neighbours, (service.id,), text)
        note = text(LIMITED[readiness.limit]) if readiness.limit else text(service.note)
        reason = text(NOT_OFFERED[readiness.why]) if readiness.why else ""
        options.append(q.Option(service.id, text(service.title), note, service.icon, readiness.is_ready, reason, place))
    return tuple(options)


def coaching_sentence(coaching: Coaching, text: Text) -> str:
    """One short thing to do before the camera."""
    return text(COACHING[coaching])


def fact_date(value: object) -> date | None:
    """A date among the registry's facts, or None."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
