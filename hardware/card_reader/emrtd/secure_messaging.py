"""Secure messaging: every command and response encrypted and under a MAC (Doc 9303-11, 9.8; ISO/IEC 7816-4, 10).

A session dies with the first thing that is wrong, whatever it is, and gives out nothing of the answer that killed it.
The MAC is judged before a byte is decrypted, and the counter makes an answer of a moment ago a wrong one. Knows no
file.
"""

from __future__ import annotations

from hardware.card_reader import CardUnreadable, tlv
from hardware.card_reader.apdu import Command, Response
from hardware.card_reader.emrtd.primitives import MAC_BYTES, BadPadding, Suite, is_same, pad, unpad

_ENCRYPTED, _ENCRYPTED_TLV, _LE, _STATUS, _MAC = 0x87, 0x85, 0x97, 0x99, 0x8E
_PADDED = b"\x01"  # padding content indicator: method 2
_ORDERS = ([_ENCRYPTED, _STATUS, _MAC], [_ENCRYPTED_TLV, _STATUS, _MAC], [_STATUS, _MAC])
MAX_SHORT_LE = 256


class SessionLost(CardUnreadable):
    """The chip answered outside secure messaging: it has ended the session, and a new one may do better."""


class SecureMessaging:
    """One session. Not for two conversations at a time: the counter is part of every message."""

    def __init__(self, suite: Suite, encryption_key: bytes, mac_key: bytes, counter: int = 0) -> None:
        self.suite = suite
        self._encryption_key = encryption_key
        self._mac_key = mac_key
        self._counter = counter
        self._is_open = True

    @property
    def is_open(self) -> bool:
        """False once anything was wrong."""
        return self._is_open

    def wrap(self, command: Command) -> bytes:
        """Protect one command. Its ``le`` travels in DO 97, where 0 asks for 256 bytes; more makes it extended.

        Raises ``CardUnreadable`` when the session has ended, ``ValueError`` for a command with neither data nor Le.
        """
        if not self._is_open:
            raise CardUnreadable("secure messaging has ended")
        if not command.data and command.le is None:
            raise ValueError("a command with neither data nor Le has nothing to protect")
        self._counter += 1
        block = self.suite.block_bytes
        header = bytes((command.cla | 0x0C, command.ins, command.p1, command.p2))
        body = b""
        if command.data:
            iv = self.suite.message_iv(self._encryption_key, self._counter)
            secret = self.suite.encrypt(self._encryption_key, pad(command.data, block), iv)
            # An odd instruction's data are data objects, which go without the padding indicator (7816-4, 10.2).
            odd = command.ins & 1
            body = tlv.encode(_ENCRYPTED_TLV, secret) if odd else tlv.encode(_ENCRYPTED, _PADDED + secret)
        is_extended = command.is_extended or (command.le or 0) > MAX_SHORT_LE
        if command.le is not None:
            body += tlv.encode(_LE, (command.le & 0xFFFF).to_bytes(2) if is_extended else bytes((command.le & 0xFF,)))
        mac = self.suite.message_mac(self._mac_key, self._counter, pad(header, block) + body)
        body += tlv.encode(_MAC, mac)
        cla, ins, p1, p2 = header
        return Command(cla, ins, p1, p2, body, 0, is_extended or len(body) > 255).encode()

    def unwrap(self, raw: bytes) -> Response:
        """Open one response; the status is the protected one.

        Raises ``SessionLost`` for a naked status word and ``CardUnreadable`` for everything else that is wrong.
        """
        if not self._is_open:
            raise CardUnreadable("secure messaging has ended")
        self._is_open = False
        outer = Response.decode(raw, is_extended=True)
        if not outer.data:
            raise SessionLost(f"SW {outer.status:04X} outside secure messaging")
        objects = tlv.read_all(outer.data)
        if [one.tag for one in objects] not in _ORDERS:
            raise CardUnreadable("a response without the data objects of secure messaging")
        self._counter += 1
        *inner, mac = objects
        signed = b"".join(one.raw for one in inner)
        expected = self.suite.message_mac(self._mac_key, self._counter, signed)
        if len(mac.value) != MAC_BYTES or not is_same(mac.value, expected):
            raise CardUnreadable("a response with a wrong MAC")
        if len(inner[-1].value) != 2:
            raise CardUnreadable("a response without a status word under its MAC")
        data = b"" if len(inner) == 1 else self._decrypt(inner[0])
        self._is_open = True
        return Response(data, int.from_bytes(inner[-1].value))

    def _decrypt(self, one: tlv.Tlv) -> bytes:
        secret = one.value
        if one.tag == _ENCRYPTED:
            if secret[:1] != _PADDED:
                raise CardUnreadable("an encrypted response with an unknown padding")
            secret = secret[1:]
        if not secret or len(secret) % self.suite.block_bytes:
            raise CardUnreadable("an encrypted response of broken blocks")
        iv = self.suite.message_iv(self._encryption_key, self._counter)
        try:
            return unpad(self.suite.decrypt(self._encryption_key, secret, iv), self.suite.block_bytes)
        except BadPadding as wrong:
            raise CardUnreadable(f"a response is {wrong}") from None
