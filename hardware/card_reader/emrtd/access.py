"""How a chip is entered: which way it offers, with which key, and once more when it drops the session.

Decides between PACE and basic access control, and says what key is missing. A key is offered to a chip once each way,
because chips slow down with every wrong one. Knows no data group but the two files that say how to enter.
"""

from __future__ import annotations

from dataclasses import dataclass

from hardware.card_reader import (
    CanKey,
    CardProtected,
    CardUnknown,
    CardUnreadable,
    Check,
    KeyNeeded,
    KeyRefused,
    MrzKey,
    Result,
    tlv,
)
from hardware.card_reader.apdu import Command, Exchange
from hardware.card_reader.emrtd import bac, pace
from hardware.card_reader.emrtd.channel import Channel
from hardware.card_reader.emrtd.files import BLOCKS, EXTENDED_BLOCK_BYTES, Files
from hardware.card_reader.emrtd.mrz import key_information
from hardware.card_reader.emrtd.secure_messaging import SessionLost
from hardware.card_reader.emrtd.security_infos import PaceInfo, SecurityInfos, parse_security_infos
from hardware.card_reader.family import Task

EF_CARD_ACCESS, EF_CARD_SECURITY, EF_ATR_INFO, EF_COM = 0x011C, 0x011D, 0x2F01, 0x011E
MAX_CARD_ACCESS_BYTES, MAX_CARD_SECURITY_BYTES = 4 << 10, 16 << 10
OVERHEAD_BYTES = 48  # of secure messaging around a block, generously
_LOCKED = frozenset({0x6982, 0x6985})  # what chips that want PACE first answer to SELECT


@dataclass
class Entrance:
    """How the chip was entered. ``way``: ``pace``, ``bac``, or ``open`` for a chip without access control."""

    way: str = ""
    detail: str = ""
    card_access: SecurityInfos | None = None
    card_security: bytes | None = None
    mapping: pace.Mapping | None = None
    pace_failure: str = ""

    def check(self) -> Check:
        """Say how, and whether something is odd about it."""
        if self.way == "open":
            return Check("access", Result.WARN, "the chip has no access control")
        if self.pace_failure:
            return Check("access", Result.WARN, f"BAC, because PACE failed: {self.pace_failure}")
        return Check("access", Result.PASS, self.detail)


class Access:
    """The way into one chip. ``enter`` first; ``enter_again`` at most once."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self.channel = Channel()
        self.files = Files(self.channel)
        self.entrance = Entrance()
        self._has_entered_again = False
        self._wants_card_security = True

    def find(self) -> Exchange[None]:
        """Find the eMRTD application and what it offers. Raises ``CardUnknown`` for a card of another kind."""
        status = yield from self.channel.select_application()
        if status != 0x9000 and status not in _LOCKED:
            raise CardUnknown(f"no eMRTD application on this card (SW {status:04X})")
        yield from self.channel.select_master_file()
        if self._task.allows_extended:
            yield from self._use_extended_lengths()
        try:
            raw = yield from self.files.read(EF_CARD_ACCESS, 0x31, MAX_CARD_ACCESS_BYTES)
        except (CardProtected, CardUnreadable):
            # Chips without PACE answer nearly anything to this; what others say is compared with DG14 later.
            raw = None
        if raw is not None:
            self.entrance.card_access = parse_security_infos(raw)
        elif status in _LOCKED:
            raise CardUnknown(f"the card opens neither an application nor EF.CardAccess (SW {status:04X})")

    def enter(self) -> Exchange[None]:
        """Open the chip and select the application.

        Raises ``KeyNeeded``, ``KeyRefused``, ``CardProtected`` or ``CardUnreadable``.
        """
        try:
            yield from self._enter()
        except SessionLost as lost:
            yield from self.enter_again(lost)

    def enter_again(self, lost: SessionLost) -> Exchange[None]:
        """Open a chip that has dropped the session, with shorter blocks. Raises ``CardUnreadable`` the second time."""
        if self._has_entered_again:
            raise CardUnreadable(f"the chip dropped the session twice ({lost.message})") from lost
        self._has_entered_again = True
        self._wants_card_security = False
        self.channel.session = None
        self.files.block_bytes = min(self.files.block_bytes, BLOCKS[0])
        self.files.shrink()
        if self.entrance.way == "pace":
            yield from self.channel.select_master_file()
        yield from self._enter()

    def _enter(self) -> Exchange[None]:
        key = self._task.key
        access = self.entrance.card_access
        info = pace.choose(access.pace) if access else None
        if key is None:
            yield from self._enter_open(("mrz", "can") if info else ("mrz",))
            return
        if info is None:
            if isinstance(key, CanKey):
                raise KeyNeeded("this document does not open with a card access number", accepts=("mrz",))
            yield from self._enter_bac(key)
            return
        try:
            opened = yield from pace.authenticate(self.channel, info, key, names_curve=self._has_several_curves(info))
        except (KeyRefused, CardProtected, CardUnreadable) as failure:
            if not isinstance(key, CanKey):
                yield from self._fall_back(key, failure)
                return
            if isinstance(failure, CardProtected):
                raise KeyNeeded("this document has no card access number", accepts=("mrz",)) from failure
            raise
        yield from self._begin_session(info, opened)

    def _has_several_curves(self, info: PaceInfo) -> bool:
        """Tell whether the chip has several curves for one protocol: one with a single curve may refuse its name."""
        access = self.entrance.card_access
        return access is not None and len([one for one in access.pace if one.oid == info.oid]) > 1

    def _begin_session(self, info: PaceInfo, opened: pace.Opened) -> Exchange[None]:
        """Go on under PACE. From here on nothing falls back: what is wrong now is wrong inside a good session."""
        self.entrance.way = "pace"
        self.entrance.detail = f"PACE {info.agreement}-{info.mapping} {info.cipher}"
        self.channel.session = opened.session
        self.entrance.mapping = opened.mapping
        if opened.mapping is not None and self._wants_card_security:
            try:
                self.entrance.card_security = yield from self.files.read(
                    EF_CARD_SECURITY, 0x30, MAX_CARD_SECURITY_BYTES
                )
            except CardProtected:
                self.entrance.card_security = None
        yield from self._select()

    def _fall_back(self, key: MrzKey, failure: KeyRefused | CardProtected | CardUnreadable) -> Exchange[None]:
        """Try basic access control with the same zone: chips exist whose PACE fails although the key is right."""
        try:
            yield from self._enter_bac(key)
        except CardProtected:
            raise failure from None
        self.entrance.pace_failure = failure.message

    def _enter_bac(self, key: MrzKey) -> Exchange[None]:
        yield from self._select()
        self.channel.session = yield from bac.authenticate(self.channel, key_information(key))
        self.entrance.way = "bac"
        self.entrance.detail = "BAC"

    def _enter_open(self, accepts: tuple[str, ...]) -> Exchange[None]:
        """Go on without a key where the chip lets everybody in, as some early ones do."""
        status = yield from self.channel.select_application()
        if status == 0x9000 and (yield from self.channel.select_file(EF_COM)) == 0x9000:
            response = yield from self.channel.send(Command(0x00, 0xB0, 0x00, 0x00, le=4))
            if response.is_ok and response.data:
                self.entrance.way = "open"
                return
        raise KeyNeeded("the document opens with a key only", accepts=accepts)

    def _select(self) -> Exchange[None]:
        status = yield from self.channel.select_application()
        if status != 0x9000:
            raise CardUnreadable(f"selecting the eMRTD application: SW {status:04X}")

    def _use_extended_lengths(self) -> Exchange[None]:
        """Ask for longer blocks where EF.ATR/INFO says that the chip gives them (ISO/IEC 7816-4, 12.7.1)."""
        raw = yield from self.files.read_raw(EF_ATR_INFO, 256)
        try:
            found = tlv.find(raw, 0x7F66) if raw else None
            sizes = [int.from_bytes(one.value) for one in tlv.read_all(found or b"") if one.tag == 0x02]
        except CardUnreadable:
            sizes = []
        if len(sizes) == 2 and min(sizes) - OVERHEAD_BYTES > BLOCKS[0]:
            self.files.block_bytes = min(EXTENDED_BLOCK_BYTES, sizes[1] - OVERHEAD_BYTES)
