"""The reader over a real pcscd and vpcd: once for each insertion, and the right error for each thing people do."""

import asyncio
import os
import signal
from datetime import date
from pathlib import Path

import pytest

from hardware.card_reader import (
    CardMute,
    CardProtected,
    CardUnreadable,
    DocumentKind,
    Media,
    ReaderLost,
    Result,
)
from hardware.card_reader.daemon import DaemonFailed, PrivatePcscd
from hardware.card_reader.reader import PcscCardReader, ReaderOptions
from hardware.card_reader.simulator import CardSlot, Misbehaviour
from hardware.card_reader.ssse.virtual import CardFields, Traits, VirtualSocialCard, Way
from hardware.device import Health

pytestmark = pytest.mark.peer

WOMAN = CardFields("11010519491231002X", "张秀英", "2", date(1949, 12, 31))
MAN = CardFields("34052419800101001X", "李建国", "1", date(1980, 1, 1))


async def document(reader, within_s=10):
    return await asyncio.wait_for(reader.wait_for_document(), within_s)


async def test_a_card_is_read_once_for_each_insertion(reader, slot):
    assert reader.status.health is Health.ONLINE
    assert reader.status.media is Media.NOT_PRESENT
    assert DocumentKind.SOCIAL_SECURITY_CARD in reader.kinds
    waiting = asyncio.create_task(document(reader))
    await slot.present(VirtualSocialCard(WOMAN))
    read = await waiting
    assert (read.name, read.number) == ("张秀英", "11010519491231002X")
    assert reader.status.media is Media.PRESENT
    assert reader.status.is_usable
    with pytest.raises(TimeoutError):
        await document(reader, 0.3)  # the same card is not read again
    await slot.remove()
    await asyncio.wait_for(reader.wait_for_removal(), 5)
    await slot.present(VirtualSocialCard(WOMAN))
    assert (await document(reader)).name == "张秀英"


async def test_a_card_already_there_at_start_counts(daemon, slot):
    await slot.present(VirtualSocialCard(MAN))
    reader = PcscCardReader(ReaderOptions(socket=str(daemon.socket)), today=lambda: date(2050, 1, 1))
    await reader.start()
    read = await document(reader)
    assert read.name == "李建国"
    # An expired card is a document all the same: the visit decides.
    assert {check.name: check.result for check in read.checks}["expired"] is Result.FAIL
    await reader.stop()


@pytest.mark.parametrize(
    "traits",
    [
        Traits(version="1.00", way=Way.GET_RESPONSE),
        Traits(version="2.00", way=Way.EXACT_LE, shuffled=True),
        Traits(reads_by_tag=False, selects_files=False),
    ],
    ids=["1.00", "2.00", "by-number"],
)
async def test_cards_of_every_version_cross_the_wire(reader, slot, traits):
    await slot.present(VirtualSocialCard(WOMAN, traits))
    read = await document(reader)
    assert (read.name, read.birth, read.source) == ("张秀英", date(1949, 12, 31), f"ssse {traits.version}")


async def test_a_cancelled_wait_spends_no_insertion(reader, slot):
    waiting = asyncio.create_task(reader.wait_for_document())
    await slot.present(VirtualSocialCard(WOMAN), Misbehaviour(delay_ms=20))
    while slot.commands < 3:
        await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await document(reader)).name == "张秀英"


@pytest.mark.parametrize(
    ("how", "traits", "error"),
    [
        (Misbehaviour(is_mute=True), Traits(), CardMute),
        (Misbehaviour(garbage_at=8), Traits(), CardUnreadable),
        (Misbehaviour(truncate_at=8), Traits(), CardUnreadable),
        (Misbehaviour(), Traits(needs_pin_for_ef06=True), CardProtected),
    ],
    ids=["mute", "garbage", "truncated", "protected"],
)
async def test_a_card_that_cannot_be_read_says_why_and_the_next_one_works(reader, slot, how, traits, error):
    bad = VirtualSocialCard(WOMAN, traits)
    await slot.present(bad, how)
    with pytest.raises(error) as caught:
        await document(reader)
    assert "Booth bench" in caught.value.where
    assert bad.tries_left == 6
    assert reader.status.media is Media.PRESENT
    await slot.present(VirtualSocialCard(MAN))  # a swap
    assert (await document(reader)).name == "李建国"


async def test_the_steps_are_measured_and_name_no_data(reader, slot):
    await slot.present(VirtualSocialCard(WOMAN), Misbehaviour(delay_ms=5))
    await document(reader)
    names = [step.name for step in reader.last_steps]
    assert names[0] == "connect"
    assert names[-1] == "disconnect"
    assert "00b20800" in names
    assert all(len(name) == 8 or name in ("connect", "disconnect") for name in names)
    assert sum(step.took_ms for step in reader.last_steps) >= 14 * 5


async def test_a_driver_that_dies_while_it_reads_is_replaced_and_the_card_is_read_without_lifting_it(reader, slot):
    waiting = asyncio.create_task(document(reader))
    await slot.present(VirtualSocialCard(WOMAN), Misbehaviour(delay_ms=20))
    while slot.commands < 5:
        await asyncio.sleep(0.005)
    os.kill(reader.worker_pid, signal.SIGKILL)
    with pytest.raises(ReaderLost, match="driver ended"):
        await waiting
    assert (await document(reader)).name == "张秀英"


async def test_stop_ends_the_process_that_saw_the_card(reader, slot):
    await slot.present(VirtualSocialCard(WOMAN))
    await document(reader)
    pid = reader.worker_pid
    await reader.stop()
    assert not Path(f"/proc/{pid}").exists()
    assert reader.worker_pid is None
    with pytest.raises(ReaderLost):
        await document(reader)
    await reader.start()
    assert (await document(reader)).name == "张秀英"  # another visit: the card that lies there counts


async def test_only_the_reader_named_is_used(daemon, slot):
    await slot.present(VirtualSocialCard(WOMAN))
    reader = PcscCardReader(ReaderOptions(reader="Booth bench 00 01", socket=str(daemon.socket)))
    await reader.start()
    assert reader.status.media is Media.NOT_PRESENT
    second = CardSlot(daemon.card_door, 1)
    await second.present(VirtualSocialCard(MAN))
    assert (await document(reader)).name == "李建国"
    await second.remove()
    await reader.stop()


async def test_a_reader_that_is_not_there_is_said(daemon):
    reader = PcscCardReader(ReaderOptions(reader="Acme 9000", socket=str(daemon.socket)))
    await reader.start()
    assert reader.status.health is Health.NO_DEVICE
    assert "Acme 9000" in reader.status.reason
    with pytest.raises(ReaderLost):
        await document(reader)
    with pytest.raises(ReaderLost):
        await reader.wait_for_removal()
    await reader.stop()


async def test_two_daemons_live_side_by_side_and_no_port_is_opened(daemon, slot, reader, tmp_path):
    before = Path("/proc/net/tcp").read_text()
    other = PrivatePcscd(tmp_path / "other")
    await other.start()
    try:
        assert other.pcscd_pid != daemon.pcscd_pid
        assert ":8C7B" not in before + Path("/proc/net/tcp").read_text()
        await slot.present(VirtualSocialCard(WOMAN))
        assert (await document(reader)).name == "张秀英"
    finally:
        await other.stop()


async def test_a_daemon_leaves_nothing_but_its_log(tmp_path):
    daemon = PrivatePcscd(tmp_path / "pcscd")
    await daemon.start()
    pids = (daemon.pid, daemon.pcscd_pid)
    await daemon.stop()
    await daemon.stop()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert sorted(os.listdir(daemon.folder)) == ["lock", "pcscd.log", "reader.conf.d"]


async def test_a_daemon_refuses_a_folder_in_use_and_a_path_too_long(daemon, tmp_path):
    with pytest.raises(DaemonFailed, match="uses this folder"):
        await PrivatePcscd(daemon.folder).start()
    with pytest.raises(DaemonFailed, match="107 bytes"):
        await PrivatePcscd(tmp_path / ("x" * 110)).start()
    assert daemon.socket.exists()


async def test_an_account_that_may_make_no_namespaces_is_told_the_cure(tmp_path, monkeypatch):
    """What util-linux says where the kernel forbids it; a program of that name stands in for the kernel."""
    refusing = tmp_path / "bin" / "unshare"
    refusing.parent.mkdir()
    refusing.write_text("#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{refusing.parent}:/usr/bin:/bin")
    daemon = PrivatePcscd(tmp_path / "pcscd")
    with pytest.raises(DaemonFailed, match="may not make namespaces") as caught:
        await daemon.start()
    assert "run as root" in caught.value.cure
    assert daemon.pid is None
