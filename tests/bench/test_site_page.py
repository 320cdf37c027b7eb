"""The bench page's second view in a real Chromium: the site around the booth, by mouse and by keyboard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from booth.simulated_site import SimulatedSite
from tests.bench.conftest import Site, until
from tests.bench.test_bench_page import FLAGS

pytestmark = pytest.mark.peer
SIZE = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    run = tmp_path_factory.mktemp("site-page")
    with SimulatedSite(run, has_booth=False, has_watch=True) as site:
        yield Site(run, site.url, site.pids)


@pytest.fixture(scope="module")
def chromium(watched: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium: provisioning/setup.sh --bench installs it")
    with sync_playwright() as playwright:
        profile = tmp_path_factory.mktemp("profile")
        browser = playwright.chromium.launch_persistent_context(
            profile, executable_path=path, args=FLAGS, viewport=SIZE
        )
        page = browser.pages[0]
        page.set_default_timeout(15_000)
        yield page
        browser.close()


@pytest.fixture
def page(watched: Site, chromium: Page) -> Iterator[Page]:
    watched.do("reset")
    troubles: list[str] = []
    chromium.on("pageerror", lambda error: troubles.append(str(error)))
    chromium.goto(f"{watched.url}#around")
    expect(card(chromium, "hall-smoke").locator(".state")).to_have_text("online", timeout=60_000)
    yield chromium
    chromium.goto("about:blank")
    assert troubles == []


def card(page: Page, device: str) -> Locator:
    return page.locator(f"#device-{device}")


def point(page: Page, device: str, name: str) -> Locator:
    return card(page, device).locator(".point").filter(has=page.get_by_text(name, exact=True))


def test_tabs_are_operated_by_keyboard(page: Page) -> None:
    page.get_by_role("tab", name="Site").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Visit")).to_be_focused()
    expect(page.get_by_role("tab", name="Visit")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#view-visit")).to_be_visible()
    expect(page.locator("#view-site")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#view-site")).to_be_visible()


def test_nothing_is_wider_than_the_window(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZE["width"]
    for tab in ("Visit", "Site"):
        page.get_by_role("tab", name=tab).click()
        assert page.evaluate("document.querySelector('.strip').scrollWidth") <= SIZE["width"]


def test_fire_from_smoke_to_reset_by_keyboard(page: Page) -> None:
    smoke = card(page, "hall-smoke").get_by_label("Let hall-smoke loop be")
    smoke.focus()
    smoke.select_option("alarm")
    expect(page.locator("#site-word")).to_have_text("Fire: people leave, doors are open.")
    expect(page.locator("#site-count")).to_have_text("1")
    expect(page.locator("#site-outputs")).to_contain_text("release.doors released released until reset")
    expect(point(page, "release", "doors").locator(".seen")).to_have_text("released")
    smoke.select_option("normal")
    acknowledge = page.get_by_role("button", name="Acknowledge: hall-smoke.loop/fire")
    expect(page.locator("#site-alarms")).to_contain_text("gone, waits for acknowledging and reset")
    acknowledge.focus()
    page.keyboard.press("Enter")
    expect(acknowledge).to_have_count(0)
    page.get_by_role("button", name="Reset: hall-smoke.loop/fire").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#site-alarms")).not_to_contain_text("hall-smoke.loop/fire")
    expect(point(page, "release", "doors").locator(".seen")).to_have_text("held")


def test_slider_sets_what_a_meter_tells(page: Page, watched: Site) -> None:
    slider = card(page, "bin-1").get_by_label("Let bin-1 fill be, in %")
    slider.focus()
    slider.fill("95")
    expect(page.locator("#site-alarms")).to_contain_text("bin-1.fill/bin-full")
    expect(point(page, "bin-1", "fill").locator(".seen")).to_have_text("95 %")


def test_knob_is_shown_where_it_was_turned_and_what_it_does(page: Page) -> None:
    noise = card(page, "noise")
    noise.get_by_text("Make it fail").click()
    noise.get_by_label("Garbage: noise").select_option("1")
    expect(noise.locator("summary")).to_have_text("Fails on purpose: garbage")
    expect(noise.locator(".state")).to_contain_text("degraded")
    expect(noise.locator(".state")).to_contain_text("garbage")
    noise.get_by_label("Garbage: noise").select_option("0")
    expect(noise.locator(".state")).to_have_text("online", timeout=30_000)


def test_private_values_are_not_shown(page: Page) -> None:
    card(page, "door-1").get_by_label("Let door-1 temperature be, in °C").fill("38.4")
    expect(page.locator("#site-alarms")).to_contain_text("door-1.temperature/fever")
    expect(point(page, "door-1", "temperature").locator(".seen")).to_contain_text("kept private")
    assert "38.4" not in page.locator("#site-alarms").inner_text()


def test_every_control_has_a_name_and_a_size_for_fingers(page: Page) -> None:
    found = page.evaluate(
        """() => [...document.querySelectorAll('#view-site button, #view-site select, #view-site input')]
            .filter((one) => one.offsetParent)
            .map((one) => ({
                name: one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.[0]?.textContent || '',
                height: one.getBoundingClientRect().height, tag: one.tagName,
            }))"""
    )
    assert len(found) > 60
    assert [one for one in found if not one["name"]] == []
    assert [one for one in found if one["height"] < 24] == []  # WCAG 2.2, 2.5.8


def test_states_are_words_not_only_colours(page: Page, watched: Site) -> None:
    watched.do("site", device="leased", set={"reachable": "no"})
    expect(card(page, "leased").locator(".state")).to_contain_text("lost", timeout=30_000)
    watched.do("reset")
    until(lambda: card(page, "leased").locator(".state").inner_text().strip().startswith("online"), "it back", 30)
