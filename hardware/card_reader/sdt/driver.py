"""The SAM driver, run in a worker: a monitor thread that looks for cards, and one reading at a time.

Opens the port whenever it is there, at whatever speed the module has; a module that falls silent is closed and looked
for again. Knows threads and health, no frame and no layout.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from hardware.card_reader import (
    CardError,
    CardMute,
    CardRemoved,
    CardUnreadable,
    Document,
    DocumentSeen,
    Media,
    Phase,
    Progress,
    ReaderLost,
    masked_name,
)
from hardware.card_reader.messages import Answer, Lying, Read, Reading, Seen, Step, Told
from hardware.card_reader.sdt import session, wlt
from hardware.card_reader.sdt.connect import Module, connect
from hardware.card_reader.sdt.document import KINDS, document
from hardware.card_reader.sdt.frames import Garbled
from hardware.card_reader.sdt.messages import SamOptions
from hardware.card_reader.sdt.session import CardState, CutOff, ModuleFault, Presence, Silent
from hardware.device import Health

Emit = Callable[[str, msgspec.Struct], None]
BACK_OFF_S = (0.2, 1.0)
MAX_PRESENTED_AGAIN = 3
MAX_MISSED = 3
_SHARES = {Phase.FOUND: 0.05, Phase.OPENING: 0.2, Phase.READING: 0.35, Phase.CHECKING: 0.8, Phase.PORTRAIT: 0.9}


class Driver:
    """The worker's driver (see ``hardware.worker.Driver``). Verb: ``read``. Events: ``status``, ``progress``."""

    options = SamOptions

    def __init__(self, options: SamOptions) -> None:
        self._options = options
        self._ending = threading.Event()
        self._turn = threading.Lock()  # of the line and of what is known about the card
        self._module: Module | None = None
        self._presence = Presence()
        self._told: Seen | None = None
        self._emit: Emit = lambda _name, _body: None
        self._life = os.urandom(4).hex()  # presentations are counted from the start of this process
        self._failures = 0  # presentations in a row that the module could not read
        self._missed = 0  # looks in a row that went wrong
        self._steps: list[Step] = []

    def commands(self) -> Mapping[str, tuple[type[msgspec.Struct], Callable[[Any], msgspec.Struct | None]]]:
        """Verbs of the pipe."""
        return {"read": (Read, self.read)}

    def begin(self, emit: Emit) -> None:
        """Start to look for the module and for cards; emits ``status`` at once and at every change."""
        self._emit = emit
        threading.Thread(target=self._run, name="sam-monitor", daemon=True).start()

    def end(self) -> None:
        """Close the line."""
        self._ending.set()
        with self._turn:
            self._close()

    # -- the monitor ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._monitor()
        finally:
            if not self._ending.is_set():
                os._exit(70)  # nobody looks for cards any more: let the parent start another driver

    def _monitor(self) -> None:
        pause_s = BACK_OFF_S[0]
        while not self._ending.is_set():
            try:
                with self._turn:
                    self._look()
                pause_s = BACK_OFF_S[0]
                self._ending.wait(self._options.poll_ms / 1000)
            except CardError as lost:
                with self._turn:
                    self._close()
                    self._tell(Seen(_health(lost), Media.UNKNOWN, str(lost)))
                self._ending.wait(pause_s)
                pause_s = min(pause_s * 2, BACK_OFF_S[1])

    def _look(self) -> None:
        if self._ending.is_set():
            return
        if self._module is None:
            self._module = connect(self._options, self._note)
        try:
            self._presence = self._module.conversation.run(session.look(self._presence))
            self._missed = 0
        except (Silent, CutOff, Garbled) as trouble:  # one look that went wrong is no reason to close the line
            self._missed += 1
            if self._missed >= MAX_MISSED:
                self._missed = 0
                raise ReaderLost(f"the SAM module does not tell what lies there: {trouble.message}") from None
            self._module.conversation.run(session.settle())
        self._tell_presence()

    def _close(self) -> None:
        module, self._module = self._module, None
        if module is not None:
            module.conversation.line.close()

    def _tell_presence(self) -> None:
        number = self._module.number if self._module else ""
        if self._presence.state is CardState.NOTHING:
            self._tell(Seen(Health.ONLINE, Media.NOT_PRESENT))
        else:
            self._tell(Seen(Health.ONLINE, Media.PRESENT, cards=(Lying(f"SAM {number}", self._insertion()),)))

    def _tell(self, seen: Seen) -> None:
        if seen != self._told:
            self._told = seen
            self._emit("status", seen)

    def _insertion(self) -> str:
        return f"{self._life}#{self._presence.count}"

    # -- one reading ---------------------------------------------------------------------------------------------------

    def read(self, wanted: Read) -> Answer:
        """Read the card of ``wanted.insertion``.

        Raises ``CardRemoved`` (also when another card lies there by now), ``CardMute``, ``CardUnknown``,
        ``CardUnreadable``, ``ReaderLost``.
        """

        def report(phase: Phase) -> None:
            self._emit("progress", Told.of(wanted.number, Progress(phase, _SHARES[phase])))

        with self._turn:
            self._steps = []
            if self._module is None:
                raise ReaderLost("the SAM module is away", where=wanted.reader)
            if self._presence.state is CardState.NOTHING or self._insertion() != wanted.insertion:
                raise CardRemoved("the card is not there any more", where=wanted.reader)
            report(Phase.FOUND)
            card = self._read_card(self._module, report)
            result = self._document(card, wanted)
            return Answer(Reading.of(result), steps=tuple(self._steps))

    def _read_card(self, module: Module, report: Callable[[Phase], None]) -> session.CardData:
        presence = self._presence
        talk = session.read_card(report, was_read=presence.state is CardState.READ)
        try:
            card = module.conversation.run(talk)
        except CardRemoved:
            self._presence = replace(presence, state=CardState.NOTHING, is_proven=False)
            self._tell_presence()
            raise
        except ReaderLost as lost:
            self._close()
            self._tell(Seen(_health(lost), Media.UNKNOWN, str(lost)))
            raise
        except CardError as error:
            self._presence = replace(presence, state=CardState.FOUND, is_proven=False)
            raise self._again(error) from None
        self._failures = 0
        self._presence = replace(presence, state=card.state, is_proven=False)
        return card

    def _document(self, card: session.CardData, wanted: Read) -> Document:
        began_s = time.monotonic()
        if self._options.wlt_library:
            seen = DocumentSeen(KINDS[card.block.layout], masked_name(card.block["name"] or card.block.latin_name))
            self._emit("progress", Told.of(wanted.number, Progress(Phase.PORTRAIT, _SHARES[Phase.PORTRAIT], seen)))
        picture = wlt.portrait(card.photo, self._options.wlt_library, pixels=self._options.wlt_pixels)
        self._note("photo", time.monotonic() - began_s)
        return document(card, picture, wanted.today)

    def _again(self, error: CardError) -> CardError:
        """A card that could not be read may be presented again, so and so often."""
        if not isinstance(error, CardMute):
            return error
        self._failures += 1
        if self._failures < MAX_PRESENTED_AGAIN:
            return error
        self._failures = 0
        return CardUnreadable(
            f"the card could not be read {MAX_PRESENTED_AGAIN} times: {error.message}", cure="use another document"
        )

    def _note(self, name: str, took_s: float) -> None:
        self._steps.append(Step(name, took_s * 1000))
        del self._steps[:-64]  # the monitor's looks between two readings are dropped


def _health(lost: CardError) -> Health:
    return Health.HARDWARE_ERROR if isinstance(lost, ModuleFault) else Health.OFFLINE
