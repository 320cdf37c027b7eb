"""Receipts: true words for each state, every line speakable, nothing unmasked on paper, screen or in the ledger."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest

from hardware.printer import Line, Page, QrCode, Rule
from hardware.speech import Priority
from kiosk.uplink.bodies import AnswerRow, EnquiryAnswer
from kiosk.visit.fill import Form
from kiosk.visit.person import ANONYMOUS, Identity
from kiosk.visit.receipts import LARGE_MM, NORMAL_MM, Receipt, certificate_page, receipt_for
from kiosk.visit.services import Service
from tests.kiosk.visit.hall import key_of
from tests.kiosk.visit.samples import SERVICES, texts

WHEN = dt.datetime(2026, 11, 22, 20, 47, tzinfo=dt.timezone(dt.timedelta(hours=8)))
NUMBER = "B7-000204-6"
STATES = ("accepted", "recorded", "rejected")
LEAST_MM = 3.5  # R28
PERSON = Identity(
    by="face", key=key_of("11010519491231002X"), name="张秀英", birth=dt.date(1949, 12, 31),
    address="幸福里3号楼2单元501", address_source="registry", phone="13800138000", facts={},
)  # fmt: skip
SECRETS = ("11010519491231002X", "张秀英", "幸福里3号楼2单元501", "13800138000", "19491231", "秘密住址", "424242")
OPEN = Service.model_validate(  # everything on the receipt, with a private field of every kind of mask
    {
        "id": "open", "order": 1, "schema_version": 1, "mode": "queueable", "icon": "开", "title": "Sound",
        "note": "x", "needs": ["identity", "lookup", "submit"], "identification": ["face", "clerk"], "consent": ["x"],
        "field": [
            {"id": "phone", "kind": "phone", "title": "T", "label": "Phone", "on_receipt": True},
            {"id": "home", "kind": "text", "title": "T", "label": "Address", "private": True, "on_receipt": True},
            {"id": "pin", "kind": "number", "title": "T", "label": "Name", "private": True, "on_receipt": True},
            {"id": "known", "kind": "text", "title": "T", "label": "Place", "prefill": "registry.address",
             "on_receipt": True},
            {"id": "number", "kind": "id_number", "title": "T", "label": "ID number", "on_receipt": True},
            {"id": "open", "kind": "text", "title": "T", "label": "Problem", "on_receipt": True},
            {"id": "hidden", "kind": "text", "title": "T", "label": "Photo"},
        ],
        "receipt": {"next_steps": ["We sent a new code."], "call": "12333"},
    }
)  # fmt: skip
ANSWERS = {
    "phone": "13800138000", "home": "秘密住址", "pin": 424242, "known": "幸福里3号楼2单元501",
    "number": "11010519491231002X", "open": "路灯不亮", "hidden": "not on the paper",
}  # fmt: skip


def can_write(_words: str) -> bool:
    return True


def receipt(state: str = "accepted", language: str = "zh", service: Service = OPEN) -> Receipt:
    form = Form(service, PERSON if not service.is_anonymous else ANONYMOUS)
    if service is OPEN:
        form.answers |= ANSWERS
    return receipt_for(form, texts()[language], WHEN, can_write, number=NUMBER, state=state)


def certificate(language: str = "zh", url: str = "https://example.org/v/K3J9") -> Receipt:
    answer = EnquiryAnswer(
        title="缴费证明", number="C-1", verification_code="K3J9", verify_url=url,
        rows=[AnswerRow(label="2026-10", value="612.00")], issued_at=WHEN,
    )  # fmt: skip
    return certificate_page(Form(SERVICES["contribution-certificate"], PERSON), answer, texts()[language], can_write)


EVERY = [certificate(language) for language in ("zh", "en")]
EVERY += [receipt(s, language, one) for s in STATES for language in ("zh", "en") for one in (OPEN, *SERVICES.values())]
EVERY += [one.as_copy(texts()["zh"]) for one in EVERY]


def written(page: Page) -> list[str]:
    return [item.text for item in page.items if isinstance(item, Line)]


@pytest.mark.parametrize("one", EVERY, ids=lambda one: f"{one.title} {one.state} {one.language} {one.copy}")
def test_every_line_is_spoken_shown_and_printed(one: Receipt) -> None:
    shown = [line.text for line in one.lines() if not line.is_rule]
    assert written(one.page()) == written(one.page(is_large=True)) == shown
    spoken = [u.text for u in one.spoken()]
    assert spoken == [re.sub("  ", " ", line) for line in shown]
    assert all(line.strip() for line in shown)
    assert {u.language for u in one.spoken()} == {one.language}
    assert one.spoken()[0].priority is Priority.FOCUS


@pytest.mark.parametrize("one", EVERY, ids=lambda one: f"{one.title} {one.state} {one.language} {one.copy}")
def test_letters_are_large_enough(one: Receipt) -> None:
    for is_large in (False, True):
        sizes = [item.size_mm for item in one.page(is_large=is_large).items if isinstance(item, Line)]
        assert min(sizes) == (LARGE_MM if is_large else NORMAL_MM) >= LEAST_MM
        assert sizes[0] == max(sizes)  # the title


def test_large_print_is_clearly_larger() -> None:
    assert LARGE_MM >= 1.5 * NORMAL_MM


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_personal_value_leaves_unmasked(state: str, language: str) -> None:
    one = receipt(state, language)
    everything = "\n".join(
        (
            *written(one.page()),
            *(line.text for line in one.lines()),
            one.masked(),
            one.qr,
            *(u.text for u in one.spoken()),
        )
    )
    assert "路灯不亮" in everything  # what is not private is there
    assert "not on the paper" not in everything
    for secret in SECRETS:
        assert secret not in everything
    assert "110***********002X" in everything
    assert "138****8000" in everything


@pytest.mark.parametrize("one", [receipt(), certificate()], ids=["receipt", "certificate"])
def test_aloud_even_masked_values_are_left_out(one: Receipt) -> None:
    aloud = " ".join(u.instead if u.private else u.text for u in one.spoken())
    for value in ("110***********002X", "138****8000", "张*英", "612.00", "（已填）"):
        assert value not in aloud
    assert "身份证号" in aloud  # that the line is there is said
    assert not any(u.private and u.is_fixed for u in one.spoken())


def test_what_the_ledger_keeps() -> None:
    kept = json.loads(receipt().masked())
    assert kept.keys() == {"title", "rows", "when", "next", "call"}
    assert NUMBER not in receipt().masked()
    assert ["问题", "路灯不亮"] in kept["rows"]


@pytest.mark.parametrize(
    ("state", "zh", "en"),
    [
        ("accepted", "已受理，编号", "Accepted, number"),
        ("recorded", "已登记，未受理，编号", "Recorded, not yet accepted, number"),
        ("rejected", "未受理，编号", "Not accepted, number"),
    ],
)
def test_the_words_say_what_is_known_and_no_more(state: str, zh: str, en: str) -> None:
    assert receipt(state).state_words == zh
    assert receipt(state, "en").state_words == en
    promises = set(receipt("accepted").next_steps)
    assert (set(receipt(state).next_steps) == promises) == (state == "accepted")
    assert not (set(receipt(state).next_steps) & promises) or state == "accepted"
    assert "已受理" not in " ".join(written(receipt(state).page())) or state == "accepted"


def test_what_is_next_and_whom_to_call() -> None:
    assert receipt().call_words == "有疑问请打 12333。"
    assert receipt().when == "2026年11月22日 20:47"
    assert receipt(language="en").when == "22 November 2026, 20:47"


def test_an_unknown_state_is_no_receipt() -> None:
    with pytest.raises(KeyError):
        receipt("lost")


def test_nobody_is_named_on_an_anonymous_receipt() -> None:
    one = receipt(service=SERVICES["report-problem"])
    assert [row.label for row in one.rows] == [""]


def test_copies_are_counted_and_marked_in_the_receipts_language() -> None:
    first = receipt(language="en").as_copy(texts()["zh"])
    second = first.as_copy(texts()["zh"])
    assert [one.copy_words for one in (first, second)] == ["Copy 1", "Copy 2"]
    assert written(second.page())[1] == "Copy 2"
    assert not receipt().copy_words


def test_codes_to_scan() -> None:
    assert receipt().page().items[-1] == QrCode(f"BOOTH:{NUMBER}")
    assert certificate().page().items[-1] == QrCode("https://example.org/v/K3J9")
    for url in ("", "https://例子.example/K3J9"):  # the printer makes codes of ASCII only
        assert not [item for item in certificate(url=url).page().items if isinstance(item, QrCode)]


def test_a_page_is_made_of_lines_rules_and_codes() -> None:
    assert {type(item) for item in receipt().page().items} == {Line, Rule, QrCode}
