"""Every family over a real pcscd: keys are asked for without spending an insertion, progress tells a masked name."""

import asyncio
import io
from dataclasses import replace
from datetime import date

import pytest
from PIL import Image

from hardware.card_reader import (
    CanKey,
    DocumentKind,
    KeyNeeded,
    KeyRefused,
    Media,
    MrzKey,
    Phase,
    Result,
)
from hardware.card_reader.emrtd.virtual_specimens import ERIKSSON, PLANS, issue, new_country, seeded
from hardware.card_reader.nhi.virtual import CardFields as NhiFields
from hardware.card_reader.nhi.virtual import VirtualNhiCard
from hardware.card_reader.reader import ReaderOptions
from hardware.card_reader.rig import rig
from hardware.card_reader.simulator import Misbehaviour
from hardware.card_reader.ssse.virtual import CardFields, Traits, VirtualSocialCard
from hardware.card_reader.thai_id.virtual import CardFields as ThaiFields
from hardware.card_reader.thai_id.virtual import VirtualThaiCard
from tests.hardware.card_reader.driving import results

pytestmark = pytest.mark.peer

KEY = MrzKey(ERIKSSON.number, ERIKSSON.birth, ERIKSSON.expiry)


@pytest.fixture(scope="module")
def portrait():
    """A picture of nobody, of a passport's size."""
    picture = Image.effect_noise((240, 320), 90).convert("RGB")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=60)
    return out.getvalue()


def chip(name, portrait, **changes):
    country = new_country(seeded(1))
    return issue(replace(PLANS[name], **changes), portrait, country, seeded(2)), country


async def document(reader, *more, within_s=20):
    return await asyncio.wait_for(reader.wait_for_document(*more), within_s)


@pytest.mark.parametrize(
    ("card", "kind"),
    [
        (VirtualThaiCard(ThaiFields(portrait=b"\xff\xd8\xff" + bytes(3000) + b"\xff\xd9")), DocumentKind.THAI_ID_CARD),
        (VirtualNhiCard(NhiFields(), birth_at=43), DocumentKind.NHI_CARD),
        (
            VirtualSocialCard(CardFields("11010519491231002X", "张秀英", "2"), Traits(is_contactless=True)),
            DocumentKind.SOCIAL_SECURITY_CARD,
        ),
    ],
    ids=lambda it: type(it).__name__,
)
async def test_cards_that_open_to_everybody(reader, slot, card, kind):
    await slot.present(card)
    read = await document(reader)
    assert read.kind is kind
    assert card.tries_left == type(card).tries_left


async def test_a_passport_asks_for_its_key_takes_it_and_tells_how_far_it_is(reader, slot, portrait):
    specimen, _ = chip("passport_bac", portrait)
    await slot.present(specimen.chip())
    with pytest.raises(KeyNeeded) as caught:
        await document(reader)
    assert caught.value.accepts == ("mrz",)
    assert reader.status.media is Media.PRESENT
    with pytest.raises(KeyRefused):
        await document(reader, replace(KEY, number="L898902D"))
    told = []
    read = await document(reader, KEY, told.append)  # the same insertion still
    assert read.kind is DocumentKind.PASSPORT
    assert read.portrait == portrait
    assert "ERIKSSON" in read.latin_name
    phases = [progress.phase for progress in told]
    assert phases.index(Phase.OPENING) < phases.index(Phase.PORTRAIT)
    shares = [progress.share for progress in told]
    assert shares == sorted(shares)
    (seen,) = {progress.seen.name_masked for progress in told if progress.seen}
    assert seen
    assert "ERIKSSON" not in seen
    with pytest.raises(TimeoutError):
        await document(reader, KEY, within_s=0.3)  # now it is spent


async def test_a_passport_with_pace_opens_with_its_can_and_is_trusted_with_a_folder(tmp_path, portrait):
    specimen, country = chip("passport_pace", portrait)
    folder = tmp_path / "csca"
    folder.mkdir()
    (folder / "utopia.cer").write_bytes(country.csca.certificate)
    async with rig(tmp_path / "pcscd", ReaderOptions(trust_folder=folder)) as table:
        await table.slot.present(specimen.chip())
        with pytest.raises(KeyNeeded) as caught:
            await document(table.reader)
        assert set(caught.value.accepts) == {"mrz", "can"}
        read = await document(table.reader, CanKey(specimen.can))
        checks = results(read)
        assert checks["dg_hashes"] is checks["sod_signature"] is checks["csca_trust"] is Result.PASS
        assert read.portrait == portrait


async def test_a_call_that_went_away_is_joined_by_the_next(reader, slot, portrait):
    specimen, _ = chip("passport_bac", portrait)
    await slot.present(specimen.chip(), Misbehaviour(delay_ms=5))
    first = asyncio.create_task(document(reader, KEY))
    while slot.commands < 15:
        await asyncio.sleep(0.01)
    first.cancel()
    before = slot.commands
    assert (await document(reader, KEY)).kind is DocumentKind.PASSPORT
    assert slot.commands > before  # it went on
    steps = [step.name for step in reader.last_steps]
    assert steps.count("connect") == 1  # and was not begun anew


async def test_an_answer_nobody_waited_for_is_read_again(reader, slot):
    await slot.present(VirtualSocialCard(CardFields("11010519491231002X", "张秀英")), Misbehaviour(delay_ms=5))
    first = asyncio.create_task(document(reader))
    while slot.commands < 3:
        await asyncio.sleep(0.01)
    first.cancel()
    while slot.commands < 14:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    assert (await document(reader)).name == "张秀英"
    assert slot.commands == 28


async def test_the_date_of_today_is_the_booths(tmp_path):
    async with rig(tmp_path / "pcscd", today=lambda: date(2050, 1, 1)) as table:
        await table.slot.present(VirtualSocialCard(CardFields("11010519491231002X", "张秀英")))
        assert results(await document(table.reader))["expired"] is Result.FAIL
