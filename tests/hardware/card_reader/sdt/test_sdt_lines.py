"""The wires: pyserial on a pty, pyusb on a virtual device; what is missing or gone has a name."""

import subprocess
import sys

import pytest

from hardware.card_reader import CardRemoved, ReaderLost
from hardware.card_reader.sdt import session
from hardware.card_reader.sdt.connect import connect
from hardware.card_reader.sdt.conversation import Conversation
from hardware.card_reader.sdt.lines import SerialLine, UsbLine, ports
from hardware.card_reader.sdt.messages import SamOptions
from hardware.card_reader.sdt.misbehaviour import Misbehaviour
from hardware.card_reader.sdt.usb_module import UsbModule
from hardware.card_reader.sdt.virtual import VirtualSamCard

ANNA = VirtualSamCard.resident("11010519491231002X", "张秀英", "2", added_address="新路1号")


def quiet(_phase):
    """Nobody is listening."""


@pytest.mark.parametrize("sends_at_once", [False, True])
def test_a_card_over_usb(sends_at_once):
    module = UsbModule(sends_at_once=sends_at_once)
    conversation = Conversation(UsbLine("usb", module))
    assert module.claimed == {0}
    assert conversation.run(session.introduce()) == "05.03-20200101-0001234567-0007654321"
    with pytest.raises(CardRemoved):
        conversation.run(session.read_card(quiet))
    module.line.player.play(ANNA)
    card = conversation.run(session.read_card(quiet))
    assert (card.block["name"], card.added_address, len(card.photo)) == ("张秀英", "新路1号", 1024)
    conversation.line.close()
    assert module.claimed == set()


def test_a_late_reply_over_usb_is_dropped():
    module = UsbModule()
    conversation = Conversation(UsbLine("usb", module))
    module.line.player.play(ANNA)
    module.bulk_write("sam", 0x02, 0, _array(bytes.fromhex("AAAAAA96690003")), 0)  # nobody fetches this reply
    module.bulk_write("sam", 0x06, 0, _array(bytes.fromhex("12FFEE")), 0)
    assert conversation.run(session.read_card(quiet)).block["name"] == "张秀英"


def test_a_usb_module_that_is_unplugged():
    module = UsbModule()
    conversation = Conversation(UsbLine("usb", module))
    module.line.player.play(ANNA, Misbehaviour())
    module.is_plugged = False
    with pytest.raises(ReaderLost, match="gone"):
        conversation.run(session.read_card(quiet))
    with pytest.raises(ReaderLost, match="not plugged in"):
        UsbLine("usb", module)


def test_a_usb_module_of_another_maker():
    with pytest.raises(ReaderLost, match="1234:abcd"):
        UsbLine("usb:1234:abcd", UsbModule())


def test_without_pyusb_serial_goes_on_and_usb_says_what_is_missing():
    program = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "usb":
            raise ImportError(name)
sys.meta_path.insert(0, Missing())
import hardware.card_reader.sdt.driver
from hardware.card_reader import ReaderLost
from hardware.card_reader.sdt.lines import UsbLine
try:
    UsbLine("usb")
except ReaderLost as lost:
    sys.stdout.write(str(lost))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pyusb is not installed" in ran.stdout
    assert "pip install pyusb" in ran.stdout


def test_ports_by_pattern(tmp_path):
    for name in ("usb-A-if00", "usb-B-if00"):
        (tmp_path / name).touch()
    assert ports(f"{tmp_path}/usb-*") == [f"{tmp_path}/usb-A-if00", f"{tmp_path}/usb-B-if00"]
    assert ports(f"{tmp_path}/usb-A*") == [f"{tmp_path}/usb-A-if00"]
    assert ports(f"{tmp_path}/none") == []
    assert ports("usb:0400:c35a") == ["usb:0400:c35a"]


def test_what_is_no_serial_port(tmp_path):
    (tmp_path / "port").touch()
    with pytest.raises(ReaderLost, match="cannot be opened"):
        SerialLine(str(tmp_path / "port"), 115200)
    with pytest.raises(ReaderLost, match="no port"):
        connect(SamOptions(str(tmp_path / "none")))


def _array(data):
    import array

    return array.array("B", data)
