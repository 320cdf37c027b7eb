"""What can go wrong between booth and platform, by name.

Nothing personal is ever in these: their texts hold the name of the call and of the problem, never a body, a number or
the platform's own words. ``detail`` of a problem document is dropped where it is read (RFC 9457 leaves it open).
"""

from __future__ import annotations


class UplinkError(Exception):
    """A call that brought no usable answer.

    ``call`` is the client's method. ``may_have_arrived`` tells a courier whether to query the outcome before it sends
    again: False only when surely nothing was sent.
    """

    may_have_arrived = True

    def __init__(self, call: str, what: str) -> None:
        super().__init__(f"{call}: {what}")
        self.call = call
        self.what = what


class Unreachable(UplinkError):
    """No connection, a broken one, a certificate that is not ours, or the platform says 5xx of itself."""

    def __init__(self, call: str, what: str, *, may_have_arrived: bool = True) -> None:
        super().__init__(call, what)
        self.may_have_arrived = may_have_arrived


class Slow(UplinkError):
    """The total deadline passed; the connection was cut."""


class Nonsense(UplinkError):
    """An answer that is cut short, too large, not JSON, not the expected shape, unsigned, or for another request."""


class Refused(UplinkError):
    """The platform understood and said no (RFC 9457 problem, 4xx).

    ``kind`` is the last part of the problem's type (``wrong-booth``, ``key-reused``, ``code-dead``, ...); show words of
    our own for it. ``title`` is the platform's, bounded, not part of the exception's text.
    """

    def __init__(self, call: str, kind: str, title: str, status: int) -> None:
        super().__init__(call, f"refused: {kind} ({status})")
        self.kind = kind
        self.title = title
        self.status = status


class RateLimited(Refused):
    """429: too many of these for this resident or this booth; try again after ``retry_after_s``."""

    def __init__(self, call: str, kind: str, title: str, status: int, retry_after_s: int) -> None:
        super().__init__(call, kind, title, status)
        self.retry_after_s = retry_after_s


class NotKnown(Refused):
    """404: ``unknown-resident``, ``no-phone``, ``unknown-code``, ``unknown-approval``, ``unknown-key``."""
