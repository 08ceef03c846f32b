"""The page in a real browser, with the widths of a phone and a desktop: no errors, no overflow, all images shown."""

from pathlib import Path

import pytest
from browser import IMAGES, WIDTH, WIDTHS, Browser, serious

from kerasemo.reporting import write_report


@pytest.mark.parametrize("width", WIDTHS)
def test_page_has_no_errors_fits_the_screen_and_shows_all_images(browser: Browser, page: Path, width):
    with browser.open(page, width) as opened:
        assert browser.complaints == []
        assert browser.requests == [page.as_uri()]
        # Even with all boxes open, the page must not be wider than the screen.
        opened.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
        assert opened.evaluate(WIDTH) <= width
        images = opened.evaluate(IMAGES)
        assert len(images) == page.read_text().count("<img ")
        assert images
        assert all(images)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_the_page(browser: Browser, page: Path, scheme):
    with browser.open(page, scheme=scheme) as opened:
        opened.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
        assert serious(opened) == []


def test_a_page_of_two_runs_fits_the_screen_of_a_phone(browser: Browser, bare_run: Path, tmp_path: Path):
    both = write_report([bare_run, bare_run], tmp_path / "both.html")
    with browser.open(both, 390) as opened:
        assert opened.evaluate(WIDTH) <= 390
        assert opened.locator("nav a").count() == 2
        assert opened.evaluate("[...document.querySelectorAll('nav a')].every(a => document.querySelector(a.hash))")
