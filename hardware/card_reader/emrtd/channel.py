"""One conversation with a chip, in the clear or under secure messaging, so that nobody above has to ask which.

Knows commands and their answers, no file and no key.
"""

from __future__ import annotations

from hardware.card_reader import CardUnreadable
from hardware.card_reader.apdu import MAX_CHAINED, Command, Exchange, Response, exchange
from hardware.card_reader.emrtd.secure_messaging import SecureMessaging

AID = bytes.fromhex("A0000002471001")  # LDS1, the eMRTD application (Doc 9303-10, 3.10)


class Channel:
    """``session`` None: in the clear."""

    def __init__(self) -> None:
        self.session: SecureMessaging | None = None

    def send(self, command: Command) -> Exchange[Response]:
        """Send one command, protected where there is a session. Raises ``CardUnreadable`` and ``SessionLost``."""
        if self.session is None:
            return (yield from exchange(command))
        raw = yield self.session.wrap(command)
        collected = raw[:-2]
        # With T=0 a chip announces a protected answer and wants it fetched; the announcement itself is not protected.
        for _ in range(MAX_CHAINED):
            if len(raw) < 2 or raw[-2] != 0x61:
                return self.session.unwrap(collected + raw[-2:])
            raw = yield Command(command.cla & 0x03, 0xC0, 0, 0, le=raw[-1]).encode()
            collected += raw[:-2]
        raise CardUnreadable(f"the chip announced more data {MAX_CHAINED} times without an end")

    def select_application(self) -> Exchange[int]:
        """Select LDS1, without Le (some chips refuse it); give the status word."""
        return (yield from self.send(Command(0x00, 0xA4, 0x04, 0x0C, AID))).status

    def select_master_file(self) -> Exchange[None]:
        """Select the master file, by its name or without. Whatever the chip answers: some have none and go on."""
        response = yield from self.send(Command(0x00, 0xA4, 0x00, 0x0C, b"\x3f\x00"))
        if response.status != 0x9000:
            yield from self.send(Command(0x00, 0xA4, 0x00, 0x0C))

    def select_file(self, identifier: int) -> Exchange[int]:
        """Select an elementary file under the current application, without Le; give the status word."""
        return (yield from self.send(Command(0x00, 0xA4, 0x02, 0x0C, identifier.to_bytes(2)))).status
