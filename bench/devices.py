"""The other ends of the booth's wires, all in one place: plug, unplug, put in, take out.

Holds the drivers' simulators and a private PC/SC daemon; gives them knobs a person understands. Knows no booth and no
page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bench.documents import NoSuchFault, OnSam, Printery
from bench.documents import Paper as Document
from bench.faces import SECOND_PERSON, Face
from bench.residents import Person
from bench.run_folder import RunFolder
from hardware.camera.simulator import CameraSimulator
from hardware.card_reader.daemon import PrivatePcscd
from hardware.card_reader.sdt.simulator import SamOnPty
from hardware.card_reader.simulator import CardSlot
from hardware.keypad import Key
from hardware.keypad.simulator import KeypadFifo
from hardware.printer import Paper
from hardware.printer.simulator import PrinterSimulator
from kiosk.config import KEYS_DEFAULT

PRESENCE_CODE = 148  # KEY_PROG1: a presence sensor wired as a key
MODES = ("look", "still", "away", "second", "freeze", "black", "mask", "print", "upside_down")
_PAPER = {paper.value: paper for paper in (Paper.FULL, Paper.LOW, Paper.OUT)}


class Refusal(Exception):
    """What was asked cannot be done; the text says why and what can."""


class Devices:
    """The devices of one booth."""

    def __init__(
        self,
        folder: RunFolder,
        faces: Mapping[str, Face],
        on_paper: Callable[[bytes, int], None],
        on_change: Callable[[], None],
    ) -> None:
        self._faces = faces
        self._on_change = on_change
        self.pcscd = PrivatePcscd(folder.pcscd)
        self.slot = CardSlot(self.pcscd.card_door)
        self.sam = SamOnPty(folder.sam)
        self.printery = Printery()
        self.printery.trust(folder.trust)
        self.camera = CameraSimulator()
        self.printer = PrinterSimulator(folder=folder.paper, on_paper=on_paper)
        self.printer.has_exit_sensor = True
        self.keypad = KeypadFifo(folder.keypad)
        self.presence_code = PRESENCE_CODE
        self._codes = {meaning: code for code, meaning in reversed(KEYS_DEFAULT.items())}
        self._person: Person | None = None
        self._document: Document | None = None
        self._fault = ""
        self._face: str | None = None
        self._mode = "look"
        self._is_reader_plugged = False
        self._is_sam_plugged = False
        self._is_printer_plugged = True
        self._is_keypad_plugged = True
        self._has_headset = False

    async def start(self) -> None:
        """Bring all of it up."""
        await self.printer.start()
        await self.camera.start()
        self.keypad.plug()
        await self.pcscd.start()
        self._is_reader_plugged = True
        await self.sam.plug()
        self._is_sam_plugged = True

    async def stop(self) -> None:
        """Take all of it down. Idempotent."""
        await self.slot.remove()
        await self.sam.unplug()
        await self.pcscd.stop()
        self.keypad.unplug()
        await self.camera.stop()
        await self.printer.stop()

    def state(self) -> dict[str, Any]:
        """For the page and for stories."""
        has_card = self.slot.card is not None or self.sam.card is not None
        return {
            "card": {
                "resident": self._person.id if self._person and has_card else None,
                "document": self._document.id if self._document and has_card else None,
                "fault": self._fault,
            },
            "camera": {
                "face": self._face,
                "mode": self._mode,
                "is_plugged": self.camera.is_plugged,
                "is_watched": self.camera.viewers > 0,
            },
            "printer": {
                "paper": self.printer.paper.value,
                "is_cover_open": self.printer.is_cover_open,
                "is_plugged": self._is_printer_plugged,
                "is_jammed": self.printer.is_jammed,
                "is_paper_in_exit": self.printer.paper_at_exit,
                "printed": self.printer.printed,
            },
            "reader": {"is_plugged": self._is_reader_plugged},
            "sam": {"is_plugged": self._is_sam_plugged},
            "keypad": {"is_plugged": self._is_keypad_plugged},
            "headset": self._has_headset,
        }

    # -- cards ------------------------------------------------------------------------------------------------------

    async def put_card(self, person: Person, document: Document, fault: str, at: int | None) -> None:
        try:
            laid = self.printery.make(document, person.bearer, fault, at)
        except NoSuchFault as error:
            raise Refusal(f"card.fault: {error}") from None
        is_for_sam = isinstance(laid, OnSam)
        if not (self._is_sam_plugged if is_for_sam else self._is_reader_plugged):
            what = "ID card module" if is_for_sam else "card reader"
            raise Refusal(f"the {what} is unplugged; plug it in first")
        self._person, self._document, self._fault = person, document, fault
        if isinstance(laid, OnSam):
            await self.slot.remove()
            await self.sam.present(laid.card, laid.how)
        else:
            await self.sam.remove()
            await self.slot.present(laid.card, laid.how)

    async def take_card(self) -> None:
        await self.slot.remove()
        await self.sam.remove()
        self._person, self._document, self._fault = None, None, ""

    async def set_sam(self, body: dict[str, Any]) -> None:
        self._is_sam_plugged = _flag(body, "plugged")
        if self._is_sam_plugged:
            await self.sam.plug()
        else:
            await self.sam.remove()
            await self.sam.unplug()

    async def set_reader(self, body: dict[str, Any]) -> None:
        is_plugged = _flag(body, "plugged")
        if is_plugged and not self._is_reader_plugged:
            await self.pcscd.start()
        elif not is_plugged and self._is_reader_plugged:
            await self.slot.remove()
            await self.pcscd.stop()
        self._is_reader_plugged = is_plugged

    # -- faces ------------------------------------------------------------------------------------------------------

    def set_face(self, body: dict[str, Any]) -> None:
        face, mode = body.get("face", self._face), body.get("mode", self._mode)
        if face is not None and face not in self._faces:
            raise Refusal(f"face.face: nobody is called {face!r}; there are: {', '.join(self._faces)}, or null")
        if mode not in MODES:
            raise Refusal(f"face.mode: unknown {mode!r}; there are: {', '.join(MODES)}")
        self._face, self._mode = face, mode
        shown = self._faces[face] if face is not None else None
        self.camera.show(shown.file.read_bytes() if shown else None, shown.eyes if shown else None)
        second = self._faces[SECOND_PERSON] if mode == "second" else None
        self.camera.show_second(second.file.read_bytes() if second else None, second.eyes if second else None)
        self.camera.look_away = mode == "away"
        self.camera.freeze = mode == "freeze"
        self.camera.black = mode == "black"
        self.camera.mask = mode == "mask"
        self.camera.paper = mode == "print"
        self.camera.mounted_deg = 180 if mode == "upside_down" else 0
        if does := body.get("does"):
            self._perform(str(does))

    def hear(self, movement: str) -> None:
        """Do what the booth asks: everybody but who is told to be "still"; a print is moved by who holds it."""
        if movement and self._mode != "still":
            self._perform(movement)

    def _perform(self, movement: str) -> None:
        try:
            self.camera.perform(movement)
        except ValueError as error:
            raise Refusal(f"face.does: {error}") from None

    async def set_camera(self, body: dict[str, Any]) -> None:
        await (self.camera.plug() if _flag(body, "plugged") else self.camera.unplug())

    # -- paper ------------------------------------------------------------------------------------------------------

    async def set_printer(self, body: dict[str, Any]) -> None:
        unknown = set(body) - {"paper", "cover_open", "plugged", "jammed", "taken", "out_after_mm"}
        if unknown:
            raise Refusal(f"printer: unknown {', '.join(sorted(unknown))}")
        if "paper" in body:
            paper = _PAPER.get(str(body["paper"]))
            if paper is None:
                raise Refusal(f"printer.paper: unknown {body['paper']!r}; there are: {', '.join(_PAPER)}")
            if paper is Paper.FULL:
                self.printer.load_paper()
            else:
                self.printer.paper = paper
        if "out_after_mm" in body:
            self.printer.out_after_mm = float(body["out_after_mm"])
        if "cover_open" in body:
            self.printer.is_cover_open = _flag(body, "cover_open")
        if "jammed" in body:
            self.printer.is_jammed = _flag(body, "jammed")
        if "taken" in body:
            self.printer.take_paper()
        if "plugged" in body:
            self._is_printer_plugged = _flag(body, "plugged")
            await (self.printer.plug_in() if self._is_printer_plugged else self.printer.unplug())

    # -- keypad and headset -----------------------------------------------------------------------------------------

    async def press_key(self, body: dict[str, Any]) -> None:
        try:
            key = Key(str(body.get("key")))
        except ValueError:
            names = ", ".join(key.value for key in Key)
            raise Refusal(f"key.key: unknown {body.get('key')!r}; there are: {names}") from None
        if not self.keypad.press(self._codes[key.value]):
            raise Refusal("nobody reads the keypad now: it is unplugged, or the booth is starting")

    async def set_headset(self, body: dict[str, Any]) -> None:
        self._has_headset = _flag(body, "plugged")
        self.keypad.set_headset(self._has_headset)

    async def approach(self, _body: dict[str, Any]) -> None:
        self.keypad.approach(PRESENCE_CODE)

    async def set_keypad(self, body: dict[str, Any]) -> None:
        self._is_keypad_plugged = _flag(body, "plugged")
        if self._is_keypad_plugged:
            self.keypad.plug()
        else:
            self.keypad.unplug()

    def tell_switches(self) -> None:
        """A FIFO has no state that a reader who comes later could ask for: say again what is plugged in."""
        if self._has_headset:
            self.keypad.set_headset(True)

    # -- the morning ------------------------------------------------------------------------------------------------

    async def reset(self) -> None:
        """Everything plugged in and full, nobody there."""
        await self.set_reader({"plugged": True})
        if self._fault == "hung":  # nothing but its plug brings the module back
            await self.set_sam({"plugged": False})
        await self.set_sam({"plugged": True})
        await self.take_card()
        await self.set_camera({"plugged": True})
        self.set_face({"face": None, "mode": "look"})
        await self.set_printer({"paper": "full", "cover_open": False, "jammed": False, "plugged": True, "taken": True})
        await self.set_keypad({"plugged": True})
        if self._has_headset:
            await self.set_headset({"plugged": False})


def _flag(body: dict[str, Any], name: str) -> bool:
    value = body.get(name)
    if not isinstance(value, bool):
        raise Refusal(f"{name}: give true or false")
    return value
