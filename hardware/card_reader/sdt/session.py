"""What is said to a SAM module in which order, sans-IO (GA/T 467-2019: find, select, read for each presentation).

A talk is a generator: it yields a ``Command``, is sent the ``Reply`` that fits it, and is thrown ``Garbled``,
``Silent`` or ``CutOff`` where none came. After a completed read a module answers "none found" until the card leaves and
comes back, so that alone does not mean the card was taken. What tells is reading the added address: it is answered as
long as the same card lies there. Where a module does not do that, one reset makes it look at what lies there anew.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import TypeVar

from hardware.card_reader import CardError, CardMute, CardRemoved, CardUnknown, CardUnreadable, Phase, ReaderLost
from hardware.card_reader.sdt import commands, text
from hardware.card_reader.sdt.commands import Command, Content, Verdict, verdict
from hardware.card_reader.sdt.frames import Garbled, Reply

T = TypeVar("T")
Talk = Generator[Command, Reply, T]
LIFT = "take the card away and lay it on the same place again"


class Silent(CardMute):
    """No byte of a reply came in time."""


class CutOff(CardMute):
    """A reply began and did not end."""


class ModuleTimedOut(CutOff):
    """The module says in its own broken way that it got no answer (some handsets do, instead of "none found")."""


class ModuleFault(ReaderLost):
    """The module itself says that it cannot work: nothing a resident does will help."""


def ask(command: Command) -> Talk[Reply]:
    """Send a command, and once more when it or its reply was garbled. Raises ``ModuleFault``."""
    try:
        reply = yield command
    except Garbled:
        reply = yield command
    else:
        if verdict(reply.status)[0] is Verdict.SEND_AGAIN:
            reply = yield command
    meaning, words = verdict(reply.status)
    if meaning is Verdict.FAULT:
        raise ModuleFault(
            f"the SAM module does not work: {words} ({reply.status:02X})",
            cure="power the reader off and on; when it stays so, the module must be replaced or licensed",
        )
    return reply


def introduce() -> Talk[str]:
    """Ask a module whether it works, and for its number. Raises ``ModuleFault``, ``ReaderLost``."""
    reply = yield from ask(commands.STATUS)
    if reply.status != commands.OK:
        raise ModuleFault(f"the SAM module does not say that it works ({reply.status:02X})")
    reply = yield from ask(commands.NUMBER)
    if reply.status != commands.OK:
        raise ReaderLost(f"the SAM module does not give its number ({reply.status:02X})")
    return commands.module_number(reply.data)


def settle() -> Talk[None]:
    """Make sure that the module answers and owes nothing: it answers in order, so what was late has come before this.

    Raises ``ReaderLost`` when it does not answer, ``ModuleFault``.
    """
    try:
        yield from ask(commands.NUMBER)
    except (Silent, CutOff, Garbled):
        raise ReaderLost("the SAM module does not answer", cure="check its cable and its power") from None


def find() -> Talk[bool]:
    """Tell whether a card is there that was not read since it came."""
    try:
        return (yield from ask(commands.FIND)).status == commands.FOUND
    except ModuleTimedOut:
        return False


def find_anew() -> Talk[bool]:
    """Tell whether any card is there, read or not: the module forgets what it knew."""
    yield from ask(commands.RESET)
    return (yield from find())


# -- what lies there -------------------------------------------------------------------------------------------------


class CardState(enum.Enum):
    """What the module knows of the card."""

    NOTHING = "nothing"
    FOUND = "found"  # seen; "find" goes on finding it
    READ = "read"  # "find" finds it no more; reading the added address tells whether it still lies there


@dataclass(frozen=True)
class Presence:
    """``count``: how many presentations there were. ``is_proven``: this card answers when asked for its address, so its
    silence means that it left.
    """

    state: CardState = CardState.NOTHING
    count: int = 0
    is_proven: bool = False

    def came(self) -> Presence:
        """A card was laid there."""
        return Presence(CardState.FOUND, self.count + 1)


def look(now: Presence) -> Talk[Presence]:
    """Look once at what lies there."""
    if now.state is CardState.READ:
        reply = yield from ask(commands.READ_ADDED)  # only whether it answers; what it answers is dropped here
        if reply.status in (commands.OK, commands.NOTHING_STORED):
            return replace(now, is_proven=True)
        if (yield from find()):
            return now.came()
        if now.is_proven or not (yield from find_anew()):
            return replace(now, state=CardState.NOTHING)
        return replace(now, state=CardState.FOUND)
    if not (yield from find()):
        return replace(now, state=CardState.NOTHING)
    return now if now.state is CardState.FOUND else now.came()


# -- one reading ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class CardData:
    """All of one card. ``added_address``: the newest one, "" where none is stored, None where nobody could tell.

    ``state``: what the module knows of the card now.
    """

    block: text.TextBlock
    photo: bytes | None
    added_address: str | None
    state: CardState = CardState.READ


def read_card(report: Callable[[Phase], None], *, was_read: bool = False) -> Talk[CardData]:
    """Read the card that lies there, all of it from one card or nothing.

    ``was_read``: it was read before and did not leave, so the module must forget that first. Raises ``CardRemoved``
    (whatever lies there now is a new presentation), ``ReaderLost``, and, with the card still there and to be lifted,
    ``CardMute`` (present it again), ``CardUnknown``, ``CardUnreadable``.
    """
    try:
        if was_read:
            yield from ask(commands.RESET)
        yield from _select(report)
        report(Phase.READING)
        content = yield from _read_text()
        block = text.parse(content.text)
        report(Phase.CHECKING)
        return (yield from _complete(content, block))
    except (CardRemoved, ReaderLost):
        raise
    except CardError as problem:
        raise (yield from _why(problem)) from None


def _select(report: Callable[[Phase], None]) -> Talk[None]:
    if not (yield from find()):
        raise CardRemoved("the card is not there any more")
    report(Phase.OPENING)
    reply = yield from ask(commands.SELECT)
    if reply.status == commands.NONE_SELECTED and (yield from find()):  # it moved
        reply = yield from ask(commands.SELECT)
    _demand(reply, "selecting the card")


def _read_text() -> Talk[Content]:
    reply = yield from ask(commands.READ_TEXT)
    _demand(reply, "reading the card")
    return commands.split_content(reply.data)


def _complete(content: Content, block: text.TextBlock) -> Talk[CardData]:
    """Read the newest address, which carries nothing that says whose it is.

    A module answers this only for the card it has read, and finds a card only when it is new. So no new card may be
    found after it; and where a module goes on finding what it has read, the same text must be read once more.
    """
    reply = yield from ask(commands.READ_ADDED)
    is_told = reply.status in (commands.OK, commands.NOTHING_STORED)
    added = text.address(reply.data) if is_told else None
    if (yield from find()):
        yield from ask(commands.SELECT)
        again = yield from ask(commands.READ_TEXT)
        if again.status != commands.OK or commands.split_content(again.data) != content:
            yield from ask(commands.RESET)  # the other card is to be found
            raise CardRemoved("another card was laid there while the first was read")
        return CardData(block, content.photo, added, CardState.READ if is_told else CardState.FOUND)
    if added is not None:
        return CardData(block, content.photo, added)
    if not (yield from find_anew()):
        raise CardRemoved("the card was taken away while it was read")
    return CardData(block, content.photo, None, CardState.FOUND)


def _demand(reply: Reply, doing: str) -> None:
    meaning, words = verdict(reply.status)
    message = f"{doing}: {words} ({reply.status:02X}, card {reply.card_status:04X})"
    if meaning is Verdict.WRONG_CARD:
        raise CardUnknown(message)
    if meaning in (Verdict.PRESENT_AGAIN, Verdict.NO_CARD):
        raise CardMute(message, cure=LIFT)
    if reply.status != commands.OK:
        raise CardUnreadable(message)


def _why(problem: CardError) -> Talk[CardError]:
    """Tell apart a card that left, a card that lies there, and a module that is gone."""
    yield from settle()
    try:
        is_there = yield from find_anew()
    except (Silent, CutOff, Garbled):
        yield from settle()  # raises, or it was noise
        is_there = yield from find_anew()
    if not is_there:
        return CardRemoved("the card was taken away while it was read")
    if isinstance(problem, Silent | CutOff | Garbled):
        return CardMute(f"reading the card: {problem.message}", cure=LIFT)
    return problem
