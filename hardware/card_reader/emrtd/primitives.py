"""The cryptographic steps Doc 9303-11 builds everything from: key derivation, paddings, MACs, four suites of ciphers.

What differs between Triple-DES and AES (block, counter, initial vector, padding before a MAC) is inside ``Suite``, so
that access control and secure messaging read the same for all. Knows no command and no file. Single DES and SHA-1 are
old; documents that live ten years use them, and nothing here offers a choice the document did not make.
"""

from __future__ import annotations

import enum
import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

try:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
except ImportError:  # before version 43 it lived among the others
    from cryptography.hazmat.primitives.ciphers.algorithms import TripleDES

MAC_BYTES = 8  # every MAC of this protocol is cut to eight bytes (Doc 9303-11, 9.8.6.3 and 9.8.7.3)

ENCRYPTION, AUTHENTICATION, PASSWORD = 1, 2, 3  # counters of the key derivation function (9.7.1)


class BadPadding(ValueError):
    """A decrypted text does not end the way padding method 2 ends. Says nothing of the text."""


def pad(data: bytes, block_bytes: int) -> bytes:
    """ISO/IEC 9797-1 padding method 2: 80, then 00 to the next block; always adds at least one byte."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block_bytes)


def unpad(data: bytes, block_bytes: int) -> bytes:
    """Take padding method 2 off. Raises ``BadPadding``, also for more padding than one block."""
    text = data.rstrip(b"\x00")
    if not text.endswith(b"\x80") or len(data) - len(text) >= block_bytes:
        raise BadPadding("a decrypted text without its padding")
    return text[:-1]


def with_parity(key: bytes) -> bytes:
    """Set the parity bit of every byte of a DES key: an odd number of ones (Doc 9303-11, 9.7.2)."""
    return bytes(byte & 0xFE | ((byte >> 1).bit_count() + 1) & 1 for byte in key)


def is_same(one: bytes, other: bytes) -> bool:
    """Compare without telling by the time it took where they differ."""
    return hmac.compare_digest(one, other)


def retail_mac(key: bytes, data: bytes) -> bytes:
    """ISO/IEC 9797-1 MAC algorithm 3 with DES, 8 bytes. ``key`` of 16 bytes; ``data`` is padded here by method 2."""
    text = pad(data, 8)
    first, second = key[:8], key[8:16]
    chained = bytes(8)
    if len(text) > 8:
        chained = _run(Cipher(TripleDES(first * 3), modes.CBC(chained)), text[:-8])[-8:]
    # The last block in one step: encrypt with the first half, decrypt with the second, encrypt with the first.
    return _run(Cipher(TripleDES(first + second + first), modes.CBC(chained)), text[-8:])


def cmac(key: bytes, data: bytes) -> bytes:
    """AES-CMAC (NIST SP 800-38B), its first 8 bytes."""
    mac = CMAC(algorithms.AES(key))
    mac.update(data)
    return mac.finalize()[:MAC_BYTES]


class Suite(enum.Enum):
    """A cipher with its key length, as PACE and chip authentication choose it; BAC is ``TDES``.

    Keys are what ``derive`` gives: 16, 16, 24 and 32 bytes.
    """

    TDES = ("3DES", 16, 8)
    AES128 = ("AES-128", 16, 16)
    AES192 = ("AES-192", 24, 16)
    AES256 = ("AES-256", 32, 16)

    def __init__(self, title: str, key_bytes: int, block_bytes: int) -> None:
        self.title = title
        self.key_bytes = key_bytes
        self.block_bytes = block_bytes

    @property
    def is_aes(self) -> bool:
        """False for Triple-DES."""
        return self is not Suite.TDES

    def derive(self, secret: bytes, counter: int) -> bytes:
        """Derive a key from a shared secret (Doc 9303-11, 9.7.1); ``counter`` says for what."""
        material = secret + counter.to_bytes(4)
        if self.key_bytes > 16:
            return hashlib.sha256(material).digest()[: self.key_bytes]
        key = hashlib.sha1(material, usedforsecurity=False).digest()[:16]
        return key if self.is_aes else with_parity(key)

    def encrypt(self, key: bytes, data: bytes, iv: bytes | None = None) -> bytes:
        """CBC without padding; ``iv`` None is all zero. ``ValueError`` unless ``data`` fills whole blocks."""
        return _run(self._cbc(key, iv), data)

    def decrypt(self, key: bytes, data: bytes, iv: bytes | None = None) -> bytes:
        """CBC without padding; ``iv`` None is all zero. ``ValueError`` unless ``data`` fills whole blocks."""
        decryptor = self._cbc(key, iv).decryptor()
        return decryptor.update(data) + decryptor.finalize()

    def mac(self, key: bytes, data: bytes) -> bytes:
        """MAC of ``data``, 8 bytes: retail MAC (padded here) or CMAC (which pads in its own way)."""
        return cmac(key, data) if self.is_aes else retail_mac(key, data)

    # -- secure messaging: what depends on the send sequence counter -----------------------------------------------

    def counter(self, count: int) -> bytes:
        """The send sequence counter as long as a block (9.8.6.3, 9.8.7.3); it wraps."""
        return (count % (1 << 8 * self.block_bytes)).to_bytes(self.block_bytes)

    def message_iv(self, key: bytes, count: int) -> bytes:
        """The initial vector of a message: zero for Triple-DES, the encrypted counter for AES."""
        return _run(self._cbc(key, None), self.counter(count)) if self.is_aes else bytes(8)

    def message_mac(self, key: bytes, count: int, data: bytes) -> bytes:
        """MAC of a message: the counter before it, padding method 2 after it."""
        text = self.counter(count) + data
        return cmac(key, pad(text, self.block_bytes)) if self.is_aes else retail_mac(key, text)

    def _cbc(self, key: bytes, iv: bytes | None) -> Cipher[modes.CBC]:
        start = bytes(self.block_bytes) if iv is None else iv
        if self.is_aes:
            return Cipher(algorithms.AES(key), modes.CBC(start))
        return Cipher(TripleDES(key + key[:8]), modes.CBC(start))


def _run(cipher: Cipher[modes.CBC], data: bytes) -> bytes:
    encryptor = cipher.encryptor()
    return encryptor.update(data) + encryptor.finalize()
