"""Drives a family's generator against a virtual card, without a daemon."""

from __future__ import annotations

from datetime import date

from hardware.card_reader.family import Task

TODAY = date(2026, 6, 1)


def drive(protocol, respond, limit=200):
    """Run the protocol against ``respond``; give its document and the commands it sent (hex)."""
    commands, command = [], next(protocol)
    for _ in range(limit):
        commands.append(command.hex().upper())
        try:
            command = protocol.send(respond(command))
        except StopIteration as done:
            return done.value, commands
    raise AssertionError(f"no end after {limit} commands")


def task(card, today=TODAY, **more):
    return Task(today, atr=card.atr, **more)


def results(document):
    return {check.name: check.result for check in document.checks}


class Spoilt:
    """A card whose answer number ``at`` is another."""

    def __init__(self, card, at, answer):
        self._card, self._at, self._answer, self._count = card, at, answer, 0

    def respond(self, command):
        real = self._card.respond(command)
        self._count += 1
        return self._answer if self._count - 1 == self._at else real
