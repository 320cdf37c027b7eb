"""HTTP digest (RFC 7616) and bearer tokens (RFC 6750) as the one who asks for them. Texts only; the time is passed in.

A nonce carries its own time and is sealed with a key of this process, so that strangers who ask for nonces cost no
memory. What was proven with one is remembered until it is old: nothing is accepted twice. MD5 is here because devices
have nothing else; it protects a password that is used for nothing else.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import hmac
import os
import re
import struct
from collections import OrderedDict
from collections.abc import Iterable

from hardware.push import Credential

REALM = "booth"
NONCE_S = 300.0
MOST_NONCES = 4096  # proven ones that are remembered
ALGORITHMS = ("SHA-256", "MD5")  # the stronger first
_PARAMETER = re.compile(r'([A-Za-z0-9]{1,20})\s*=\s*(?:"([^"\\]{0,512})"|([^\s,"]{1,512}))')
_COUNT = re.compile(r"[0-9a-fA-F]{8}")


class Verdict(enum.Enum):
    """What a request proved."""

    PROVEN = "proven"
    NOTHING = "nothing"  # no credentials given: the first half of a digest
    STALE = "stale"  # right, with a nonce that is too old: to be asked again
    WRONG = "wrong"


class Nonces:
    """Makes nonces and takes each count of one once."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._not_before_s = -1.0

    def make(self, now_s: float) -> str:
        """A fresh one."""
        head = struct.pack(">d", now_s) + os.urandom(8)
        return base64.urlsafe_b64encode(head + self._seal(head)).decode()

    def is_ours(self, nonce: str) -> bool:
        """Made by this process."""
        return self._made_s(nonce) is not None

    def take(self, nonce: str, count: int, now_s: float) -> bool:
        """Use it for the ``count``-th time; False when it is old, or that count was used."""
        made_s = self._made_s(nonce)
        if made_s is None or now_s - made_s > NONCE_S or made_s <= self._not_before_s:
            return False
        if count <= self._seen.get(nonce, 0):
            return False
        self._seen[nonce] = count
        self._seen.move_to_end(nonce)
        while len(self._seen) > MOST_NONCES:
            oldest, _ = self._seen.popitem(last=False)
            self._not_before_s = max(self._not_before_s, self._made_s(oldest) or 0.0)  # so it cannot be used anew
        return True

    def _seal(self, head: bytes) -> bytes:
        return hmac.digest(self._key, head, "sha256")[:16]

    def _made_s(self, nonce: str) -> float | None:
        try:
            raw = base64.urlsafe_b64decode(nonce.encode("ascii"))
        except ValueError:
            return None
        if len(raw) != 32 or not hmac.compare_digest(raw[16:], self._seal(raw[:16])):
            return None
        made_s: float = struct.unpack(">d", raw[:8])[0]
        return made_s


class Proof:
    """Judges ``Authorization`` for the credentials of all devices; nothing is told by how long that takes."""

    def __init__(self, credentials: Iterable[Credential]) -> None:
        self.nonces = Nonces()
        self._tokens: list[tuple[bytes, Credential]] = []
        self._users: dict[str, list[tuple[dict[str, str], Credential]]] = {}
        self._key = os.urandom(32)
        for one in dict.fromkeys(credentials):
            if not one.user:
                self._tokens.append((self._fold(one.secret), one))
                continue
            text = f"{one.user}:{REALM}:{one.secret}"
            digests = {name: _hash(name, text) for name in ALGORITHMS}
            self._users.setdefault(one.user, []).append((digests, one))  # several devices may be called admin

    def challenges(
        self, credential: Credential, now_s: float, algorithms: Iterable[str] = ALGORITHMS, *, is_stale: bool = False
    ) -> list[str]:
        """``WWW-Authenticate`` for who should have this credential; a device takes the first that it knows."""
        if not credential.user:
            return [f'Bearer realm="{REALM}"']
        stale = ", stale=true" * is_stale
        return [
            f'Digest realm="{REALM}", qop="auth", algorithm={name}, nonce="{self.nonces.make(now_s)}"{stale}'
            for name in algorithms
        ]

    def judge(self, header: str, method: str, target: str, now_s: float) -> tuple[Verdict, Credential | None]:
        """What it proves, and whose it is. ``target``: path and query as they were asked for."""
        scheme, _, rest = header.strip().partition(" ")
        if not scheme:
            return Verdict.NOTHING, None
        if scheme.lower() == "bearer":
            given, found = self._fold(rest.strip()), None
            for token, one in self._tokens:  # all of them, so that time tells nothing
                if hmac.compare_digest(token, given):
                    found = one
            return (Verdict.PROVEN, found) if found is not None else (Verdict.WRONG, None)
        if scheme.lower() == "digest" and len(rest) <= 4096:
            return self._digest(rest, method, target, now_s)
        return Verdict.WRONG, None

    def _digest(self, rest: str, method: str, target: str, now_s: float) -> tuple[Verdict, Credential | None]:
        found = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(rest)}
        name = found.get("algorithm", "MD5").upper()
        if name not in ALGORITHMS:
            return Verdict.WRONG, None
        nonce, qop, uri = found.get("nonce", ""), found.get("qop", ""), found.get("uri", "")
        what = _hash(name, f"{method}:{uri}")
        if qop == "auth" and _COUNT.fullmatch(found.get("nc", "")):
            count = int(found["nc"], 16)
            middle = f"{nonce}:{found['nc']}:{found.get('cnonce', '')}:auth"
        elif not qop:  # RFC 2069, as older devices do: such a nonce is good for one request
            count, middle = 1, nonce
        else:
            return Verdict.WRONG, None
        given, one = found.get("response", "").lower().encode("utf-8", "replace"), None
        for digests, candidate in self._users.get(found.get("username", ""), ()):
            if hmac.compare_digest(_hash(name, f"{digests[name]}:{middle}:{what}").encode(), given):
                one = candidate
        if one is None or _place(uri) != _place(target) or found.get("realm") != REALM:
            return Verdict.WRONG, None
        if not self.nonces.take(nonce, count, now_s):
            return Verdict.STALE, one
        return Verdict.PROVEN, one

    def _fold(self, token: str) -> bytes:
        return hmac.digest(self._key, token.encode("utf-8", "replace"), "sha256")


def answer(challenge: str, credential: Credential, method: str, target: str, count: int = 1) -> str:
    """The device's side: ``Authorization`` for a challenge of ours."""
    found = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(challenge)}
    name, nonce, ours = found.get("algorithm", "MD5").upper(), found["nonce"], os.urandom(8).hex()
    secret = _hash(name, f"{credential.user}:{found['realm']}:{credential.secret}")
    response = _hash(name, f"{secret}:{nonce}:{count:08x}:{ours}:auth:{_hash(name, f'{method}:{target}')}")
    return (
        f'Digest username="{credential.user}", realm="{found["realm"]}", nonce="{nonce}", uri="{target}", '
        f'algorithm={name}, qop=auth, nc={count:08x}, cnonce="{ours}", response="{response}"'
    )


def _place(uri: str) -> str:
    """Path and query; some devices write the whole URL."""
    return re.sub(r"^https?://[^/]*", "", uri) or "/"


def _hash(name: str, text: str) -> str:
    data = text.encode("utf-8", "surrogatepass")
    if name == "SHA-256":
        return hashlib.sha256(data).hexdigest()
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
