"""The one table of families: every card is found by its application, whatever its ATR says; no PIN is ever sent."""

import pytest

from hardware.card_reader import CardMisplaced, CardUnknown, DocumentKind, detection, masked_name
from hardware.card_reader.nhi.virtual import CardFields as NhiFields
from hardware.card_reader.nhi.virtual import VirtualNhiCard
from hardware.card_reader.ssse.virtual import CardFields as SocialFields
from hardware.card_reader.ssse.virtual import Traits, VirtualSocialCard
from hardware.card_reader.thai_id.virtual import ATR as THAI_ATR
from hardware.card_reader.thai_id.virtual import CardFields as ThaiFields
from hardware.card_reader.thai_id.virtual import VirtualThaiCard
from tests.hardware.card_reader.driving import TODAY, drive, task

SOCIAL = SocialFields("11010519491231002X", "张秀英", "2")
CARDS = {
    DocumentKind.SOCIAL_SECURITY_CARD: lambda: VirtualSocialCard(SOCIAL),
    DocumentKind.THAI_ID_CARD: lambda: VirtualThaiCard(ThaiFields()),
    DocumentKind.NHI_CARD: lambda: VirtualNhiCard(NhiFields()),
}
ATRS = [bytes.fromhex("3B00"), b"", THAI_ATR, bytes.fromhex("3B8880010000000000508187FF51")]


@pytest.mark.parametrize("kind", CARDS)
@pytest.mark.parametrize("atr", ATRS, ids=lambda atr: atr.hex()[:8] or "none")
def test_a_card_is_what_its_application_says_whatever_its_atr(kind, atr):
    card = CARDS[kind]()
    document, commands = drive(detection.read(detection.Task(TODAY, atr=atr)), card.respond)
    assert document.kind is kind
    assert card.tries_left == type(card).tries_left
    assert not any(command[2:4] in ("20", "24", "2C") for command in commands)  # VERIFY, CHANGE, RESET RETRY COUNTER


def test_a_hint_moves_a_family_to_the_front_and_no_further():
    assert detection.in_order(THAI_ATR)[0].name == "thai_id"
    assert detection.in_order(b"") == detection.FAMILIES
    assert set(detection.in_order(THAI_ATR)) == set(detection.FAMILIES)
    card = VirtualThaiCard(ThaiFields())
    _, commands = drive(detection.read(task(card)), card.respond)
    assert commands[0] == "00A4040008A000000054480001"


def test_every_row_can_be_read_and_has_a_budget():
    for family in detection.FAMILIES:
        assert callable(family.load())
        assert 0 < family.answer_within_s < family.budget_s <= detection.LONGEST_S
        assert family.told_by
        assert set(family.kinds) <= set(detection.kinds())
    assert len({family.name for family in detection.FAMILIES}) == len(detection.FAMILIES)


def test_a_failed_family_is_told_once_each_and_in_order():
    tried = []
    card = VirtualNhiCard(NhiFields())
    drive(detection.read(task(card), lambda family: tried.append(family.name)), card.respond)
    assert tried == [family.name for family in detection.FAMILIES[: tried.index("nhi") + 1]]


def test_a_bank_card_is_named():
    card = VirtualSocialCard(SOCIAL, Traits(is_bank_card=True))
    with pytest.raises(CardUnknown, match="a bank card"):
        drive(detection.read(task(card)), card.respond)


def test_a_resident_card_on_a_plain_reader_is_misplaced():
    # After ATTRIB a resident card gives its eight-byte serial to 00 36 00 00 08, and refuses everything else
    def respond(command):
        return bytes(8) + b"\x90\x00" if command == bytes.fromhex("0036000008") else b"\x6d\x00"

    with pytest.raises(CardMisplaced, match="resident ID card"):
        drive(detection.read(detection.Task(TODAY)), respond)


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张秀英", "张*英"), ("李建", "李*"), ("阿布都热依木·买买提", "阿" + "*" * 8 + "提"), ("", ""), ("王", "*"),
        ("JOHN SMITH", "J*** S***"), ("𠮷王英", "𠮷*英"), ("สมมติ ตัวอย่าง", "ส*** ต***"),
    ],
)  # fmt: skip
def test_a_masked_name_tells_little(name, masked):
    assert masked_name(name) == masked
