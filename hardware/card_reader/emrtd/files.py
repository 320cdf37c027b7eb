"""How a file is read from a chip whose make nobody knows: what chips were found to accept, in one place.

Four bytes first, then exactly what their length says and never a byte more, because some chips break the session when
read past a file's end. Blocks begin large and shrink once for the rest of the reading when a chip refuses them. A file
costs at most its length / ``MIN_BLOCK_BYTES`` + ``SPARE_EXCHANGES`` exchanges, whatever the chip answers.
"""

from __future__ import annotations

from collections.abc import Callable

from hardware.card_reader import CardProtected, CardUnreadable, tlv
from hardware.card_reader.apdu import Command, Exchange, Response
from hardware.card_reader.emrtd.channel import Channel

BLOCKS = (
    256,
    192,
    160,
    128,
)  # bytes asked for at a time: many chips refuse the first, all were found to take the third
MIN_BLOCK_BYTES = 32  # a chip that gives less at a time gives no file
SPARE_EXCHANGES = 12
EXTENDED_BLOCK_BYTES = 2048  # with extended lengths; more gains nothing and makes a pulled card known later
LAST_SHORT_OFFSET = 0x7FFF  # from here on READ BINARY takes its offset in a data object (ISO/IEC 7816-4, 11.2.3)
HEADER_BYTES = 4

_END_OF_FILE = 0x6282
_ABSENT = frozenset({0x6A82, 0x6A83, 0x6283})
_LOCKED = frozenset({0x6982, 0x6985, 0x6988, 0x6A88, 0x6983})
_WRONG_LENGTH = frozenset({0x6700, 0x6A86, 0x6A80, 0x6B00, 0x6F00, 0x6981, 0x6C00})

Listener = Callable[[int, int], None]


def _nobody(_read_bytes: int, _total_bytes: int) -> None:
    """Nobody wants to know how far a file is."""


class Files:
    """The files of one chip. ``block_bytes`` sinks when the chip refuses a length, and stays there."""

    def __init__(self, channel: Channel, block_bytes: int = BLOCKS[0]) -> None:
        self._channel = channel
        self.block_bytes = block_bytes

    def shrink(self) -> bool:
        """Ask for less at a time from now on; False when less is not worth asking for."""
        smaller = [size for size in BLOCKS if size < self.block_bytes]
        if smaller:
            self.block_bytes = smaller[0]
        return bool(smaller)

    def read(self, identifier: int, tag: int, most_bytes: int, listener: Listener = _nobody) -> Exchange[bytes | None]:
        """Read the one data object that is a file, None when the chip has no such file.

        ``listener`` is told bytes read and bytes in all. Raises ``CardProtected``, ``SessionLost`` or
        ``CardUnreadable``, also for a file of another tag than ``tag`` and for one longer than ``most_bytes``.
        """
        name = f"file {identifier:04X}"
        status = yield from self._channel.select_file(identifier)
        if status in _ABSENT:
            return None
        _demand(status, f"selecting {name}")
        data = yield from self._begin(name)
        header = tlv.read_header(data)
        if header.tag != tag:
            raise CardUnreadable(f"{name} holds data object {header.tag:02X}, not {tag:02X}")
        total = header.total_bytes
        if total > most_bytes:
            raise CardUnreadable(f"{name} declares {total} bytes, more than {most_bytes}")
        data = data[:total]
        for _ in range(total // MIN_BLOCK_BYTES + SPARE_EXCHANGES):
            listener(len(data), total)
            if len(data) == total:
                return data
            data += yield from self._block(len(data), min(total - len(data), self.block_bytes), name)
        raise CardUnreadable(f"{name} comes in pieces of too few bytes")

    def read_raw(self, identifier: int, most_bytes: int) -> Exchange[bytes | None]:
        """Read at most one block of a file that is no data object; None when there is none or it does not open."""
        status = yield from self._channel.select_file(identifier)
        if status != 0x9000:
            return None
        response = yield from self._read_binary(0, min(most_bytes, BLOCKS[0]))
        return response.data or None if response.is_ok else None

    def _begin(self, name: str) -> Exchange[bytes]:
        """Read the first bytes until tag and length are whole: four, or a few more for a longer length."""
        data = b""
        wanted = HEADER_BYTES
        while len(data) < wanted:
            data += yield from self._block(len(data), wanted - len(data), name)
            if len(data) >= 2 and data[1] & 0x80:
                wanted = min(2 + (data[1] & 0x7F), 2 + 4)  # a length of more bytes is refused by whoever decodes it
        return data

    def _block(self, offset: int, wanted: int, name: str) -> Exchange[bytes]:
        """Read up to ``wanted`` bytes, at least one; ask for less where the chip refuses so many."""
        for _ in range(len(BLOCKS) + 2):
            response = yield from self._read_binary(offset, wanted)
            if response.is_ok and response.data:
                if len(response.data) > wanted:
                    raise CardUnreadable(f"{name}: {len(response.data)} bytes where {wanted} were asked for")
                return response.data
            if response.status >> 8 == 0x6C and 0 < response.status & 0xFF < wanted:
                wanted = response.status & 0xFF
            elif response.status in _WRONG_LENGTH and wanted > BLOCKS[-1] and self.shrink():
                wanted = min(wanted, self.block_bytes)
            else:
                break
        if response.is_ok:
            raise CardUnreadable(f"{name} ends after {offset} bytes, before its own length")
        _demand(response.status, f"reading {name} at {offset}")
        raise CardUnreadable(f"{name} at {offset}: SW {response.status:04X}")

    def _read_binary(self, offset: int, wanted: int) -> Exchange[Response]:
        if offset <= LAST_SHORT_OFFSET:
            return (yield from self._channel.send(_length(Command(0x00, 0xB0, offset >> 8, offset & 0xFF), wanted)))
        where = tlv.encode(0x54, offset.to_bytes(2 if offset <= 0xFFFF else 3))
        # The data comes in a data object of its own, whose tag and length count as well.
        room = wanted + (2 if wanted < 0x80 else 3 if wanted < 0x100 else 4)
        if room > BLOCKS[0] >= wanted:
            room = BLOCKS[0]
        response = yield from self._channel.send(_length(Command(0x00, 0xB1, 0, 0, where), room))
        if not response.is_ok or not response.data:
            return response
        return Response(tlv.read_exactly(response.data, 0x53), response.status)


def _length(command: Command, wanted: int) -> Command:
    is_extended = wanted > BLOCKS[0]
    le = wanted if is_extended else wanted & 0xFF
    return Command(command.cla, command.ins, command.p1, command.p2, command.data, le, is_extended)


def _demand(status: int, doing: str) -> None:
    if status in _LOCKED:
        raise CardProtected(f"{doing}: the chip asks for more than the key (SW {status:04X})")
    if status not in (0x9000, _END_OF_FILE):
        raise CardUnreadable(f"{doing}: SW {status:04X}")
