"""The resident's devices, built from booth.toml: the one place of the product that chooses drivers.

Knows settings and drivers, no resident and no screen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hardware.camera.binocular import BinocularCamera
from hardware.camera.opencv import CameraOptions, OpenCvCamera
from hardware.card_reader import CardReader
from hardware.card_reader.reader import PcscCardReader, ReaderOptions
from hardware.card_reader.sdt.messages import SamOptions
from hardware.card_reader.sdt.reader import SamCardReader
from hardware.card_reader.several import SeveralReaders
from hardware.card_reader.worker_reader import WorkerCardReader
from hardware.face.matcher import WorkerFaceMatcher
from hardware.face.messages import FaceOptions
from hardware.keypad import Key
from hardware.keypad.evdev_file import EvdevKeypad, KeypadOptions
from hardware.printer.escpos_printer import EscposPrinter
from hardware.printer.messages import PrinterOptions
from hardware.ring import PREVIEW_BYTES, FrameRing
from hardware.speech.speaker import Pyttsx3Speaker, SpeakerOptions
from kiosk.config import Config, ConfigError
from kiosk.visit.equipment import Equipment


@dataclass
class Devices:
    """Everything a visit holds of the machine; ``release`` lets the next visit have it."""

    reader: CardReader
    camera: OpenCvCamera | BinocularCamera
    matcher: WorkerFaceMatcher
    printer: EscposPrinter
    speaker: Pyttsx3Speaker
    keypad: EvdevKeypad
    rings: tuple[FrameRing, ...]  # full frames, preview, a second camera's; none once released

    @classmethod
    def build(cls, config: Config, assets: Path) -> Devices:
        """Make the drivers; starts nothing. Raises ``ConfigError`` for settings no driver can be made of."""
        full, preview = FrameRing.create(), FrameRing.create(max_bytes=PREVIEW_BYTES)
        try:
            left = OpenCvCamera(_camera(config, full.name, preview.name))
            second = FrameRing.create() if config.camera.second_source else None
            right = OpenCvCamera(_second_camera(config, second.name)) if second else None
            camera = BinocularCamera(left, right) if right else left
            face = _face(config, full.name, second.name if second else "")
            return cls(
                reader=card_reader(config),
                camera=camera,
                matcher=WorkerFaceMatcher(face, on_place=camera.aim),
                printer=EscposPrinter(_printer(config, assets)),
                speaker=Pyttsx3Speaker(
                    SpeakerOptions(config.speech.sink, str(assets / "sounds"), _prepared(config, assets))
                ),
                keypad=EvdevKeypad(_keypad(config)),
                rings=(full, preview) if second is None else (full, preview, second),
            )
        except ValueError as error:
            raise ConfigError(f"booth.toml: {error}") from None

    def equipment(self, community: str) -> Equipment:
        """The same as the visit's script sees it."""
        return Equipment(
            self.reader, self.camera, self.matcher, self.printer, preview_ring=self.rings[1].name, community=community
        )

    async def start(self) -> None:
        """What a welcome screen needs: paper and cards are watched, keys work, the voice is ready."""
        await asyncio.gather(
            self.keypad.start(), self.speaker.start(), self.reader.start(), self.printer.start(), return_exceptions=True
        )

    async def begin(self) -> None:
        """What only a visit needs: the camera's and the face's workers; the camera itself stays closed."""
        await asyncio.gather(self.camera.start(), self.matcher.start(), return_exceptions=True)

    async def release(self) -> None:
        """Give the wires back and end every process that saw a resident, but the voice that says goodbye."""
        await asyncio.gather(
            self.keypad.stop(), self.reader.stop(), self.printer.stop(), self.camera.stop(), self.matcher.stop(),
            return_exceptions=True,
        )  # fmt: skip
        rings, self.rings = self.rings, ()
        for ring in rings:
            ring.zero()
            ring.close()
            ring.unlink()

    def watch(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` when what can be offered may have changed."""
        for device in (self.reader, self.printer, self.matcher):
            device.watch(lambda _status: changed())


def card_reader(config: Config) -> WorkerCardReader | SeveralReaders:
    """All card readers of the booth behind one door. Raises ``ValueError`` for settings no driver can be made of."""
    c = config.card_reader
    trust_folder = Path(c.trust_folder) if c.trust_folder else None
    plain = PcscCardReader(ReaderOptions(c.reader, c.socket, extended=c.extended, trust_folder=trust_folder))
    if not c.sam:
        return plain
    sam = SamOptions(c.sam, baud=c.sam_baud, wlt_library=c.wlt_library, wlt_pixels=c.wlt_pixels)
    return SeveralReaders((SamCardReader(sam), plain))


def _camera(config: Config, full: str, preview: str) -> CameraOptions:
    c = config.camera
    return CameraOptions(c.source, full, preview, c.width_px, c.height_px, c.fps, c.rotation)


def _second_camera(config: Config, full: str) -> CameraOptions:
    c = config.camera
    return CameraOptions(c.second_source, full, "", c.width_px, c.height_px, c.fps, c.rotation)


def _face(config: Config, full: str, second: str) -> FaceOptions:
    f = config.face
    return FaceOptions(f.pack, full, config.booth.is_laboratory, f.liveness, second, f.stereo_calibration)


def _printer(config: Config, assets: Path) -> PrinterOptions:
    p = config.printer
    return PrinterOptions(
        font_regular=str(assets / "fonts" / "NotoSansSC-Regular.otf"),
        font_bold=str(assets / "fonts" / "NotoSansSC-Bold.otf"),
        connection=p.connection,
        host=p.host,
        port=p.port,
        usb_vendor=p.usb_vendor,
        usb_product=p.usb_product,
        serial_device=p.device,
        serial_baud=p.baud,
        paper_mm=p.paper_mm,
        dpi=p.dpi,
        has_exit_sensor=p.has_exit_sensor,
        print_within_s=config.times.print_s,
    )


def _keypad(config: Config) -> KeypadOptions:
    try:
        keys = {code: Key(name) for code, name in config.keypad.keys.items()}
    except ValueError as error:
        names = ", ".join(key.value for key in Key)
        raise ConfigError(f"booth.toml: keypad.keys: {error}; use one of {names}") from None
    return KeypadOptions(config.keypad.devices, keys, config.keypad.presence_code)


def _prepared(config: Config, assets: Path) -> str:
    """The folder of prepared sentences: the configured one, else the one that set-up filled, if it did."""
    filled = assets / "speech"
    return config.speech.prepared or (str(filled) if filled.is_dir() else "")
