"""Everything the booth API can refuse, by name (RFC 9457), in one table. Texts hold no input: it may be personal."""

from __future__ import annotations

import enum
from typing import Any

from fastapi.responses import JSONResponse

BASE = "https://booth.example/problems/"


class Kind(enum.Enum):
    """name -> (status, title)."""

    BAD_REQUEST = ("bad-request", 422, "The request does not have the agreed shape")
    TOO_LARGE = ("too-large", 413, "The request is too large")
    WRONG_BOOTH = ("wrong-booth", 403, "The booth in the body is not the booth of the certificate")
    UNKNOWN_RESIDENT = ("unknown-resident", 404, "The registry has no such resident")
    UNKNOWN_HELPER = ("unknown-helper", 404, "The register does not let this person act for the resident")
    UNKNOWN_QUESTION = ("unknown-question", 410, "Nothing of this name is asked")
    UNKNOWN_SERVICE = ("unknown-service", 404, "There is no such service")
    NO_PHONE = ("no-phone", 404, "No phone is registered for this resident")
    NOTHING_FOUND = ("nothing-found", 409, "There is nothing to answer with")
    RATE_LIMITED = ("rate-limited", 429, "Too many codes were asked for")
    UNKNOWN_CODE = ("unknown-code", 404, "There is no such code")
    CODE_DEAD = ("code-dead", 410, "The code cannot be used any more")
    CODE_EXPIRED = ("code-expired", 410, "The code has run out")
    UNKNOWN_APPROVAL = ("unknown-approval", 404, "There is no such approval")
    UNKNOWN_KEY = ("unknown-key", 404, "No transaction has this key")
    BEING_PROCESSED = ("being-processed", 409, "The transaction is being processed")
    KEY_REUSED = ("key-reused", 422, "The key belongs to another transaction")
    NUMBER_REUSED = ("number-reused", 422, "The number belongs to another transaction")
    BAD_NUMBER = ("bad-number", 422, "The number does not fit the booth, the sequence or its check digit")
    DIGEST_MISMATCH = ("digest-mismatch", 422, "The digest is not that of the sealed body")
    NOT_FOUND = ("not-found", 404, "There is nothing at this address")
    METHOD_NOT_ALLOWED = ("method-not-allowed", 405, "This method is not offered here")
    INTERNAL = ("internal", 500, "The platform is in trouble")

    def __init__(self, word: str, status: int, title: str) -> None:
        self.word = word
        self.status = status
        self.title = title


class Problem(Exception):
    """Ends a request with a problem document."""

    def __init__(self, kind: Kind, *, retry_after_s: int | None = None) -> None:
        super().__init__(kind.word)
        self.kind = kind
        self.retry_after_s = retry_after_s

    def response(self) -> JSONResponse:
        return response(self.kind, retry_after_s=self.retry_after_s)


def response(kind: Kind, *, retry_after_s: int | None = None, headers: dict[str, str] | None = None) -> JSONResponse:
    body: dict[str, Any] = {"type": BASE + kind.word, "title": kind.title, "status": kind.status}
    headers = dict(headers or {})
    if retry_after_s is not None:
        body["retry_after_s"] = retry_after_s
        headers["Retry-After"] = str(retry_after_s)
    return JSONResponse(body, status_code=kind.status, headers=headers, media_type="application/problem+json")
