"""The readers' half of a secure channel (OSDP 2.2, annex D): keys, cryptograms, MACs, padding. Pure; for simulators.

An implementation of its own, so that the control panel's library is not tested against itself.
"""

from __future__ import annotations

import hmac
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 16
MAC_BYTES = 4


def _encrypt(key: bytes, block: bytes) -> bytes:
    cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - one block, as annex D has it
    return cipher.update(block) + cipher.finalize()


def _cbc(key: bytes, vector: bytes, data: bytes, *, decrypts: bool = False) -> bytes:
    cipher = Cipher(algorithms.AES(key), modes.CBC(vector))
    worker = cipher.decryptor() if decrypts else cipher.encryptor()
    return worker.update(data) + worker.finalize()


def _padded(data: bytes, *, always: bool) -> bytes:
    if not always and len(data) % BLOCK == 0:
        return data
    return data + b"\x80" + bytes(-(len(data) + 1) % BLOCK)


class Session:
    """One secure channel, from the panel's challenge on."""

    def __init__(self, key: bytes, challenge: bytes) -> None:
        """``key``: the SCBK, 16 bytes; ``challenge``: RND.A, 8 bytes."""
        self._challenge = challenge
        self.nonce = secrets.token_bytes(8)  # RND.B
        seed = challenge[:6] + bytes(8)
        self._enc = _encrypt(key, b"\x01\x82" + seed)
        self._mac1 = _encrypt(key, b"\x01\x01" + seed)
        self._mac2 = _encrypt(key, b"\x01\x02" + seed)
        self.client_cryptogram = _cbc(self._enc, bytes(BLOCK), challenge + self.nonce)
        self._c_mac = bytes(BLOCK)
        self._r_mac = bytes(BLOCK)
        self.is_open = False

    def join(self, server_cryptogram: bytes) -> bytes | None:
        """The initial R-MAC for a panel that has the key too; None for one that has not."""
        if not hmac.compare_digest(server_cryptogram, _cbc(self._enc, bytes(BLOCK), self.nonce + self._challenge)):
            return None
        self._r_mac = _encrypt(self._mac2, _encrypt(self._mac1, server_cryptogram))
        self.is_open = True
        return self._r_mac

    def opened(self, body: bytes, data: bytes, *, is_encrypted: bool) -> bytes | None:
        """A command's data in the clear; None when its MAC is wrong. ``body``: the frame before its MAC."""
        mac, payload = data[-MAC_BYTES:], data[:-MAC_BYTES]
        self._c_mac = self._mac(body, self._r_mac)
        if not hmac.compare_digest(mac, self._c_mac[:MAC_BYTES]):
            return None
        if not is_encrypted or not payload:
            return payload
        if len(payload) % BLOCK:
            return None
        clear = _cbc(self._enc, _inverted(self._r_mac), payload, decrypts=True)
        return clear.rstrip(b"\0").removesuffix(b"\x80")

    def sealed(self, data: bytes) -> bytes:
        """A reply's data, encrypted."""
        return _cbc(self._enc, _inverted(self._c_mac), _padded(data, always=True)) if data else b""

    def signed(self, body: bytes) -> bytes:
        """``body`` with its MAC."""
        self._r_mac = self._mac(body, self._c_mac)
        return body + self._r_mac[:MAC_BYTES]

    def _mac(self, body: bytes, vector: bytes) -> bytes:
        blocks = _padded(body, always=False)
        if len(blocks) > BLOCK:
            vector = _cbc(self._mac1, vector, blocks[:-BLOCK])[-BLOCK:]
        return _cbc(self._mac2, vector, blocks[-BLOCK:])


def _inverted(block: bytes) -> bytes:
    return bytes(byte ^ 0xFF for byte in block)
