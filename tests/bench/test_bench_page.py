"""The bench's page in a real Chromium: what it shows, what its controls do, by mouse and by keyboard."""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from hardware.keypad.evdev_file import EV_KEY, RECORD
from kiosk.config import KEYS_DEFAULT
from tests.bench.conftest import Site, until
from tests.bench.remote_peer import BOTTOM, HEIGHT, TOP, WIDTH, RemotePeer

pytestmark = pytest.mark.peer
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SIZE = {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def chromium(bench: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium: provisioning/setup.sh --bench installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=path,
            args=FLAGS,
            viewport=SIZE,
        )
        page = browser.pages[0]
        page.set_default_timeout(15_000)
        yield page
        browser.close()


@pytest.fixture
def page(bench: Site, glass: RemotePeer, chromium: Page) -> Iterator[Page]:
    bench.do("reset")
    troubles: list[str] = []
    chromium.on("pageerror", lambda error: troubles.append(str(error)))
    chromium.goto(bench.url)
    expect(chromium.get_by_role("button", name="张秀英")).to_be_visible()
    yield chromium
    chromium.goto("about:blank")
    assert troubles == []


def pixel(page: Page, x: float, y: float) -> list[int]:
    """Colour of the booth's screen on the page at a place given as parts of its width and height from the top left."""
    return page.evaluate(
        "([x, y]) => { const c = document.getElementById('screen');"
        " return [...c.getContext('2d').getImageData(Math.floor(x * c.width), Math.floor(y * c.height), 1, 1).data]; }",
        [x, y],
    )[:3]


def test_live_screen_is_upright(page: Page) -> None:
    until(lambda: page.locator("#screen").get_attribute("data-frames"), "the first frame on the page")
    for place, colour in ((0.25, TOP), (0.75, BOTTOM)):
        seen = pixel(page, 0.5, place)
        assert all(abs(a - b) < 12 for a, b in zip(seen, colour, strict=True)), (place, seen)


def test_mouse_is_a_finger_with_the_right_coordinates(page: Page, glass: RemotePeer) -> None:
    box = page.locator("#screen").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.9)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.8)
    page.mouse.up()

    def touches() -> list[dict[str, object]]:
        return [m for m in glass.received if m["t"] == "touch"]

    until(lambda: touches() and touches()[-1]["phase"] == "up", "the finger's end")
    assert [t["phase"] for t in touches()] == ["down", "move", "up"]
    down, _, up = touches()
    assert abs(down["x"] - WIDTH * 0.25) < 3  # type: ignore[operator]
    assert abs(down["y"] - HEIGHT * 0.1) < 3  # type: ignore[operator]
    assert abs(up["x"] - WIDTH * 0.5) < 3  # type: ignore[operator]
    assert abs(up["y"] - HEIGHT * 0.2) < 3  # type: ignore[operator]


def test_page_that_closes_lifts_its_finger(page: Page, bench: Site, glass: RemotePeer) -> None:
    page.locator("#screen").hover()
    page.mouse.down()
    until(lambda: any(m["t"] == "touch" for m in glass.received), "the finger")
    page.goto("about:blank")
    until(lambda: glass.received[-1]["t"] in ("touch", "frames") and _phases(glass)[-1] == "up", "its end")
    assert _phases(glass) == ["down", "move", "up"]
    assert next(m for m in glass.received if m.get("phase") == "up")["x"] < 0, "outside, so that nothing is pressed"
    page.mouse.up()


def _phases(glass: RemotePeer) -> list[str]:
    return [m["phase"] for m in glass.received if m["t"] == "touch"]


def test_question_is_named_for_everybody(page: Page, glass: RemotePeer) -> None:
    glass.send({"t": "question", "seq": 1, "name": "PresentCard", "title": "请把社保卡放在读卡区", "help": "放平。",
                "controls": [], "at_s": time.monotonic()})  # fmt: skip
    expect(page.locator("#asked")).to_contain_text("PresentCard 请把社保卡放在读卡区")
    expect(page.locator("#screen")).to_have_attribute("aria-label", "The booth's screen: 请把社保卡放在读卡区 放平。")


def test_page_says_what_the_booth_waits_for_and_marks_it(page: Page, bench: Site, glass: RemotePeer) -> None:
    for seq, (question, words, panel) in enumerate(
        (
            ("PresentCard", "Lay a document on the reader", "documents"),
            ("MatchFace", "Put a face before the camera", "camera"),
            ("WaitForClerk", "Be the clerk: approve, refuse or ask", "platform"),
            ("Review", "Touch the booth's screen", ""),
        ),
        1,
    ):
        glass.send({"t": "question", "seq": seq, "name": question, "title": "", "help": "", "controls": [],
                    "at_s": time.monotonic()})  # fmt: skip
        expect(page.locator("#next")).to_have_text(words)
        marked = page.locator(".panel.wanted").evaluate_all("all => all.map(one => one.id)")
        assert marked == ([panel] if panel else [])
    bench.do("card", resident="zhang")
    glass.send({"t": "question", "seq": 9, "name": "TakeBelongings", "title": "", "help": "", "controls": [],
                "at_s": time.monotonic()})  # fmt: skip
    expect(page.locator("#next")).to_have_text("Take the document away")


def test_nothing_hidden_takes_room(page: Page) -> None:
    for hidden in page.locator("[hidden]").all():
        expect(hidden).not_to_be_visible()


def test_what_a_visit_needs_is_seen_without_scrolling(page: Page) -> None:
    """One look: documents, camera, messages, clerk and paper on a screen of 1440 x 900."""
    for panel in ("#documents", "#camera", "#platform", "#paper-panel"):
        box = page.locator(panel).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= SIZE["height"], panel


def test_card_is_put_and_taken(page: Page, bench: Site) -> None:
    page.get_by_role("button", name="张秀英").click()
    expect(page.locator("#slot-card")).to_have_text("张秀英")
    assert bench.state()["card"]["resident"] == "zhang"
    page.get_by_label("Next:").select_option("mute")
    page.get_by_role("button", name="李建国").click()
    expect(page.locator("#slot-card")).to_have_text("李建国")
    assert bench.state()["card"] == {"resident": "li", "document": "social-security-card", "fault": "mute"}
    page.get_by_role("button", name="Take it away").click()
    expect(page.locator("#slot-card")).to_be_empty()
    assert bench.state()["card"]["resident"] is None


def test_documents_stand_in_groups_with_what_opens_them(page: Page, bench: Site) -> None:
    groups = page.locator("#people summary")
    expect(groups).to_have_count(5)
    passport = page.locator("button[data-resident=anna][data-document=passport]")
    expect(passport).not_to_be_visible()
    groups.filter(has_text="Passports and cards with a key").click()
    expect(page.locator("button[data-resident=zhang]").first).not_to_be_visible()  # one group at a time
    page.get_by_label("Next:").select_option("pulled_early")
    page.get_by_label("at command").fill("30")
    passport.click()
    expect(page.locator("#card-picked")).to_have_text("passport")
    expect(page.locator("#card-key")).to_contain_text("L898902C3 · 19740812 · 20320415")
    assert bench.state()["card"] == {"resident": "anna", "document": "passport", "fault": "pulled_early"}
    passport.click()
    expect(page.locator("#card-key")).not_to_be_visible()
    assert bench.state()["card"]["resident"] is None


def test_devices_by_mouse(page: Page, bench: Site) -> None:
    page.get_by_role("group", name="Paper supply").get_by_role("button", name="Out").click()
    page.get_by_role("button", name="Cover open").click()
    page.get_by_role("group", name="Devices that are plugged in").get_by_role("button", name="Camera").click()
    expect(page.get_by_role("button", name="Camera: unplugged")).to_have_attribute("aria-pressed", "false")
    state = bench.state()
    assert (state["printer"]["paper"], state["printer"]["is_cover_open"]) == ("out", True)
    assert not state["camera"]["is_plugged"]
    page.get_by_role("button", name="Astronaut").click()
    page.get_by_role("button", name="Away", exact=True).click()
    expect(page.locator("#face-picked")).to_have_text("Astronaut")
    until(lambda: bench.state()["camera"]["mode"] == "away", "the person looks away")


def test_world_by_mouse(page: Page, bench: Site) -> None:
    group = page.get_by_role("group", name="State of the community platform")
    group.get_by_role("button", name="Down").click()
    expect(page.locator("#backend-note")).to_have_text("It cannot be reached.")
    group.get_by_role("button", name="Up").click()
    expect(page.locator("#backend-note")).to_be_empty()
    link = page.get_by_role("link", name="Staff page of the platform")
    assert link.get_attribute("href") == bench.state()["backend"]["staff_url"]
    password = (bench.run / "staff-password").read_text().strip()
    expect(page.locator("#login")).to_contain_text(password)


def test_everything_by_keyboard(page: Page, bench: Site) -> None:
    reader = os.open(bench.run / "keypad.fifo", os.O_RDONLY | os.O_NONBLOCK)
    try:
        page.locator("#screen").focus()
        page.keyboard.press("ArrowDown")
        time.sleep(0.1)
        page.keyboard.press("7")
        page.get_by_role("group", name="Keypad of the booth").get_by_role("button", name="Select").focus()
        page.keyboard.press("Enter")
        pressed: list[str] = []

        def three() -> bool:
            try:
                data = os.read(reader, 4096)
            except BlockingIOError:
                return False
            events = [RECORD.unpack_from(data, at)[2:] for at in range(0, len(data), RECORD.size)]
            pressed.extend(KEYS_DEFAULT[code] for kind, code, value in events if kind == EV_KEY and value == 1)
            return len(pressed) >= 3

        until(three, "three keys")
    finally:
        os.close(reader)
    assert pressed == ["next", "7", "select"]
    seen = set()
    page.locator(".skip").focus()
    for _ in range(120):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.outerHTML.slice(0, 200)"))
    enabled = page.locator("main button:visible:not([disabled])").count()
    assert sum(html.startswith("<button") for html in seen) >= enabled - 1


def test_every_control_has_a_name(page: Page) -> None:
    for control in page.locator("button:visible, a:visible, select:visible, canvas:visible").all():
        name = control.evaluate(
            "e => e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent || e.title"
        )
        assert name.strip(), control.evaluate("e => e.outerHTML")


def test_spoken_sentences_with_mark_and_sound(page: Page, bench: Site, glass: RemotePeer) -> None:
    for text, private in (("请看摄像头", False), ("•••", True)):
        glass.send({"t": "spoken", "text": text, "language": "zh", "private": private, "heard": True,
                    "at_s": time.monotonic()})  # fmt: skip
    first = page.locator("#spoken li").first
    expect(first).to_contain_text("•••")
    expect(first).to_contain_text("headset only")
    expect(page.locator("#spoken li").nth(1)).to_contain_text("请看摄像头")
    expect(page.get_by_role("button", name="Play: 请看摄像头")).to_be_enabled()


def test_paper_that_came_out_is_shown(page: Page, bench: Site) -> None:
    port = json.loads((bench.run / "ports.json").read_text())["printer"]
    with socket.create_connection(("127.0.0.1", port), 5) as wire:
        wire.sendall(b"\x1b@Hello booth\n\n\n\n\x1dV\x00")
        expect(page.locator("#paper")).to_be_visible(timeout=15_000)
    until(lambda: page.evaluate("document.getElementById('paper').naturalWidth > 300"), "the paper's picture")
    expect(page.get_by_role("button", name="Take it from the printer")).to_be_enabled()
    page.get_by_role("button", name="Take it from the printer").click()
    expect(page.get_by_role("button", name="Take it from the printer")).to_be_disabled()


def test_what_cannot_be_done_is_said_on_the_page(page: Page, bench: Site) -> None:
    page.get_by_role("group", name="Devices that are plugged in").get_by_role("button", name="Keypad").click()
    expect(page.get_by_role("button", name="Keypad: unplugged")).to_be_visible()
    page.get_by_role("group", name="Keypad of the booth").get_by_role("button", name="Select").click()
    expect(page.get_by_role("alert")).to_contain_text("nobody reads the keypad")


def test_booth_gone_and_back(page: Page, bench: Site, glass: RemotePeer) -> None:
    expect(page.locator("#asked-name")).to_have_text("starting")
    glass.stop()
    expect(page.locator("#asked-name")).to_have_text("dark")
    glass.start()
    expect(page.locator("#asked-name")).to_have_text("starting")
