"""The chip's side of secure messaging (Doc 9303-11, 9.8), written from the standard and not from the terminal.

A session opens commands and closes responses; every wrong byte in a command ends it, with a status word that is not
protected any more. Can be told to be one of the chips that break the rules. Knows no files.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from hardware.card_reader import tlv
from hardware.card_reader.emrtd.primitives import BadPadding, Suite, is_same, pad, unpad
from hardware.card_reader.emrtd.virtual_apdu import Apdu, objects

SHORT_RESPONSE_BYTES = 256


class SessionOver(Exception):
    """A command was not protected as the session demands; ``status`` goes out in the clear."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04X}")
        self.status = status


class Fault(enum.Enum):
    """What a broken or hostile chip does to one of its protected responses."""

    WRONG_MAC = "wrong_mac"
    REPLAYED = "replayed"  # the response before, once more
    NAKED_STATUS = "naked_status"  # 6700 and nothing else, as some chips say to lengths they do not like
    NAKED_DATA = "naked_data"  # the data in the clear, with 9000
    TRUNCATED = "truncated"  # half of the data objects, with 9000
    BAD_PADDING = "bad_padding"  # rightly encrypted and rightly authenticated, without padding
    OTHER_STATUS = "other_status"  # the protected status word is another than the one behind it
    NO_MAC = "no_mac"
    NO_STATUS = "no_status"
    GARBAGE = "garbage"
    EMPTY = "empty"  # no byte at all


@dataclass
class Session:
    """Keys and counter of one session."""

    suite: Suite
    encryption_key: bytes
    mac_key: bytes
    counter: int
    last: bytes = b""

    def capacity(self, *, is_extended: bool) -> int:
        """How many bytes of data a protected response can carry."""
        if is_extended:
            return 65000
        overhead = len(tlv.encode(0x87, bytes(200))) - 200 + 1 + 4 + 10
        return (SHORT_RESPONSE_BYTES - overhead) // self.suite.block_bytes * self.suite.block_bytes - 1

    def open(self, apdu: Apdu) -> Apdu:
        """Verify and decrypt a command. Raises ``SessionOver``."""
        self.counter += 1
        found = objects(apdu.data)
        if found is None or 0x8E not in found:
            raise SessionOver(0x6987)
        header = bytes((apdu.cla, apdu.ins, apdu.p1, apdu.p2))
        covered = b"".join(item.raw for item in tlv.read_all(apdu.data) if item.tag != 0x8E)
        mac = self._mac(pad(header, self.suite.block_bytes) + covered)
        if not is_same(mac, found[0x8E]):
            raise SessionOver(0x6988)
        le = self._le(found)
        data = self._decrypt(found)
        return replace(apdu, cla=apdu.cla & ~0x0C, data=data, le=le)

    def close(self, data: bytes, status: int, *, odd: bool = False, fault: Fault | None = None) -> bytes:
        """Encrypt and authenticate a response; ``odd``: to a command with an odd instruction byte."""
        if fault is Fault.NAKED_STATUS:
            return b"\x67\x00"
        self.counter += 1
        trailer = status.to_bytes(2)
        text = data if fault is Fault.BAD_PADDING else pad(data, self.suite.block_bytes)
        text += bytes(-len(text) % self.suite.block_bytes)
        body = b""
        if data:
            iv = self.suite.message_iv(self.encryption_key, self.counter)
            cipher = self.suite.encrypt(self.encryption_key, text, iv)
            body = tlv.encode(0x85, cipher) if odd else tlv.encode(0x87, b"\x01" + cipher)
        if fault is not Fault.NO_STATUS:
            body += tlv.encode(0x99, b"\x6a\x82" if fault is Fault.OTHER_STATUS else trailer)
        mac = self._mac(body)
        response = body + tlv.encode(0x8E, mac) + trailer
        earlier, self.last = self.last, response
        if fault is Fault.REPLAYED and not earlier:  # what one before the first would have been
            stale = self.suite.message_mac(self.mac_key, self.counter - 1, body)
            earlier = body + tlv.encode(0x8E, stale) + trailer
        return _spoil(response, body, mac, data, earlier, fault)

    def _mac(self, text: bytes) -> bytes:
        return self.suite.message_mac(self.mac_key, self.counter, text)

    def _le(self, found: dict[int, bytes]) -> int | None:
        le = found.get(0x97)
        if le is None:
            return None
        if len(le) not in (1, 2):
            raise SessionOver(0x6988)
        return int.from_bytes(le) or 1 << 8 * len(le)

    def _decrypt(self, found: dict[int, bytes]) -> bytes:
        if 0x87 in found and found[0x87][:1] != b"\x01":
            raise SessionOver(0x6988)
        cipher = found[0x87][1:] if 0x87 in found else found.get(0x85, b"")
        if not cipher:
            return b""
        try:
            iv = self.suite.message_iv(self.encryption_key, self.counter)
            return unpad(self.suite.decrypt(self.encryption_key, cipher, iv), self.suite.block_bytes)
        except (BadPadding, ValueError):
            raise SessionOver(0x6988) from None


def _spoil(response: bytes, body: bytes, mac: bytes, data: bytes, earlier: bytes, fault: Fault | None) -> bytes:
    trailer = response[-2:]
    if fault is Fault.WRONG_MAC:
        return body + tlv.encode(0x8E, bytes((mac[0] ^ 1,)) + mac[1:]) + trailer
    if fault is Fault.REPLAYED:
        return earlier
    if fault is Fault.NAKED_DATA:
        return data + b"\x90\x00"
    if fault is Fault.TRUNCATED:
        return response[: len(response) // 2] + b"\x90\x00"
    if fault is Fault.NO_MAC:
        return body + trailer
    if fault is Fault.GARBAGE:
        return bytes((at * 73 + 41) & 0xFF for at in range(max(16, len(body)))) + b"\x90\x00"
    if fault is Fault.EMPTY:
        return b""
    return response
