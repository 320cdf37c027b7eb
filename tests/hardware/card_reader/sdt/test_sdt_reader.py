"""The reader over a pty and its worker: every kind, once for each presentation, and what people and wires do."""

import asyncio
import os
import time
from datetime import date
from pathlib import Path

import pytest

from hardware.card_reader import (
    CanKey,
    CardMute,
    CardRemoved,
    CardUnknown,
    CardUnreadable,
    DocumentKind,
    Media,
    Phase,
    ReaderLost,
)
from hardware.card_reader.sdt import commands
from hardware.card_reader.sdt.messages import SamOptions
from hardware.card_reader.sdt.reader import SamCardReader
from hardware.card_reader.sdt.simulator import IMMEDIATE, Misbehaviour, Pace, SamOnPty, Traits, VirtualSamCard
from hardware.device import Health
from tests.torture import is_torture, some

pytestmark = pytest.mark.peer

ANNA = VirtualSamCard.resident("11010519491231002X", "张秀英", "2", address="旧路1号", added_address="新路1号")
BO = VirtualSamCard.resident("34052419800101001X", "李建国", "1", address="旧路2号", added_address="新路2号")
CHEN = VirtualSamCard.special_regions("810000199001010019", "陈大文", "1")
IVA = VirtualSamCard.foreigner_2017("KAZ110090123105", "IVANOVA ANNA", "2", date(1990, 12, 31), nationality="KAZ")
EVA = VirtualSamCard.foreigner_2023("911156819890101004", "EVA NOVAK", "2", date(1989, 1, 1), nationality="CZE")


async def document(reader, within_s=10, **more):
    return await asyncio.wait_for(reader.wait_for_document(**more), within_s)


async def reached(reader, is_reached, within_s=15):
    until = time.monotonic() + within_s
    while not is_reached(reader.status):
        assert time.monotonic() < until, reader.status
        await asyncio.sleep(0.02)


async def test_all_four_kinds(reader, sam):
    assert reader.status.health is Health.ONLINE
    assert reader.status.media is Media.NOT_PRESENT
    assert reader.kinds == (
        DocumentKind.RESIDENT_ID_CARD, DocumentKind.RESIDENCE_PERMIT, DocumentKind.PERMANENT_RESIDENCE_CARD,
    )  # fmt: skip
    read = []
    for card in (ANNA, CHEN, IVA, EVA):
        await sam.present(card)
        read.append(await document(reader, key=CanKey("123456")))  # other cards' keys are ignored
        assert reader.status.media is Media.PRESENT
        await sam.remove()
        await asyncio.wait_for(reader.wait_for_removal(), 5)
    assert [(one.name, one.kind.value, one.source) for one in read] == [
        ("张秀英", "resident_id_card", "sdt"),
        ("陈大文", "residence_permit", "sdt J"),
        ("IVANOVA ANNA", "permanent_residence_card", "sdt I 2017"),
        ("EVA NOVAK", "permanent_residence_card", "sdt Y 2023"),
    ]
    assert read[0].address == "新路1号"
    assert len(read[0].portrait_raw) == 1024


async def test_a_card_is_read_once_for_each_presentation(reader, sam):
    told = []
    waiting = asyncio.create_task(document(reader, on_progress=told.append))
    await sam.present(ANNA)
    assert (await waiting).name == "张秀英"
    assert [one.phase for one in told] == [Phase.FOUND, Phase.OPENING, Phase.READING, Phase.CHECKING]
    assert [one.share for one in told] == sorted(one.share for one in told)
    with pytest.raises(TimeoutError):
        await document(reader, 1.0)  # the same card is not read again, however often it is looked at
    assert reader.status.media is Media.PRESENT
    await sam.remove()
    await asyncio.wait_for(reader.wait_for_removal(), 5)
    await sam.present(ANNA)
    assert (await document(reader)).name == "张秀英"
    assert [step.name for step in reader.last_steps][-5:] == ["select", "read_text", "read_added", "find", "photo"]
    assert b"\x30\x10" not in sam.sent


async def test_a_cancelled_wait_spends_no_presentation(reader, sam):
    waiting = asyncio.create_task(reader.wait_for_document())
    await sam.present(BO, Misbehaviour(delay_ms=300))
    await asyncio.sleep(0.5)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await document(reader)).name == "李建国"


async def test_a_photo_decoded_by_the_operators_library(sam, library):
    reader = SamCardReader(SamOptions(str(sam.path), wlt_library=library))
    await reader.start()
    told = []
    try:
        await sam.present(BO)
        read = await document(reader, on_progress=told.append)
    finally:
        await reader.stop()
    assert read.portrait[:2] == b"BM"
    assert (told[-1].phase, told[-1].seen.name_masked) == (Phase.PORTRAIT, "李*国")


@pytest.mark.parametrize(
    "traits",
    [Traits(finds_again=True), Traits(has_added_address=False), Traits(says_timeout=True), Traits(counts_address=True)],
    ids=["finds-again", "no-address", "says-timeout", "counts"],
)
async def test_modules_of_other_makers(tmp_path, traits):
    sam = SamOnPty(tmp_path, pace=IMMEDIATE, traits=traits)
    await sam.plug()
    reader = SamCardReader(SamOptions(str(sam.path)))
    await reader.start()
    try:
        for card, name in ((ANNA, "张秀英"), (BO, "李建国")):
            await sam.present(card)
            assert (await document(reader)).name == name
            with pytest.raises(TimeoutError):
                await document(reader, 1.0)
            assert reader.status.media is Media.PRESENT
            await sam.remove()
            await asyncio.wait_for(reader.wait_for_removal(), 5)
    finally:
        await reader.stop()
        await sam.unplug()


@pytest.mark.parametrize("baud", [57600, 9600])
async def test_the_modules_speed_is_found(tmp_path, baud):
    sam = SamOnPty(tmp_path, pace=Pace(baud, {}))
    await sam.plug()
    reader = SamCardReader(SamOptions(str(sam.path)))
    await reader.start()
    try:
        assert reader.status.health is Health.ONLINE
        await sam.present(CHEN)
        assert (await document(reader)).name == "陈大文"
    finally:
        await reader.stop()
        await sam.unplug()


# -- pulled and swapped ----------------------------------------------------------------------------------------------


@pytest.mark.timeout(7200 if is_torture() else 120)
async def test_pulled_in_the_middle_of_the_text(reader, sam):
    for at in some(range(1295), 5):
        pulled_s = []
        waiting = asyncio.create_task(document(reader))
        await sam.present(ANNA, Misbehaviour(pull_at=at))
        while sam.card is not None:
            await asyncio.sleep(0.005)
        pulled_s.append(time.monotonic())
        with pytest.raises(CardRemoved):
            await waiting
        assert time.monotonic() - pulled_s[0] < 5, at  # the figure itself is documents.sam_pulled
        await asyncio.wait_for(reader.wait_for_removal(), 5)
        await sam.present(BO)
        read = await document(reader)
        assert (read.name, read.address) == ("李建国", "新路2号")
        await sam.remove()
        await asyncio.wait_for(reader.wait_for_removal(), 5)


@pytest.mark.parametrize("after", [commands.SELECT, commands.READ_TEXT, commands.READ_ADDED], ids=lambda one: one.name)
async def test_two_cards_swapped_fast_never_mix(reader, sam, after):
    await sam.present(ANNA, Misbehaviour(on=after, swap_for=BO))
    for _ in range(2):
        try:
            read = await document(reader)
        except CardRemoved:
            continue
        except CardMute:  # nothing was read of either: lifted and laid down again
            await sam.remove()
            await asyncio.wait_for(reader.wait_for_removal(), 5)
            await sam.present(BO)
            continue
        break
    assert (read.name, read.address) in {("张秀英", "新路1号"), ("李建国", "新路2号")}


async def test_a_card_changed_under_the_reader_is_the_next_one(reader, sam):
    await sam.present(ANNA)
    assert (await document(reader)).name == "张秀英"
    await asyncio.sleep(0.7)
    await sam.present(BO, swap_s=0.05)
    assert (await document(reader)).name == "李建国"


# -- cards that cannot be read ---------------------------------------------------------------------------------------


async def test_presented_again_and_again(reader, sam):
    bad = VirtualSamCard(ANNA.block, read_status=0x41)
    errors = []
    for _ in range(3):
        await sam.present(bad)
        with pytest.raises((CardMute, CardUnreadable)) as caught:
            await document(reader)
        errors.append(type(caught.value))
        with pytest.raises(TimeoutError):
            await document(reader, 0.8)  # not before it was lifted
        await sam.remove()
        await asyncio.wait_for(reader.wait_for_removal(), 5)
    assert errors == [CardMute, CardMute, CardUnreadable]
    await sam.present(BO)
    assert (await document(reader)).name == "李建国"


async def test_a_card_of_another_kind(reader, sam):
    await sam.present(VirtualSamCard(ANNA.block, is_other_kind=True))
    with pytest.raises(CardUnknown):
        await document(reader)


@pytest.mark.parametrize(
    "how",
    [Misbehaviour(is_wrong=True), Misbehaviour(on=commands.FIND, garbage=b"\xaa\x00" * 99, times=0),
     Misbehaviour(delay_ms=800), Misbehaviour(on=commands.FIND, is_late=True)],
    ids=["check-byte", "noise", "slow", "late"],
)  # fmt: skip
async def test_a_bad_line_is_survived(reader, sam, how):
    await sam.present(ANNA, how)
    try:
        read = await document(reader)
    except ReaderLost:  # the late one: the module was taken for gone, and is found again
        await reached(reader, lambda status: status.is_usable)
        read = await document(reader)
    assert (read.name, read.address) == ("张秀英", "新路1号")


# -- the module itself -----------------------------------------------------------------------------------------------


async def test_unplugged_and_back_under_another_name(reader, sam):
    waiting = asyncio.create_task(document(reader))
    await sam.unplug()
    with pytest.raises(ReaderLost):
        await waiting
    assert reader.status.health is Health.OFFLINE
    assert "/dev/serial/by-id" in reader.status.reason or "gone" in reader.status.reason
    await sam.plug("usb-SAM-if01")
    await reached(reader, lambda status: status.is_usable)
    await sam.present(BO)
    assert (await document(reader)).name == "李建国"


async def test_one_look_that_goes_wrong_loses_nothing_and_many_do(reader, sam):
    states = []
    reader.watch(lambda status: states.append(status.health))
    await sam.present(ANNA, Misbehaviour(on=commands.FIND, cut_at=9))
    assert (await document(reader)).name == "张秀英"
    assert set(states) == {Health.ONLINE}
    await sam.present(BO, Misbehaviour(on=commands.FIND, cut_at=9, times=0))
    with pytest.raises(ReaderLost, match="what lies there"):
        await document(reader)
    await sam.present(BO)
    await reached(reader, lambda status: status.is_usable)
    assert (await document(reader)).name == "李建国"


@pytest.mark.parametrize("is_replugged", [False, True], ids=["lifted", "unplugged"])
async def test_a_module_that_hangs_while_it_reads(reader, sam, is_replugged):
    await sam.present(ANNA, Misbehaviour(hangs=True))
    with pytest.raises(ReaderLost):
        await document(reader, 20)
    assert reader.status.health is Health.OFFLINE
    assert "does not answer" in reader.status.reason
    with pytest.raises(ReaderLost):
        await reader.wait_for_removal()  # nobody can tell
    if is_replugged:
        await sam.unplug()
        await sam.plug()
    await sam.remove()
    await reached(reader, lambda status: status.is_usable)
    await sam.present(BO)
    assert (await document(reader)).name == "李建国"


@pytest.mark.parametrize("status", [0x60, 0x66])
async def test_a_broken_module_is_a_hardware_error(tmp_path, status):
    sam = SamOnPty(tmp_path, pace=IMMEDIATE, traits=Traits(self_test=status))
    await sam.plug()
    reader = SamCardReader(SamOptions(str(sam.path)))
    await reader.start()
    try:
        assert reader.status.health is Health.HARDWARE_ERROR
        assert f"{status:02X}" in reader.status.reason
        with pytest.raises(ReaderLost):
            await document(reader, 1)
    finally:
        await reader.stop()
        await sam.unplug()


async def test_a_port_that_another_program_holds_is_said_so(reader, sam):
    second = SamCardReader(SamOptions(str(sam.path)))
    await second.start()
    try:
        assert second.status.health is Health.OFFLINE
        assert "another program" in second.status.reason
    finally:
        await second.stop()


async def test_no_module_at_all(tmp_path):
    reader = SamCardReader(SamOptions(str(tmp_path / "usb-*")))
    await reader.start()
    try:
        assert reader.status.health is Health.OFFLINE
        with pytest.raises(ReaderLost, match="no port"):
            await document(reader, 1)
    finally:
        await reader.stop()
    assert reader.status.health is Health.OFFLINE


@pytest.mark.timeout(7200 if is_torture() else 120)
async def test_many_presentations_grow_nothing(reader, sam):
    def counted():
        status = dict(line.split(":\t") for line in Path(f"/proc/{reader.worker_pid}/status").read_text().splitlines())
        kb = int(status["VmRSS"].split()[0])
        return len(os.listdir(f"/proc/{reader.worker_pid}/fd")), int(status["Threads"]), kb

    count = 1000 if is_torture() else 24
    before = (0, 0, 0)
    for number in range(count):
        await sam.present(ANNA if number % 2 else BO, swap_s=0.05)
        assert (await document(reader)).name == ("张秀英" if number % 2 else "李建国")
        if number == count // 4:
            before = counted()
    after = counted()
    assert after[:2] == before[:2]
    assert after[2] - before[2] < 2000


@pytest.mark.parametrize(
    ("options", "word"),
    [({"port": ""}, "by-id"), ({"port": "ttyS0"}, "by-id"), ({"port": "usb:400"}, "usb:0400:c35a"),
     ({"port": "/dev/x", "baud": 300}, "speeds"), ({"port": "/dev/x", "wlt_pixels": "cmyk"}, "bgr"),
     ({"port": "/dev/x", "poll_ms": 50}, "300 ms")],
)  # fmt: skip
def test_settings_nobody_can_use(options, word):
    with pytest.raises(ValueError, match=word):
        SamOptions(**options)
