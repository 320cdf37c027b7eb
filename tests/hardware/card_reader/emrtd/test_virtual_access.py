"""The virtual chip against the worked examples of Doc 9303-11: what it is sent, what it answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pytest

from hardware.card_reader import CanKey, KeyRefused, MrzKey
from hardware.card_reader.emrtd import bac, pace
from hardware.card_reader.emrtd.channel import Channel
from hardware.card_reader.emrtd.mrz import key_information
from hardware.card_reader.emrtd.security_infos import parse_security_infos
from hardware.card_reader.emrtd.virtual import EF_CARD_ACCESS, EF_COM, Contents, Traits, VirtualChip
from hardware.card_reader.emrtd.virtual_access import PaceOffer
from hardware.card_reader.emrtd.virtual_lds import PARAMETER_IDS, pace_info, security_infos
from hardware.card_reader.emrtd.virtual_specimens import seeded

from .driving import run

COM = bytes.fromhex("60145F0104303130365F36063034303030305C026175")  # EF.COM of appendix D.4
SELECT_APPLICATION = bytes.fromhex("00A4040C07A0000002471001")


def scripted(*values: str):
    """A random source that gives these and nothing else."""
    left = [bytes.fromhex(value) for value in values]

    def random(size: int) -> bytes:
        value = left.pop(0)
        assert len(value) == size
        return value

    return random


def answers(chip: VirtualChip, conversation: Iterable[tuple[str, str]]) -> None:
    for command, response in conversation:
        given = chip.respond(bytes.fromhex(command.replace(" ", "")))
        assert given.hex().upper() == response.replace(" ", "")


def test_appendix_d():
    # D.2: MRZ_information 'L898902C<369080619406236'
    # D.3: RND.IC '4608F91988702212', KIC '0B4F80323EB3191CB04970CB4052790B'
    contents = Contents(b"L898902C<369080619406236", {EF_COM: COM})
    random = scripted("4608F91988702212", "0B4F80323EB3191CB04970CB4052790B")
    chip = VirtualChip(contents, random=random)
    answers(
        chip,
        [
            (SELECT_APPLICATION.hex(), "9000"),
            ("0084000008", "4608F91988702212 9000"),
            (
                "0082000028 72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2 5F1448EEA8AD90A7 28",
                "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F 2F2D235D074D7449 9000",
            ),
            ("0CA4020C15 8709016375432908C044F6 8E08BF8B92D635FF24F8 00", "990290008E08FA855A5D4C50A8ED9000"),
            ("0CB000000D 970104 8E08ED6705417E96BA55 00", "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000"),
            (
                "0CB000040D 970112 8E082EA28A70F3C7B535 00",
                "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
            ),
        ],
    )


def test_appendix_g1():
    # G.1: MRZ_information 'T22000129364081251010318'; the chip's private keys are
    #   mapping   '498FF497 56F2DC15 87840041 839A8598 2BE7761D 14715FB0 91EFA7BC E9058560'
    #   agreement '107CF586 96EF6155 053340FD 633392BA 81909DF7 B9706F22 6F32086C 7AFF974A'
    access = bytes.fromhex("31143012060A04007F0007020204020202010202010D")
    offer = PaceOffer("GM", "AES-128", "brainpoolP256r1")
    assert security_infos([pace_info(offer.mapping, offer.cipher, offer.curve)]) == access
    contents = Contents(b"T22000129364081251010318", {EF_COM: COM}, {EF_CARD_ACCESS: access}, pace=(offer,))
    random = scripted(
        "3F00C4D39D153F2B2A214A078D899B22",
        "498FF49756F2DC1587840041839A85982BE7761D14715FB091EFA7BCE9058560",
        "107CF58696EF6155053340FD633392BA81909DF7B9706F226F32086C7AFF974A",
    )
    chip = VirtualChip(contents, random=random)
    answers(
        chip,
        [
            ("00A4020C02011C", "9000"),
            ("00B0000000", access.hex().upper() + "6282"),
            ("0022C1A412 800A04007F00070202040202 830101 84010D", "9000"),
            ("1086000002 7C00 00", "7C12801095A3A016522EE98D01E76CB6B98B42C3 9000"),
            (
                "1086000045 7C438141 04 7ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E"
                "544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D 00",
                "7C438241 04 824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F57"
                "30D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54 9000",
            ),
            (
                "1086000045 7C438341 04 2DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C"
                "3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB36462 00",
                "7C438441 04 9E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB"
                "7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094 9000",
            ),
            ("008600000C 7C0A8508C2B0BD78D94BA866 00", "7C0A86083ABB9674BCE93C08 9000"),
            (
                "0CA4040C1D 871101752F676B09FAC86A87D632749A49C7CC 8E08C18BA1FCE707BD9F 00",
                "990290008E08BEA7B381C494A0799000",
            ),
        ],
    )


KEY = MrzKey("L898902C3", date(1974, 8, 12), date(2034, 4, 15))
INFORMATION = key_information(KEY).encode("ascii")


def chip_with(offer: PaceOffer, traits: Traits | None = None) -> VirtualChip:
    contents = Contents(INFORMATION, {EF_COM: COM}, can="123456", pace=(offer,))
    return VirtualChip(contents, traits, random=seeded(1))


def open_with_pace(chip: VirtualChip, key: MrzKey | CanKey) -> Channel:
    offer = chip.contents.pace[0]
    info = parse_security_infos(security_infos([pace_info(offer.mapping, offer.cipher, offer.curve)])).pace[0]
    channel = Channel()
    channel.session = run(pace.authenticate(channel, info, key), chip).session
    return channel


@pytest.mark.parametrize("curve", sorted(PARAMETER_IDS))
def test_terminal_and_chip_agree_on_every_curve(curve: str):
    chip = chip_with(PaceOffer("GM", "AES-128", curve))
    channel = open_with_pace(chip, KEY)
    assert run(channel.select_application(), chip) == 0x9000
    assert run(channel.select_file(EF_COM), chip) == 0x9000


@pytest.mark.parametrize("cipher", ["3DES", "AES-128", "AES-192", "AES-256"])
@pytest.mark.parametrize("key", [KEY, CanKey("123456")], ids=["mrz", "can"])
def test_terminal_and_chip_agree_with_every_cipher(cipher, key):
    chip = chip_with(PaceOffer("GM", cipher, "secp256r1"))
    assert run(open_with_pace(chip, key).select_application(), chip) == 0x9000


@pytest.mark.parametrize("wrong", [MrzKey("L898902C4", date(1974, 8, 12), date(2034, 4, 15)), CanKey("123457")])
@pytest.mark.parametrize("status", [0x6300, 0x6982, 0x63C2])
def test_a_wrong_password_is_refused(wrong, status):
    chip = chip_with(PaceOffer(), Traits(wrong_key=status))
    with pytest.raises(KeyRefused):
        open_with_pace(chip, wrong)
    assert run(open_with_pace(chip, KEY).select_application(), chip) == 0x9000


def test_tries_are_counted_and_the_right_password_restores_them():
    chip = chip_with(PaceOffer(), Traits(tries_left=3))
    for left in (2, 1):
        with pytest.raises(KeyRefused, match=f"63C{left}"):
            open_with_pace(chip, CanKey("000000"))
        assert chip.tries_left == left
    open_with_pace(chip, CanKey("123456"))
    assert chip.tries_left == 3


@pytest.mark.parametrize("status", [0x6300, 0x6988, 0x6985, 0x63CF])
def test_a_wrong_zone_is_refused_by_bac(status):
    chip = chip_with(PaceOffer(), Traits(wrong_key=status))
    chip.respond(SELECT_APPLICATION)
    with pytest.raises(KeyRefused):
        run(bac.authenticate(Channel(), key_information(MrzKey("X1", KEY.birth, KEY.expiry))), chip)


def test_a_challenge_counts_once():
    chip = chip_with(PaceOffer())
    chip.respond(SELECT_APPLICATION)
    sent = []
    run(bac.authenticate(Channel(), key_information(KEY)), chip, lambda command, _: sent.append(command))
    assert chip.respond(sent[-1]) == b"\x69\x85"


@pytest.mark.parametrize(
    ("step", "data"),
    [
        (1, "7C438141 04" + "11" * 64),  # a point that is not on the curve
        (1, "7C028100"),
        (1, "7C00"),  # the step before
        (1, "30"),
    ],
)
def test_a_wrong_step_ends_pace(step, data):
    chip = chip_with(PaceOffer())
    chip.respond(bytes.fromhex("0022C1A412800A04007F0007020204020283010184010D"))
    assert chip.respond(bytes.fromhex("10860000027C0000"))[-2:] == b"\x90\x00"
    body = bytes.fromhex(data.replace(" ", ""))
    assert chip.respond(b"\x10\x86\x00\x00" + bytes((len(body),)) + body + b"\x00") == b"\x6a\x80"
    assert chip.respond(bytes.fromhex("10860000027C0000")) == b"\x6a\x80"


def test_an_offer_that_was_not_made_is_refused():
    chip = chip_with(PaceOffer())
    assert chip.respond(bytes.fromhex("0022C1A412800A04007F0007020204020483010184010D")) == b"\x6a\x80"  # AES-256
    assert chip.respond(bytes.fromhex("0022C1A412800A04007F0007020204020283010384010D")) == b"\x6a\x88"  # PIN
    assert chip.respond(bytes.fromhex("10860000027C0000")) == b"\x69\x85"
