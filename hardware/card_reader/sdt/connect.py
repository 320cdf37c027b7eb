"""From the settings to a module that answers: which port, which speed, which module. Knows no card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hardware.card_reader import CardError, ReaderLost
from hardware.card_reader.sdt import commands, session
from hardware.card_reader.sdt.commands import BAUDS
from hardware.card_reader.sdt.conversation import Conversation
from hardware.card_reader.sdt.lines import SerialLine, UsbLine, ports
from hardware.card_reader.sdt.messages import SamOptions
from hardware.card_reader.sdt.session import ModuleFault, Talk

Note = Callable[[str, float], None]


@dataclass(frozen=True)
class Module:
    """A module that answered. ``number``: as printed on it."""

    conversation: Conversation
    number: str


def connect(options: SamOptions, note: Note = lambda _name, _took_s: None) -> Module:
    """Open the first port named by ``options.port`` with a module behind it. Raises ``ReaderLost``, ``ModuleFault``."""
    lost: CardError = ReaderLost(
        "no port of this name", where=options.port, cure="check the reader's plug; ls /dev/serial/by-id shows the names"
    )
    for port in ports(options.port):
        line: SerialLine | UsbLine | None = None
        try:
            line = UsbLine(port) if port.startswith("usb") else SerialLine(port, options.baud or BAUDS[0])
            conversation = Conversation(line, note=note)
            if isinstance(line, SerialLine) and not options.baud:
                _find_baud(conversation, line)
            return Module(conversation, conversation.run(session.introduce()))
        except CardError as error:
            lost = error
        if line is not None:
            line.close()
        if isinstance(lost, ModuleFault):
            break
    if isinstance(lost, ReaderLost):
        raise lost
    raise ReaderLost(
        f"the SAM module does not answer: {lost.message}", where=options.port, cure="check its cable and its power"
    )


def _find_baud(conversation: Conversation, line: SerialLine) -> None:
    """Set our end to the speed at which the module answers; ``ReaderLost`` when it answers at none."""
    for baud in BAUDS:
        line.set_baud(baud)
        try:
            conversation.run(_is_heard())
            return
        except ReaderLost:
            raise
        except CardError:
            continue
    raise ReaderLost(
        "no SAM module answers at any speed", where=line.where, cure="check the reader's power and the port's name"
    )


def _is_heard() -> Talk[None]:
    yield from session.ask(commands.STATUS)
