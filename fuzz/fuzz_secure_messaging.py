"""Any bytes as answers of a chip: to protected commands, to PACE, to BAC, and to a whole reading. One error, soon.

The first byte of an input chooses the way in, the second the suite; the rest are answers, each after its length of two
bytes. In half of the protected answers the MAC is made right, so that what lies behind it is reached as well.
``python -m fuzz.fuzz_secure_messaging [CORPUS ...]`` fuzzes with atheris; the kept corpus also runs as a test.
"""

from __future__ import annotations

import contextlib
import functools
import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

from PIL import Image

from fuzz.conversation import talk
from hardware.card_reader import CanKey, CardError, CardUnreadable, MrzKey, tlv
from hardware.card_reader.apdu import Command, Exchange
from hardware.card_reader.emrtd import bac, chip_auth, pace, read
from hardware.card_reader.emrtd.channel import Channel
from hardware.card_reader.emrtd.curves import named
from hardware.card_reader.emrtd.files import Files
from hardware.card_reader.emrtd.primitives import Suite, pad
from hardware.card_reader.emrtd.secure_messaging import SecureMessaging
from hardware.card_reader.emrtd.security_infos import parse_security_infos
from hardware.card_reader.emrtd.virtual import VirtualChip
from hardware.card_reader.emrtd.virtual_specimens import Plan, Specimen, issue, new_country, seeded
from hardware.card_reader.family import Task

TODAY = date(2026, 1, 1)
KEY = MrzKey("L898902C", date(1969, 8, 6), date(1994, 6, 23))
MOST_ANSWERS = 300
_GM = parse_security_infos(bytes.fromhex("31143012060A04007F0007020204020202010202010D")).pace[0]
_CAM = parse_security_infos(bytes.fromhex("31143012060A04007F0007020204060202010202010C")).pace[0]


def _answers(data: bytes) -> Iterator[bytes]:
    at = 0
    for _ in range(MOST_ANSWERS):
        size = int.from_bytes(data[at : at + 2]) % 700
        yield data[at + 2 : at + 2 + size]
        at = (at + 2 + size) % max(1, len(data))


def _drive(protocol: Exchange[object], answers: Iterator[bytes]) -> None:
    """Answer until the protocol ends; it must not want more than a small file costs."""
    with contextlib.suppress(StopIteration):
        next(protocol)
        for answer in answers:
            protocol.send(answer)
    protocol.close()


def _messages(suite: Suite, data: bytes) -> None:
    keys = bytes(range(suite.key_bytes)), bytes(range(1, suite.key_bytes + 1))
    session = SecureMessaging(suite, *keys)
    for number, answer in enumerate(_answers(data)):
        session.wrap(Command(0x00, 0xB0 | number & 1, 0x00, 0x00, b"\x54\x01\x00" if number & 1 else b"", 0))
        counter = 2 * number + 2
        if number & 2:  # with a MAC: what is wrong is inside
            answer += tlv.encode(0x99, b"\x90\x00")  # noqa: PLW2901
            answer += tlv.encode(0x8E, suite.message_mac(keys[1], counter, answer)) + b"\x90\x00"  # noqa: PLW2901
        elif number & 4:  # and rightly encrypted
            secret = suite.encrypt(keys[0], pad(answer, suite.block_bytes), suite.message_iv(keys[0], counter))
            body = tlv.encode(0x85 if number & 1 else 0x87, (b"" if number & 1 else b"\x01") + secret)
            body += tlv.encode(0x99, b"\x90\x00")
            raw = body + tlv.encode(0x8E, suite.message_mac(keys[1], counter, body)) + b"\x90\x00"
            assert session.unwrap(raw).data == answer
            continue
        session.unwrap(answer)


def _file(suite: Suite, data: bytes) -> None:
    channel = Channel()
    files = Files(channel)
    _drive(files.read(0x0101, 0x61, 256), _answers(data))
    assert files.block_bytes >= 128


def _bac(suite: Suite, data: bytes) -> None:
    _drive(bac.authenticate(Channel(), "L898902C<369080619406236", bytes), _answers(data))


def _pace(suite: Suite, data: bytes) -> None:
    info = _CAM if suite is Suite.AES256 else _GM
    _drive(pace.authenticate(Channel(), info, KEY, lambda _curve: 2), _answers(data))


def _chip_authentication(suite: Suite, data: bytes) -> None:
    with contextlib.suppress(CardUnreadable):
        infos = parse_security_infos(data)
        _drive(chip_auth.authenticate(Channel(), infos, lambda _curve: 2), iter([b"\x90\x00"] * 4))


def _reading(suite: Suite, data: bytes) -> None:
    key = CanKey("123456") if suite is Suite.AES128 else KEY
    _drive(read(Task(TODAY, None if suite is Suite.AES192 else key, allows_extended=True)), _answers(data))


@functools.cache
def _specimen() -> Specimen:
    drawing = io.BytesIO()
    Image.radial_gradient("L").resize((24, 32)).save(drawing, "JPEG")
    plan = Plan(chip_auth="AES-128", chip_auth_curve="secp192r1", active_auth="ec")
    return issue(plan, drawing.getvalue(), new_country(seeded(1)), seeded(1))


def _task() -> Task:
    holder = _specimen().holder
    return Task(TODAY, MrzKey(holder.number, holder.birth, holder.expiry))


def _spoilt(suite: Suite, data: bytes) -> None:
    """A whole chip of which some answers are spoilt on the way."""
    talk(read(_task()), _specimen().chip(random=seeded(1)).respond, data)


def _rewritten(suite: Suite, data: bytes) -> None:
    """A whole chip that says other things in one of its files, under good MACs."""
    contents = _specimen().contents
    identifiers = sorted(contents.files)
    identifier = identifiers[data[0] % len(identifiers)] if data else identifiers[0]
    chip = VirtualChip(replace(contents, files={**contents.files, identifier: data[1:]}), random=seeded(1))
    talk(read(_task()), chip.respond, b"")


WAYS: tuple[Callable[[Suite, bytes], None], ...] = (
    _messages, _file, _bac, _pace, _chip_authentication, _reading, _spoilt, _rewritten,
)  # fmt: skip


def one_input(data: bytes) -> None:
    """Feed one input; anything but a ``CardError`` is a finding."""
    if len(data) < 2:
        return
    with contextlib.suppress(CardError):
        WAYS[data[0] % len(WAYS)](list(Suite)[data[1] % 4], data[2:])


def _row(*answers: str) -> bytes:
    raw = [bytes.fromhex(answer) for answer in answers]
    return b"".join(len(one).to_bytes(2) + one for one in raw)


def seeds() -> dict[str, bytes]:
    """Give the inputs the corpus begins with, by file name: the worked examples of Doc 9303-11, and hostile answers."""
    point = "04" + "".join(f"{value:064X}" for value in named("brainpoolP256r1").base)
    pace_answers = _row(
        "9000", "7C12801095A3A016522EE98D01E76CB6B98B42C39000", f"7C438241{point}9000", f"7C438441{point}9000",
        "7C0A86083ABB9674BCE93C089000",
    )  # fmt: skip
    zone = "615B5F1F58" + "3C" * 88
    plain = _row("9000", f"{zone}9000"[:8] + "9000", f"{zone}9000"[8:])
    bac_answers = _row(
        "4608F919887022129000",
        "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D74499000",
    )
    access = _row("9000", "9000", "6A82", "9000", "311430129000", "060A04007F0007020204020202010202010D9000")
    found = {f"messages_{number}": bytes((0, number)) + _row("", "8709019FF0EC34F9922651", "60145F01", "AA")
             for number in range(4)}  # fmt: skip
    return found | {
        "file": b"\x01\x00" + plain,
        "file_cut": b"\x01\x00" + _row("9000", "618400FFFFFF9000"),
        "bac": b"\x02\x00" + bac_answers,
        "pace": b"\x03\x01" + pace_answers,
        "pace_cam": b"\x03\x03" + pace_answers,
        "chip_authentication": b"\x04\x00" + bytes.fromhex("31143012060A04007F0007020204020202010202010D"),
        "reading": b"\x05\x00" + access + pace_answers,
        "reading_can": b"\x05\x01" + access + pace_answers,
        "reading_without_key": b"\x05\x02" + _row("9000", "6A82", "6A82", "6A82", "9000", "9000", "601490009000"),
        **{
            f"file_{number:04x}": b"\x07\x00" + bytes((at,)) + raw
            for at, (number, raw) in enumerate(sorted(_specimen().contents.files.items()))
        },
        "spoilt": b"\x06\x00" + bytes(20) + b"\x85\x07\x11",
        "naked": b"\x05\x00" + _row("9000", "6700"),
    }


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
