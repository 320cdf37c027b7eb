"""Whatever goes wrong at whatever command, without a daemon: one error type or the right document, and no other."""

from dataclasses import replace

import pytest

from hardware.card_reader import CardError, Progress, detection
from hardware.card_reader.family import Task
from hardware.card_reader.simulator import GARBAGE
from tests.hardware.card_reader.deck import deck, passport
from tests.hardware.card_reader.driving import TODAY, drive
from tests.torture import some

PIN_COMMANDS = frozenset({0x20, 0x24, 0x2C})  # VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER


def begin(dealt, card, report=lambda _progress: None):
    return detection.read(Task(TODAY, dealt.key, report, atr=card.atr))


def whole(dealt):
    card = dealt.make()
    return drive(begin(dealt, card), card.respond, limit=2000)


def late(card, at):
    """From command ``at`` on every answer is the one of the command before."""
    before, count = b"\x6f\x00", 0

    def respond(command):
        nonlocal before, count
        real = card.respond(command)
        answer = before if count >= at else real
        before, count = real, count + 1
        return answer

    return respond


def once(card, at, change):
    count = 0

    def respond(command):
        nonlocal count
        real = card.respond(command)
        count += 1
        return change(real) if count - 1 == at else real

    return respond


CHANGES = {
    "truncated": lambda real: real[: len(real) // 2],
    "garbage": lambda _real: GARBAGE,
    "one byte more": lambda real: real[:1] + real,
    "refused": lambda _real: b"\x6f\x00",
}


@pytest.mark.parametrize("name", deck())
def test_a_card_pulled_at_any_command_gives_nothing_and_the_next_is_read(name):
    dealt = deck()[name]
    document, commands = whole(dealt)
    for at in range(len(commands)):
        told: list[Progress] = []
        card = dealt.make()
        reading = begin(dealt, card, told.append)
        command = next(reading)
        for _ in range(at):
            command = reading.send(card.respond(command))
        reading.close()  # the driver lets go: whatever follows must neither speak nor give anything
        names = {progress.seen.name_masked for progress in told if progress.seen}
        assert not names & {document.name, document.latin_name}
    assert whole(dealt)[0] == document


@pytest.mark.parametrize("name", deck())
@pytest.mark.parametrize("change", CHANGES)
def test_one_wrong_answer_at_any_command(name, change):
    dealt = deck()[name]
    document, commands = whole(dealt)
    for at in some(range(len(commands)), 30):
        card = dealt.make()
        try:
            read, _ = drive(begin(dealt, card), once(card, at, CHANGES[change]), limit=3000)
        except CardError as error:
            assert document.name not in str(error)  # noqa: PT017
            continue
        assert (read.kind, read.number, read.card_number) == (document.kind, document.number, document.card_number)


@pytest.mark.parametrize("name", deck())
def test_a_late_answer_is_never_taken_for_the_next(name):
    dealt = deck()[name]
    document, commands = whole(dealt)
    for at in some(range(1, len(commands)), 30):
        card = dealt.make()
        try:
            read, _ = drive(begin(dealt, card), late(card, at), limit=3000)
        except CardError:
            continue
        # A chip that cannot prove itself in time is still the document it is; its checks say so.
        assert replace(read, checks=()) == replace(document, checks=())


@pytest.mark.parametrize("name", ["passport_bac", "passport_pace", "passport_cam", "identity_card", "travel_permit"])
def test_no_reading_sends_a_pin(name):
    dealt = passport(name)
    _, commands = whole(dealt)
    assert not {int(command[2:4], 16) for command in commands} & PIN_COMMANDS


@pytest.mark.parametrize("name", deck())
def test_progress_never_sinks_and_the_name_is_masked(name):
    dealt, told = deck()[name], []
    card = dealt.make()
    document, _ = drive(begin(dealt, card, told.append), card.respond, limit=2000)
    shares = [progress.share for progress in told]
    assert shares
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)
    for seen in (progress.seen for progress in told if progress.seen):
        assert seen.kind is document.kind
        assert "*" in seen.name_masked
