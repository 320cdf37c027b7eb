"""Basic access control and the reading after it: Doc 9303-11, appendix D, command by command."""

import pytest

from hardware.card_reader import CardProtected, CardUnreadable, KeyRefused
from hardware.card_reader.emrtd import bac
from hardware.card_reader.emrtd.channel import Channel
from hardware.card_reader.emrtd.files import Files
from hardware.card_reader.emrtd.primitives import AUTHENTICATION, ENCRYPTION, Suite

from .scripted import answers, of, play

INFORMATION = "L898902C<369080619406236"  # D.2


def test_seeds_of_appendix_d2():
    # D.2: H-SHA1('L898902C<369080619406236') = '239AB9CB282DAF66231DC5A4DF6BFBAEDF477565', its first 16 bytes;
    #   for the document number D23145890734: 'B366AD857DDCA2B08C0E299811714730'
    assert bac.key_seed(INFORMATION) == of("239AB9CB282DAF66231DC5A4DF6BFBAE")
    assert bac.key_seed("D23145890734934071279507122") == of("B366AD857DDCA2B08C0E299811714730")


def fixed_random():
    # D.3: RND.IFD = '781723860C06C226', KIFD = '0B795240CB7049B01C19B33E32804F0B'
    values = [of("781723860C06C226"), of("0B795240CB7049B01C19B33E32804F0B")]
    return lambda size: values.pop(0)[:size]


CHALLENGE = ("0084000008", "4608F91988702212 9000")
AUTHENTICATE = (
    "0082000028 72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2 5F1448EEA8AD90A7 28",
    "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F 2F2D235D074D7449 9000",
)


def test_appendix_d3_and_d4():
    channel = Channel()
    channel.session = play(bac.authenticate(channel, INFORMATION, fixed_random()), CHALLENGE, AUTHENTICATE)
    # D.4: select EF.COM, read four bytes, read the remaining 18 from offset 4
    data = play(
        Files(channel).read(0x011E, 0x60, 256),
        ("0CA4020C15 8709016375432908C044F6 8E08BF8B92D635FF24F8 00", "99029000 8E08FA855A5D4C50A8ED 9000"),
        ("0CB000000D 970104 8E08ED6705417E96BA55 00", "8709019FF0EC34F9922651 99029000 8E08AD55CC17140B2DED 9000"),
        (
            "0CB000040D 970112 8E082EA28A70F3C7B535 00",
            "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A 99029000 8E08C8B2787EAEA07D74 9000",
        ),
    )
    # D.4: EF.COM = '60 14 5F 01 04 30 31 30 36 5F 36 06 30 34 30 30 30 30 5C 02 61 75'
    assert data == of("60145F0104303130365F36063034303030305C026175")


def test_session_keys_of_appendix_d3():
    # D.3: KSseed = '0036D272F5C350ACAC50C3F572D23600' gives KSEnc '979EC13B...', KSMAC 'F1CB1F1F...'
    seed = of("0036D272F5C350ACAC50C3F572D23600")
    assert Suite.TDES.derive(seed, ENCRYPTION) == of("979EC13B1CBFE9DCD01AB0FED307EAE5")
    assert Suite.TDES.derive(seed, AUTHENTICATION) == of("F1CB1F1FB5ADF208806B89DC579DC1F8")


def test_the_nonce_and_the_key_are_new_each_time():
    protocols = [bac.authenticate(Channel(), INFORMATION) for _ in range(2)]
    proofs = []
    for protocol in protocols:
        next(protocol)
        proofs.append(protocol.send(of("4608F919887022129000")))
    assert proofs[0] != proofs[1]


@pytest.mark.parametrize("status", ["6300", "63CF", "6988", "6985", "6982"])
def test_chips_refuse_a_wrong_key_in_many_ways(status):
    with pytest.raises(KeyRefused):
        answers(bac.authenticate(Channel(), INFORMATION), "4608F919887022129000", status)


@pytest.mark.parametrize("replies", [("6D00",), ("6A88",), ("4608F919887022129000", "6A88")])
def test_a_chip_without_it_says_so(replies):
    with pytest.raises(CardProtected):
        answers(bac.authenticate(Channel(), INFORMATION), *replies)


CRYPTOGRAM, MAC = AUTHENTICATE[1].split()[0], AUTHENTICATE[1].split()[1]


@pytest.mark.parametrize(
    "replies",
    [
        ("6F00",),
        ("4608F9198870229000",),  # seven bytes
        ("4608F919887022129000", "9000"),
        ("4608F919887022129000", CRYPTOGRAM + MAC[:-2] + "9000"),
        ("4608F919887022129000", CRYPTOGRAM + "2F2D235D074D7448" + "9000"),  # a wrong MAC
        ("4608F919887022139000", CRYPTOGRAM + MAC + "9000"),  # a good answer, to another challenge
        ("4608F919887022129000", "6F00"),
    ],
)
def test_an_answer_of_somebody_else_is_unreadable(replies):
    with pytest.raises(CardUnreadable):
        answers(bac.authenticate(Channel(), INFORMATION, fixed_random()), *replies)
