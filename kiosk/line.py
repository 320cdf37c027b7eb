"""The line between the keeper and a visit process: small typed messages, no personal data in the clear.

A socket pair; each message is a u32be length and a MessagePack map tagged by ``type``. The visit asks, the keeper
replies with the same ``ask`` number; the keeper also sends orders by itself. What a resident said crosses this line
only sealed to the backend's key.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Union

import msgspec

_LENGTH = struct.Struct(">I")
MAX_MESSAGE_BYTES = 4 * 1024 * 1024  # a sealed photograph fits


class _Message(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    pass


# -- visit -> keeper: facts -------------------------------------------------------------------------------------------


class Warm(_Message, frozen=True, tag="warm"):
    """Imported, window made, nothing shown, no device touched: can be shown at once."""


class Showing(_Message, frozen=True, tag="showing"):
    """The first frame of the welcome screen is on the glass."""


class Alive(_Message, frozen=True, tag="alive"):
    """Heartbeat from the event loop with the number of frames completed since start."""

    frames: int


class Stands(_Message, frozen=True, tag="stands"):
    """What the watch last said of the booth itself (``kiosk.site.messages.Standing``), for the process after this."""

    standing: tuple[str, ...] = ()


class Leaving(_Message, frozen=True, tag="leaving"):
    """The goodbye was shown: show the next visit process now; this one wipes itself and ends."""

    outcome: str


class CloseVisit(_Message, frozen=True, tag="close_visit"):
    """The visit ended without, or after, a transaction. ``outcome``: served, cancelled, timed_out, ..."""

    visit: str
    outcome: str


class Audited(_Message, frozen=True, tag="audited"):
    """A row for the audit chain without personal data, e.g. ``enquiry``, ``consent_face``, ``identified``."""

    visit: str
    what: str
    detail: dict[str, str] = {}


# -- visit -> keeper: requests (each gets one reply with the same ``ask``) --------------------------------------------


class OpenVisit(_Message, frozen=True, tag="open_visit"):
    ask: int
    service: str


class Commit(_Message, frozen=True, tag="commit"):
    """One transaction. ``sealed`` can be opened by the backend only; ``receipt`` is the masked view for reprints."""

    ask: int
    visit: str
    key: str  # uuid4, the idempotency key, part of the sealed body's associated data
    service: str
    schema: int
    sealed: bytes
    digest: str  # hex SHA-256 of ``sealed``
    receipt: str  # JSON of the masked receipt, without number and state


class AwaitAcknowledgement(_Message, frozen=True, tag="await_ack"):
    """Reply when the backend answered for ``key``, or after ``within_s``."""

    ask: int
    key: str
    within_s: float


class ReceiptIssued(_Message, frozen=True, tag="receipt_issued"):
    """How the receipt left: ``printed`` | ``shown`` | ``owed``."""

    ask: int
    key: str
    how: str


class AskAttempts(_Message, frozen=True, tag="ask_attempts"):
    """How often was ``tag`` tried today; ``count``: and count one more. "" as tag: only today's key is wanted."""

    ask: int
    tag: str = ""
    count: bool = False


# -- keeper -> visit --------------------------------------------------------------------------------------------------


class Show(_Message, frozen=True, tag="show"):
    """Become the visit: show the welcome screen, take the devices.

    ``standing``: what the process before knew of the watch, in case that says nothing any more: a fire outlives both.
    """

    standing: tuple[str, ...] = ()


class Quit(_Message, frozen=True, tag="quit"):
    """Wipe and end."""


class VisitOpened(_Message, frozen=True, tag="visit_opened"):
    ask: int
    visit: str  # opaque id for enquiries and audit


class Committed(_Message, frozen=True, tag="committed"):
    ask: int
    number: str  # on the receipt, e.g. B7-000204-6


class Acknowledged(_Message, frozen=True, tag="acknowledged"):
    """``state``: accepted | rejected | pending (not answered in time)."""

    ask: int
    state: str
    reason: str = ""


class Attempts(_Message, frozen=True, tag="attempts"):
    """``key``: of today, to make tags with (``kiosk.ledger.attempts.tag_of``); ``used``: of the tag asked for."""

    ask: int
    key: bytes
    used: int = 0


class Done(_Message, frozen=True, tag="done"):
    ask: int


class Refused(_Message, frozen=True, tag="refused"):
    """The keeper could not do it: ``why`` is a named reason, e.g. disk_full, ledger_closed."""

    ask: int
    why: str


Message = Union[  # noqa: UP007 - msgspec reads the union at run time
    Warm, Showing, Alive, Stands, Leaving, CloseVisit, Audited, OpenVisit, Commit, AwaitAcknowledgement, ReceiptIssued,
    AskAttempts, Show, Quit, VisitOpened, Committed, Acknowledged, Attempts, Done, Refused,
]  # fmt: skip
_decoder = msgspec.msgpack.Decoder(Message)


async def send(writer: asyncio.StreamWriter, message: Message) -> None:
    """Write one message. Raises ``ConnectionError`` when the other process is gone."""
    data = msgspec.msgpack.encode(message)
    writer.write(_LENGTH.pack(len(data)) + data)
    await writer.drain()


async def receive(reader: asyncio.StreamReader) -> Message | None:
    """The next message; None at the end of the line. Raises ``ValueError`` for what is no message."""
    try:
        (size,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if size > MAX_MESSAGE_BYTES:
            raise ValueError(f"line: message of {size} bytes, at most {MAX_MESSAGE_BYTES} are allowed")
        message: Message = _decoder.decode(await reader.readexactly(size))
        return message
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except msgspec.DecodeError as error:
        raise ValueError(f"line: not a message ({error})") from error
