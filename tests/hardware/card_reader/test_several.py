"""Several readers behind one door: the first document wins, nobody loses an insertion, one status for all."""

import asyncio
from datetime import date

import pytest

from hardware.card_reader import (
    CardMute,
    CardReaderStatus,
    Document,
    DocumentKind,
    DocumentSeen,
    KeyNeeded,
    Media,
    MrzKey,
    Phase,
    Progress,
    ReaderLost,
    Sex,
)
from hardware.card_reader.several import SeveralReaders, combined
from hardware.device import Health

ID, SOCIAL = DocumentKind.RESIDENT_ID_CARD, DocumentKind.SOCIAL_SECURITY_CARD
KEY = MrzKey("L898902C", date(1969, 8, 6), date(1994, 6, 23))


def document(kind, name="张秀英"):
    return Document(kind, "", name, Sex.UNKNOWN, None)


class Slot:
    """A reader of a few lines that keeps the front door's promises: one read per insertion, spent when it is given."""

    def __init__(self, *kinds):
        self.kinds = kinds
        self.status = CardReaderStatus(Health.OFFLINE)
        self.card, self.spent = None, False
        self.calls, self.keys = 0, []
        self.last_steps = ()
        self.name = ""  # what it says it sees, thrice
        self._listeners, self._changed = [], asyncio.Event()

    def be(self, health, media=Media.NOT_PRESENT, reason=""):
        self.status = CardReaderStatus(health, reason, 0.0, media)
        self._changed.set()
        self._changed = asyncio.Event()
        for listener in tuple(self._listeners):
            listener(self.status)

    def put(self, card):
        self.card, self.spent = card, False
        self.be(Health.ONLINE, Media.PRESENT)

    def lift(self):
        self.card = None
        self.be(Health.ONLINE)

    async def start(self):
        self.be(Health.ONLINE)

    async def stop(self):
        self.be(Health.OFFLINE)

    def watch(self, listener):
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def wait_for_document(self, key=None, on_progress=None):
        self.calls += 1
        self.keys.append(key)
        while self.card is None or self.spent:
            if self.status.health is Health.OFFLINE:
                raise ReaderLost("away")
            await self._changed.wait()
        await asyncio.sleep(0)
        for step in range(3 if self.name else 1):
            if on_progress:
                seen = DocumentSeen(self.kinds[0], self.name) if self.name else None
                on_progress(Progress(Phase.FOUND, 0.1 + 0.1 * step, seen))
            await asyncio.sleep(0)
        if isinstance(self.card, KeyNeeded) and key is None:
            raise self.card
        self.spent = True
        if isinstance(self.card, Exception) and not isinstance(self.card, KeyNeeded):
            raise self.card
        return document(DocumentKind.PASSPORT) if isinstance(self.card, KeyNeeded) else self.card

    async def wait_for_removal(self):
        while self.status.media is not Media.NOT_PRESENT:
            await self._changed.wait()


@pytest.fixture
async def pair():
    left, right = Slot(SOCIAL), Slot(ID)
    both = SeveralReaders([left, right])
    await both.start()
    return left, right, both


async def got(both, *more):
    return await asyncio.wait_for(both.wait_for_document(*more), 1)


async def test_the_first_document_wins_and_the_other_reader_goes_on(pair):
    left, right, both = pair
    waiting = asyncio.create_task(got(both))
    await asyncio.sleep(0.01)
    right.put(document(ID))
    assert (await waiting).kind is ID
    left.put(document(SOCIAL))
    assert (await got(both)).kind is SOCIAL
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(both.wait_for_document(), 0.01)


async def test_two_in_the_same_moment_both_come_one_after_the_other(pair):
    left, right, both = pair
    left.put(document(SOCIAL))
    right.put(document(ID))
    assert {(await got(both)).kind, (await got(both)).kind} == {SOCIAL, ID}


async def test_what_was_read_of_a_card_that_left_is_forgotten(pair):
    left, right, both = pair
    left.put(document(SOCIAL))
    right.put(document(ID))
    first = await got(both)
    for slot in (left, right):
        slot.lift()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(both.wait_for_document(), 0.01)
    await both.wait_for_removal()
    assert first.kind in (SOCIAL, ID)


async def test_an_error_of_one_is_raised_and_the_other_keeps_its_card(pair):
    left, right, both = pair
    waiting = asyncio.create_task(got(both))
    await asyncio.sleep(0.01)
    left.put(CardMute("mute"))
    with pytest.raises(CardMute):
        await waiting
    right.put(document(ID))
    assert (await got(both)).kind is ID


async def test_a_key_is_asked_for_and_given_to_all(pair):
    left, _right, both = pair
    left.put(KeyNeeded("a passport", accepts=("can",)))
    with pytest.raises(KeyNeeded) as caught:
        await got(both)
    assert caught.value.accepts == ("can",)
    assert (await got(both, KEY)).kind is DocumentKind.PASSPORT
    assert left.keys == [None, KEY]


async def test_progress_of_any_is_told(pair):
    _left, right, both = pair
    told = []
    right.put(document(ID))
    await got(both, None, told.append)
    assert [progress.phase for progress in told] == [Phase.FOUND]


async def test_the_progress_of_two_readings_is_never_mixed(pair):
    left, right, both = pair
    left.name, right.name = "张**", "李**"
    told = []
    left.put(document(SOCIAL, "张秀英"))
    right.put(document(ID, "李建国"))
    await got(both, None, told.append)
    names = {progress.seen.name_masked for progress in told if progress.seen}
    assert names == {"张**"}


async def test_one_lost_reader_does_not_stop_the_other_and_comes_back_by_itself(pair):
    left, right, both = pair
    left.be(Health.OFFLINE, Media.UNKNOWN, "unplugged")
    assert both.status.health is Health.ONLINE
    assert both.status.reason == "unplugged"
    assert both.status.media is Media.NOT_PRESENT
    assert both.kinds == (ID,)
    waiting = asyncio.create_task(got(both))
    await asyncio.sleep(0.01)
    right.be(Health.ONLINE)
    await asyncio.sleep(0)
    assert not waiting.done()
    left.put(document(SOCIAL))
    assert (await waiting).kind is SOCIAL


async def test_a_reader_lost_while_waiting_is_waited_for_no_more(pair):
    left, right, both = pair
    waiting = asyncio.create_task(got(both))
    await asyncio.sleep(0.01)
    left.be(Health.OFFLINE, Media.UNKNOWN, "unplugged")
    await asyncio.sleep(0.01)
    assert left.calls == 1
    right.be(Health.OFFLINE, Media.UNKNOWN, "silent")
    with pytest.raises(ReaderLost, match="unplugged; silent"):
        await waiting
    with pytest.raises(ReaderLost):
        await asyncio.wait_for(both.wait_for_removal(), 1)
    assert both.kinds == (SOCIAL, ID)


async def test_removal_is_of_all_readers(pair):
    left, right, both = pair
    left.put(document(SOCIAL))
    right.put(document(ID))
    waiting = asyncio.create_task(both.wait_for_removal())
    left.lift()
    await asyncio.sleep(0.01)
    assert not waiting.done()
    assert both.status.media is Media.PRESENT
    right.lift()
    await asyncio.wait_for(waiting, 1)


async def test_a_cancelled_wait_leaves_nobody_waiting(pair):
    left, right, both = pair
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(both.wait_for_document(), 0.01)
    left.put(document(SOCIAL))
    assert left.calls == right.calls == 1
    assert not left.spent
    assert (await got(both)).kind is SOCIAL


async def test_stop_ends_a_wait(pair):
    _left, _right, both = pair
    waiting = asyncio.create_task(got(both))
    await asyncio.sleep(0.01)
    await both.stop()
    with pytest.raises(ReaderLost):
        await waiting


async def test_listeners_hear_the_status_of_all(pair):
    left, _right, both = pair
    heard = []
    forget = both.watch(heard.append)
    left.put(document(SOCIAL))
    forget()
    left.lift()
    assert [status.media for status in heard] == [Media.PRESENT]


def test_no_reader_at_all_is_a_mistake():
    with pytest.raises(ValueError, match="at least one"):
        SeveralReaders([])


def test_one_status_for_all():
    def of(health, media=Media.UNKNOWN, reason=""):
        return CardReaderStatus(health, reason, 1.0, media)

    busy = combined([of(Health.OFFLINE, reason="a"), of(Health.DEVICE_BUSY, Media.PRESENT, "b")])
    assert (busy.health, busy.media, busy.reason) == (Health.DEVICE_BUSY, Media.PRESENT, "a; b")
    lost = combined([of(Health.NO_DEVICE, reason="a"), of(Health.OFFLINE, reason="a")])
    assert (lost.health, lost.media, lost.reason) == (Health.NO_DEVICE, Media.UNKNOWN, "a")
    starting = combined([of(Health.OFFLINE), of(Health.STARTING)])
    assert starting.health is Health.STARTING
    jammed = combined([of(Health.ONLINE, Media.NOT_PRESENT), of(Health.ONLINE, Media.JAMMED)])
    assert jammed.media is Media.JAMMED
