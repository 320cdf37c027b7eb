"""PACE: Doc 9303-11, appendices G.1 (generic mapping) and I (chip authentication mapping), command by command."""

from datetime import date

import pytest

from hardware.card_reader import CanKey, CardProtected, CardUnreadable, KeyRefused, MrzKey
from hardware.card_reader.apdu import Command
from hardware.card_reader.emrtd import pace
from hardware.card_reader.emrtd.channel import Channel
from hardware.card_reader.emrtd.curves import named
from hardware.card_reader.emrtd.primitives import PASSWORD, Suite
from hardware.card_reader.emrtd.security_infos import PaceInfo, parse_security_infos

from .scripted import answers, of, play

KEY = MrzKey("T22000129", date(1964, 8, 12), date(2010, 10, 31))  # G.1
GM = parse_security_infos(of("3114 3012 060A04007F00070202040202 020102 02010D")).pace[0]
CAM = parse_security_infos(of("3114 3012 060A04007F00070202040602 020102 02010D")).pace[0]


def keys(*scalars: str):
    values = [int(one, 16) for one in scalars]
    return lambda curve: values.pop(0)


# G.1: private keys of the terminal, for the mapping and for the key agreement
G1_KEYS = (
    "7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99",
    "A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595",
)
G1 = (
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
)


WITHOUT_THE_CURVE = ("0022C1A40F 800A04007F00070202040202 830101", "9000")


def test_the_curve_is_named_only_where_the_chip_has_several():
    # G.1's chip has one set of domain parameters; 4.4.4.1: DO 84 is required if there are several
    opened = play(pace.authenticate(Channel(), GM, KEY, keys(*G1_KEYS)), WITHOUT_THE_CURVE, *G1[1:])
    assert opened.session.is_open


def test_appendix_g1():
    channel = Channel()
    opened = play(pace.authenticate(channel, GM, KEY, keys(*G1_KEYS), names_curve=True), *G1)
    assert opened.mapping is None
    # G.1: KSEnc 'F5F0E35C0D7161EE6724EE513A0D9A7F', KSMAC 'FE251C7858B356B24514B3BD5F4297D1'; the counter is 0.
    # What they make of selecting the application was computed independently of this code.
    channel.session = opened.session
    status = play(
        channel.select_application(),
        (
            "0CA4040C1D 871101752F676B09FAC86A87D632749A49C7CC 8E08C18BA1FCE707BD9F 00",
            "990290008E08BEA7B381C494A0799000",
        ),
    )
    assert status == 0x9000


def test_values_between_the_commands_of_appendix_g1():
    # G.1: s = '3F00C4D39D153F2B2A214A078D899B22'; H = (60332EF2..., 0840CA74...);
    #   mapped generator (8CED63C9..., 8C879506...)
    curve = named("brainpoolP256r1")
    key = Suite.AES128.derive(pace.password(KEY), PASSWORD)
    nonce = Suite.AES128.decrypt(key, of("95A3A016522EE98D01E76CB6B98B42C3"))
    assert nonce == of("3F00C4D39D153F2B2A214A078D899B22")
    theirs = curve.decode(of(G1[2][1].split()[1] + G1[2][1].split()[2]))
    shared = curve.multiply(int(G1_KEYS[0], 16), theirs)
    assert curve.encode(shared) == of(
        "04 60332EF2450B5D247EF6D3868397D398852ED6E8CAF6FFEEF6BF85CA57057FD5"
        "0840CA7415BAF3E43BD414D35AA4608B93A2CAF3A4E3EA4E82C9C13D03EB7181"
    )
    assert curve.encode(curve.add(curve.multiply(int.from_bytes(nonce)), shared)) == of(
        "04 8CED63C91426D4F0EB1435E7CB1D74A46723A0AF21C89634F65A9AE87A9265E2"
        "8C879506743F8611AC33645C5B985C80B5F09A0B83407C1B6A4D857AE76FE522"
    )


def test_the_tokens_input_of_appendix_g1():
    # G.1: input data for the token of the terminal: '7F494F 060A 04007F00070202040202 8641 049E880F84...76F094'
    key = of(G1[3][1].split()[1] + G1[3][1].split()[2])
    assert pace.token_input(GM.oid, key) == of("7F494F060A04007F000702020402028641") + key


def test_passwords():
    # G.1: K = SHA-1('T22000129364081251010318') = '7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD'; a CAN: its digits
    assert pace.password(KEY) == of("7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD")
    assert pace.password(CanKey("123456")) == b"123456"


# Appendix I: MRZ C11T002JM / 960812 / 231031, ECDH, AES-128, brainpoolP256r1
CAM_KEY = MrzKey("C11T002JM", date(1996, 8, 12), date(2023, 10, 31))
CAM_KEYS = (
    "5D8BB87BD74D985A4B7D4325B9F7B976FE835122773400798914AA22738135CC",
    "76ECFDAA9841C323A3F5FC5E88B88DB3EFF7E35EBF57A7E6946CB630006C2120",
)
CAM_TURNS = (
    ("0022C1A412 800A04007F00070202040602 830101 84010D", "9000"),
    ("1086000002 7C00 00", "7C128010CB60E8E0D85B76A9BD304747C2AD42E2 9000"),
    (
        "1086000045 7C438141 04 7F1D410ADB7DDB3B84BF1030800981A9105D7457B4A3ADE002384F3086C67EDE"
        "1AB889104A27DB6D842B019020FBF3CEACB0DC627F7BDCAC29969E19D0E553C1 00",
        "7C438241 04 A234236AA9B9621E8EFB73B5245C0E09D2576E5277183C1208BDD55280CAE8B3"
        "04F365713A356E65A451E165ECC9AC0AC46E3771342C8FE5AEDD092685338E23 9000",
    ),
    (
        "1086000045 7C438341 04 446C934084D9DAB863944F219520076C29EE3F7AE6722B11FF319EC1C7728F95"
        "5483400BFF60BF0C5929270009277DC2A515E12575010AD9BA916CF1BF86FEFC 00",
        "7C438441 04 02AD566F3C6EC7F9324509AD50A51FA52030782A4968FCFEDF737DAEA9933331"
        "11C3B9B4C2287789BD137E7F8AA882E2A3C633CCD6ECC2C63C57AD401A09C2E1 9000",
    ),
    (
        "008600000C 7C0A8508E86BD06018A1CD3B 00",
        "7C3C86088596CF055C67C1A3 8A30 1EEA964DAAE372AC990E3EFDE6333353BFC89A6704D93DA8798CF77F5B7A54BD"
        "10CBA372B42BE0B9B5F28AA8DE2F4F92 9000",
    ),
)
# Appendix I: the chip's public key, in EF.CardSecurity
CAM_PUBLIC_KEY = of(
    "04 1872709494399E7470A6431BE25E83EEE24FEA568C2ED28DB48E05DB3A610DC8"
    "84D256A40E35EFCB59BF6753D3A489D28C7A4D973C2DA138A6E7A4A08F68E16F"
)


def test_appendix_i():
    channel = Channel()
    opened = play(pace.authenticate(channel, CAM, CAM_KEY, keys(*CAM_KEYS), names_curve=True), *CAM_TURNS)
    curve = named("brainpoolP256r1")
    assert opened.mapping is not None
    assert opened.mapping.is_proven_by(curve.decode(CAM_PUBLIC_KEY))
    assert not opened.mapping.is_proven_by(curve.base)
    # Appendix I: KSEnc '0A9DA4DB03BDDE39FC5202BC44B2E89E', KSMAC '4B1C06491ED5140CA2B537D344C6C0B1', counter zero:
    # selecting EF.CardSecurity
    channel.session = opened.session
    status = play(
        channel.select_file(0x011D),
        (
            "0CA4020C1D 8711013824F3CB16CAA40DDFF8459C215CC498 8E08158449671FCC7183 00",
            "990290008E085E007CA87260A77F9000",
        ),
    )
    assert status == 0x9000


def test_a_can_is_announced_as_one():
    protocol = pace.authenticate(Channel(), GM, CanKey("123456"))
    assert "830102" in next(protocol).hex()


@pytest.mark.parametrize("status", ["6300", "63C1", "6982", "6988"])
def test_a_wrong_key_is_refused_at_the_last_step(status):
    replies = [answer for _, answer in G1[:-1]]
    with pytest.raises(KeyRefused):
        answers(pace.authenticate(Channel(), GM, KEY, keys(*G1_KEYS)), *replies, status)


def test_a_chip_that_does_not_know_the_key_either_is_refused():
    replies = [answer for _, answer in G1[:-1]]
    with pytest.raises(KeyRefused, match="token"):
        answers(pace.authenticate(Channel(), GM, KEY, keys(*G1_KEYS)), *replies, "7C0A86083ABB9674BCE93C099000")


@pytest.mark.parametrize("status", ["6A88", "6A80", "6D00"])
def test_a_kind_of_key_the_chip_does_not_have(status):
    with pytest.raises(CardProtected):
        answers(pace.authenticate(Channel(), GM, CanKey("123456")), status)


OFF_THE_CURVE = G1[2][1].replace("3C54", "3C55")
OUR_OWN_KEY = G1[3][0].split()[2] + G1[3][0].split()[3]


@pytest.mark.parametrize(
    ("turn", "reply"),
    [
        (0, "6F00"),
        (1, "9000"),
        (1, "7C00 9000"),
        (1, "7C02 8000 9000"),
        (1, "7C058003 010203 9000"),
        (1, "7C80 8010 95A3A016522EE98D01E76CB6B98B42C3 0000 9000"),
        (1, "7C4280" + "40" + "00" * 65 + "9000"),
        (1, "6F00"),
        (2, OFF_THE_CURVE),
        (2, "7C03 8201 00 9000"),  # the identity
        (2, "7C438241 04" + "00" * 64 + "9000"),
        (3, "7C438441" + OUR_OWN_KEY + "9000"),
        (3, OFF_THE_CURVE.replace("8241", "8441")),
        (4, "7C00 9000"),
        (4, "6F00"),
    ],
)
def test_what_a_chip_must_not_send(turn, reply):
    replies = [answer for _, answer in G1[:turn]]
    with pytest.raises(CardUnreadable):
        answers(pace.authenticate(Channel(), GM, KEY, keys(*G1_KEYS)), *replies, reply)


@pytest.mark.parametrize("data", ["7C0A86088596CF055C67C1A3", "7C0E86088596CF055C67C1A38A0200FF"])
def test_chip_authentication_data_must_come_and_be_whole(data):
    replies = [answer for _, answer in CAM_TURNS[:-1]]
    with pytest.raises(CardUnreadable):
        answers(pace.authenticate(Channel(), CAM, CAM_KEY, keys(*CAM_KEYS)), *replies, data + "9000")


def info(kind: int, cipher: int, parameter: int | None = 13) -> PaceInfo:
    number = b"" if parameter is None else bytes((2, 1, parameter))
    body = of("060A04007F0007020204") + bytes((kind, cipher)) + of("020102") + number
    return parse_security_infos(bytes((0x31, len(body) + 2, 0x30, len(body))) + body).pace[0]


def test_choosing():
    # 4.4.4.1: kinds 1 DH-GM, 2 ECDH-GM, 3 DH-IM, 4 ECDH-IM, 6 ECDH-CAM; ciphers 1 3DES, 2-4 AES-128, -192, -256
    assert pace.choose([info(2, 1), info(2, 4), info(2, 2)]) == info(2, 4)
    assert pace.choose([info(2, 4), info(6, 2)]) == info(6, 2)
    assert pace.choose([info(1, 2, 0), info(3, 2, 0), info(4, 2), info(2, 2, None), info(2, 2, 31)]) is None
    assert pace.choose([]) is None


def test_nothing_is_protected_before_the_last_step():
    protocol = pace.authenticate(Channel(), GM, KEY)
    assert next(protocol)[0] == 0x00
    assert protocol.send(of("9000"))[0] == 0x10
    assert Command(0x10, 0x86, 0, 0, of("7C00"), 0).encode() == of("10860000027C0000")
