"""What stands in a hall: devices behind their front doors, a ledger and a platform on paper, and their people."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from hardware.camera import CameraError, CameraStatus, Picture
from hardware.card_reader import (
    AccessKey,
    CardReaderStatus,
    Check,
    Document,
    DocumentKind,
    Media,
    ProgressListener,
    Result,
    Sex,
)
from hardware.device import DeviceStatus, Health
from hardware.face import Challenge, Coaching, Comparison, Decision, FaceStatus
from hardware.keypad import KeypadEvent, KeypadStatus
from hardware.printer import Exit, Page, Paper, PrinterStatus
from hardware.speech import Earcon, SpeechStatus, Spoken, Utterance
from kiosk.line import Acknowledged
from kiosk.text import Catalogues
from kiosk.uplink.bodies import (
    AnswerRow,
    Approval,
    ApprovalState,
    Catalogue,
    ClerkQuestion,
    CodeResult,
    CodeSent,
    EnquiryAnswer,
    Helper,
    OpenService,
    Pictures,
    RegistryKey,
    Resident,
)
from kiosk.uplink.errors import NotKnown, Refused, Unreachable
from kiosk.visit.services import load_services

ROOT = Path(__file__).resolve().parents[3]
SERVICES = load_services(ROOT / "assets" / "services")  # read once: nothing changes them
CATALOGUES = Catalogues(ROOT / "assets" / "translations")
TODAY = dt.datetime(2026, 11, 22, 20, 47, tzinfo=dt.timezone(dt.timedelta(hours=8)))
NUMBER = "11010519491231002X"  # GB 11643-1999, the standard's own example
JPEG = b"\xff\xd8 a picture"
SEAL_PUB = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")  # RFC 7748, 6.1


def card(number: str = NUMBER, **changes: Any) -> Document:
    checks = changes.pop("checks", (Check("number_checksum", Result.PASS), Check("expired", Result.PASS)))
    return Document(
        DocumentKind.SOCIAL_SECURITY_CARD, number, changes.pop("name", "张秀英"), Sex.FEMALE,
        changes.pop("birth", dt.date(1949, 12, 31)), checks=checks, source="ssse 3.00", **changes,
    )  # fmt: skip


def key_of(number: str) -> RegistryKey:
    return RegistryKey(kind="citizen", value=number)


def registered(number: str | RegistryKey = NUMBER, **changes: Any) -> Resident:
    record: dict[str, Any] = {
        "key": key_of(number) if isinstance(number, str) else number,
        "name": "张秀英",
        "birth": dt.date(1949, 12, 31), "sex": "F", "address": "幸福里3号楼",
        "has_phone": True, "phone": "13800138000", "phone_masked": "138****8000", "portrait": JPEG,
        "facts": {"pension": True, "confirmed_until": None},
    }  # fmt: skip
    return Resident(**(record | changes))


class _Device:
    def __init__(self, status: DeviceStatus) -> None:
        self.status: Any = status
        self.listeners: list[Callable[[DeviceStatus], None]] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def watch(self, listener: Callable[[DeviceStatus], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)


class Reader(_Device):
    kinds = (DocumentKind.SOCIAL_SECURITY_CARD,)

    def __init__(self) -> None:
        super().__init__(CardReaderStatus(Health.ONLINE, media=Media.NOT_PRESENT))
        self.offered: asyncio.Queue[Document | Exception] = asyncio.Queue()
        self.lifted = asyncio.Event()
        self.keys: list[AccessKey | None] = []  # what each call brought
        self.progress: ProgressListener | None = None

    def present(self, what: Document | Exception) -> None:
        self.offered.put_nowait(what)

    async def wait_for_document(
        self, key: AccessKey | None = None, on_progress: ProgressListener | None = None
    ) -> Document:
        self.keys.append(key)
        self.progress = on_progress
        found = await self.offered.get()
        if isinstance(found, Exception):
            raise found
        return found

    async def wait_for_removal(self) -> None:
        if self.status.media is Media.PRESENT:
            await self.lifted.wait()


class Camera(_Device):
    def __init__(self) -> None:
        super().__init__(CameraStatus(Health.ONLINE))
        self.opened = 0
        self.is_open = False
        self.broken: CameraError | None = None

    async def open(self) -> None:
        self.opened += 1
        if self.broken:
            raise self.broken
        self.is_open = True

    async def close(self) -> None:
        self.is_open = False

    def see(self, picture: Picture) -> None:
        self.status = CameraStatus(Health.ONLINE, is_open=True, picture=picture)
        for listener in tuple(self.listeners):
            listener(self.status)

    async def snapshot(self) -> bytes:
        assert self.is_open, "a photo needs an open camera"
        return JPEG


class Matcher(_Device):
    def __init__(self) -> None:
        super().__init__(FaceStatus(Health.ONLINE, model="test 1"))
        self.results: asyncio.Queue[Decision | Comparison | Exception] = asyncio.Queue()
        self.challenges: list[Challenge] = []
        self.company: Callable[[bool], None] = lambda is_there: None
        self.asks = Coaching.LOOK_HERE
        self.reference: bytes | None = None

    async def enrol(self, portrait: bytes) -> None:
        self.reference = portrait

    async def compare(
        self, coach: Callable[[Coaching], None], *, within_s: float, challenge: Challenge = Challenge.MOVEMENT,
        on_company: Callable[[bool], None] | None = None,
    ) -> Comparison:  # fmt: skip
        self.challenges.append(challenge)
        self.company = on_company or (lambda is_there: None)
        coach(self.asks)
        found = await self.results.get()
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, Comparison) else Comparison(found, "high", "test 1", 3)

    async def forget(self) -> None:
        self.reference = None


class Printer(_Device):
    def __init__(self) -> None:
        super().__init__(PrinterStatus(Health.ONLINE, paper=Paper.FULL, exit=Exit.UNKNOWN))
        self.pages: list[Page] = []
        self.fails: Exception | None = None

    async def refresh(self) -> PrinterStatus:
        return self.status  # type: ignore[no-any-return]

    async def print(self, page: Page) -> None:
        if self.fails:
            raise self.fails
        self.pages.append(page)

    async def wait_for_taken(self) -> None: ...


class Speaker(_Device):
    def __init__(self) -> None:
        super().__init__(SpeechStatus(Health.ONLINE, sink="null"))
        self.said: list[Utterance] = []
        self.sounds: list[Earcon] = []
        self.has_headset = False
        self.silences = 0
        self.listener: Callable[[Spoken], None] = lambda spoken: None

    def say(self, *utterances: Utterance) -> None:
        for one in utterances:
            self.said.append(one)
            text = one.instead if one.private and not self.has_headset else one.text
            if text:
                self.listener(Spoken(text, one.language, one.private, 0.0, True))

    def sound(self, earcon: Earcon) -> None:
        self.sounds.append(earcon)

    def hush(self) -> None: ...

    def silence(self) -> None:
        self.silences += 1

    def set_headset(self, is_plugged: bool) -> None:
        self.has_headset = is_plugged

    def set_volume(self, step: int) -> None: ...

    def set_rate(self, percent: int) -> None: ...

    def listen(self, listener: Callable[[Spoken], None]) -> Callable[[], None]:
        self.listener = listener
        return lambda: None


class Keypad(_Device):
    def __init__(self) -> None:
        super().__init__(KeypadStatus(Health.ONLINE))
        self.pressed: asyncio.Queue[KeypadEvent] = asyncio.Queue()

    async def events(self) -> AsyncIterator[KeypadEvent]:
        while True:
            yield await self.pressed.get()


class Ledger:
    """The keeper's line, answered on paper."""

    def __init__(self) -> None:
        self.commits: list[dict[str, Any]] = []
        self.tries: dict[str, int] = {}
        self.events: list[tuple[str, str]] = []
        self.receipts: list[str] = []
        self.answer = Acknowledged(0, "accepted")
        self.refuses: Exception | None = None

    async def open_visit(self, service: str) -> str:
        self.events.append(("open", service))
        return "visit-1"

    async def commit(self, **body: Any) -> str:
        if self.refuses:
            raise self.refuses
        self.commits.append(body)
        return "B7-000204-6"

    async def acknowledgement(self, key: str, within_s: float) -> Acknowledged:
        return self.answer

    async def receipt_issued(self, key: str, how: str) -> None:
        self.receipts.append(how)

    async def close_visit(self, visit: str, outcome: str) -> None:
        self.events.append(("close", outcome))

    async def attempts_today(self, number: str, purpose: str = "face") -> int:
        return self.tries.get(number, 0)

    async def count_attempt(self, number: str, purpose: str = "face") -> int:
        self.tries[number] = self.tries.get(number, 0) + 1
        return self.tries[number]

    async def audit(self, visit: str, what: str, detail: dict[str, str]) -> None:
        self.events.append((what, " ".join(detail.values())))


class Backend:
    def __init__(self) -> None:
        self.residents = {key_of(NUMBER): registered()}
        self.is_down = False
        self.code = "246810"
        self.code_attempts = 3
        self.approval_state = ApprovalState.WAITING
        self.cancelled = 0
        self.pictures: Pictures | None = None
        self.clerk_asks: ClerkQuestion | None = None
        self.answers: list[tuple[str, str]] = []
        self.helpers: set[RegistryKey] = set()

    def _up(self, call: str) -> None:
        if self.is_down:
            raise Unreachable(call, "no connection")

    async def catalogue(self, *, within_s: float | None = None) -> Catalogue:
        self._up("catalogue")
        return Catalogue(services=[OpenService(id=name, version=1, is_open=True) for name in ("pension-alive",)])

    async def lookup(self, visit: str, key: RegistryKey, service: str, *, within_s: float | None = None) -> Resident:
        self._up("lookup")
        if key not in self.residents:
            raise NotKnown("lookup", "unknown-resident", "", 404)
        return self.residents[key]

    async def enquire(
        self, visit: str, key: RegistryKey, service: str, answers: dict[str, Any], *, language: str, within_s: float = 1
    ) -> EnquiryAnswer:
        self._up("enquire")
        return EnquiryAnswer(
            title="缴费证明", number="C-1", verification_code="K3J9", verify_url="https://example.org/v/K3J9",
            rows=[AnswerRow(label="2026-10", value="612.00")], issued_at=TODAY,
        )  # fmt: skip

    async def send_code(self, visit: str, key: RegistryKey, *, within_s: float | None = None) -> CodeSent:
        self._up("send_code")
        self.code_attempts = 3
        return CodeSent(code_id="c1", phone_masked="138****8000", expires_s=300, resend_after_s=60)

    async def verify_code(self, visit: str, code_id: str, code: str, *, within_s: float | None = None) -> CodeResult:
        self._up("verify_code")
        if self.code_attempts <= 0:
            raise Refused("verify_code", "code-dead", "", 410)
        if code == self.code:
            return CodeResult(is_right=True, attempts_left=self.code_attempts)
        self.code_attempts -= 1
        return CodeResult(is_right=False, attempts_left=self.code_attempts)

    async def ask_approval(
        self, visit: str, service: str, name: str, number: str, question: str, *, pictures: Pictures | None = None,
        within_s: float | None = None,
    ) -> Approval:  # fmt: skip
        self._up("ask_approval")
        self.pictures = pictures
        assert "*" in name
        assert "*" in number
        return Approval(approval_id="a1", state=ApprovalState.WAITING, position=1)

    async def approval(self, approval_id: str, *, within_s: float | None = None) -> Approval:
        return Approval(approval_id="a1", state=self.approval_state, position=1, question=self.clerk_asks)

    async def answer_clerk(
        self, approval_id: str, question_id: str, answer: str, *, within_s: float | None = None
    ) -> Approval:
        self.answers.append((question_id, answer))
        self.clerk_asks = None
        return Approval(approval_id="a1", state=self.approval_state, position=1)

    async def may_help(
        self, visit: str, key: RegistryKey, helper: RegistryKey, service: str, *, within_s: float | None = None
    ) -> Helper:
        if helper not in self.helpers:
            raise NotKnown("may_help", "unknown-helper", "", 404)
        return Helper(relation="grandchild")

    async def cancel_approval(self, approval_id: str, *, within_s: float | None = None) -> Approval:
        self.cancelled += 1
        return Approval(approval_id="a1", state=ApprovalState.CANCELLED, position=0)
