"""A document on the reader: wait for it, ask for its key where it has one, say how far the reading is.

Gives a document or a number that was typed instead; whose it is, the registry says. The key of a chip lives as long
as this does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hardware.card_reader import (
    AccessKey,
    CardError,
    Document,
    DocumentSeen,
    KeyNeeded,
    KeyRefused,
    Progress,
    ReaderLost,
)
from hardware.device import DeviceError
from hardware.speech import Earcon
from kiosk.uplink.bodies import RegistryKey
from kiosk.visit import questions as q
from kiosk.visit.chip_key import KEY_ATTEMPTS, Typed, ask_key
from kiosk.visit.documents import objection, registry_key, typed_key
from kiosk.visit.equipment import Equipment
from kiosk.visit.forms import Wrong, accept
from kiosk.visit.leaving import Back
from kiosk.visit.names import written
from kiosk.visit.services import FieldDefinition, FieldKind, Service, Way
from kiosk.visit.stage import Stage

LOOK_AGAIN_S = 1.0  # for a card reader that is away
SHARE_STEPS = 20  # of the bar: finer ones nobody sees, and each is drawn anew

_NUMBER_FIELD = FieldDefinition(id="number", kind=FieldKind.ID_NUMBER, title="ID number", label="ID number")


async def presented_document(stage: Stage, booth: Equipment, service: Service) -> tuple[Document | None, RegistryKey]:
    """The document and the registry's key of its holder; without a document a citizen's number that was typed.

    Raises ``Back`` from the first screen, ``Left``.
    """
    return await _Presentation(stage, booth, service).run()


async def presented_helper(stage: Stage, booth: Equipment, service: Service) -> RegistryKey:
    """The registry's key of somebody who helps, by their own document. Raises ``Back`` from its screen, ``Left``."""
    _, key = await _Presentation(stage, booth, service, is_helper=True, must_lift=True).run()
    return key


@dataclass(repr=False)
class _Presentation:
    """One resident before the reader; lives for the length of ``run``, and what was typed with it."""

    stage: Stage
    booth: Equipment
    service: Service
    is_helper: bool = False  # it is somebody else's turn: without a document there is nothing to type
    trouble: str = ""
    must_lift: bool = False  # what lies there was refused: nothing is read before it was lifted
    progress: Progress | None = None
    seen: DocumentSeen | None = None  # in the reading that goes on; an error takes it back
    key: AccessKey | None = None
    accepts: tuple[str, ...] = ()  # what the chip that lies there, or lay there last, opens with
    typed: Typed = field(default_factory=Typed)
    refusals: int = 0

    async def run(self) -> tuple[Document | None, RegistryKey]:
        while True:
            self.progress = self.seen = None
            try:
                found = await self.stage.ask(self._question, until=self._read)
            except Back:
                if self.key is None:
                    raise
                await self._ask_key()
            except KeyNeeded as needed:
                self.accepts = needed.accepts
                await self._ask_key()
            except KeyRefused:
                self.stage.sound(Earcon.TROUBLE)
                self.refusals += 1
                await self._ask_key("key_wrong")
            except CardError as error:
                self.stage.sound(Earcon.TROUBLE)
                self.trouble = trouble_of(error)
            else:
                if answer := await self._answer(found):
                    return answer

    async def _answer(self, found: object) -> tuple[Document | None, RegistryKey] | None:
        """What was asked for; None when this is no way to it, and ``trouble`` says why."""
        if isinstance(found, Document):
            self.trouble = objection(found, self.service.documents)
            number = registry_key(found)
            if number is not None and not self.trouble:
                self.stage.sound(Earcon.CARD)
                return found, number
            self.stage.sound(Earcon.TROUBLE)
            return None
        try:
            return None, typed_key(await _typed_number(self.stage, self.service))
        except Back:
            self.trouble = ""
            return None

    async def _ask_key(self, trouble: str = "") -> None:
        """Ask for the key, unless the chip refused too often; Back lets the resident lay down something else."""
        self.trouble, self.key = "", None
        if self.refusals >= KEY_ATTEMPTS:
            self.typed = Typed()
            self.trouble, self.must_lift = "key_spent", True
            return
        try:
            self.key = await ask_key(self.stage, self.service, self.accepts, self.typed, trouble)
        except Back:
            self.trouble, self.must_lift = "lift_first", True

    def _question(self) -> q.PresentCard:
        trouble = "card_left" if self.booth.has_foreign_card else self.trouble
        trouble = trouble if self.booth.reader.status.is_usable else "reader_lost"
        progress, stage = self.progress, self.stage
        seen = self.seen
        return q.PresentCard(
            kinds=tuple(kind.value for kind in self.booth.reader.kinds if kind in self.service.documents),
            trouble="" if progress else trouble,
            can_go_without=not self.is_helper and _can_go_without(self.service),
            is_helper=self.is_helper,
            has_key=self.key is not None,
            phase=progress.phase.value if progress else "",
            share=round(progress.share * SHARE_STEPS) / SHARE_STEPS if progress else 0.0,
            seen_kind=seen.kind.value if seen else "",
            seen_name=written(seen.name_masked, "", stage.text, stage.can_write) if seen else "",
            service=self.service.id,
            progress=(2, 5) if self.is_helper else (1, 5),
        )

    def _show(self, progress: Progress | None) -> None:
        self.progress = progress
        self.seen = (progress.seen or self.seen) if progress else None
        self.stage.refresh()

    async def _read(self) -> Document:
        """Wait for a document of this resident; a reader that is away may come back. Raises ``CardError``."""
        booth = self.booth
        while True:
            try:
                if booth.has_foreign_card or self.must_lift:
                    await booth.reader.wait_for_removal()
                    booth.has_foreign_card = self.must_lift = False
                    self.trouble = "" if self.trouble == "lift_first" else self.trouble
                    self.stage.refresh()
                return await booth.reader.wait_for_document(self.key, self._show)
            except ReaderLost:
                pass
            except CardError:
                raise
            except DeviceError as error:
                self.stage.note(error)
            self._show(None)
            await self.stage.clock.sleep(LOOK_AGAIN_S)


def _can_go_without(service: Service) -> bool:
    return any(way in service.identification for way in (Way.CODE, Way.CLERK))


def trouble_of(error: CardError) -> str:
    """The words key of a card error: its class's name in words."""
    name = type(error).__name__
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


async def _typed_number(stage: Stage, service: Service) -> str:
    refused: list[str] = []  # what is wrong with it is said in the present language

    def take(raw: object) -> str:
        return str(accept(_NUMBER_FIELD, raw, text=stage.text, today=stage.clock.today().date()))

    def question() -> q.Question:
        trouble = ""
        if refused:
            try:
                take(refused[-1])
            except Wrong as wrong:
                trouble = wrong.sentence
        return q.AskField(
            field_id="number", kind="id_number", title=stage.text("Please enter your ID number"), trouble=trouble,
            help=stage.text("It has 18 digits. The last may be X."), draft=refused[-1] if refused else "",
            max_length=18, is_private=True, service=service.id, progress=(1, 5),
        )  # fmt: skip

    while True:
        raw = await stage.ask(question)
        try:
            return take(raw)
        except Wrong:
            stage.sound(Earcon.TROUBLE)
            refused = [str(raw or "")]
