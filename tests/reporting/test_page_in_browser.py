"""The page in a real browser, with the widths of a phone and a desktop: no errors, no overflow, all images shown."""

from pathlib import Path

from browser import Browser

from kerasemo.reporting import write_report


def test_page_has_no_errors_fits_the_screen_and_shows_all_images(browser: Browser, page: Path):
    for width in [390, 1280]:
        browser.open(page, width)
        assert browser.happened("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded") == []
        requests = [event["request"]["url"] for event in browser.happened("Network.requestWillBeSent")]
        assert [url for url in requests if not url.startswith("data:")] == [page.as_uri()]
        assert browser.value("document.documentElement.clientWidth") == width
        # Even with all boxes open, the page must not be wider than the screen.
        browser.value("document.querySelectorAll('details').forEach(box => box.open = true)")
        assert browser.value("document.documentElement.scrollWidth") <= width
        images = browser.value("[...document.images].map(image => image.complete && image.naturalWidth > 0)")
        assert len(images) == page.read_text().count("<img ")
        assert images
        assert all(images)


def test_a_page_of_two_runs_fits_the_screen_of_a_phone(browser: Browser, bare_run: Path, tmp_path: Path):
    page = write_report([bare_run, bare_run], tmp_path / "both.html")
    browser.open(page, 390)
    assert browser.value("document.documentElement.scrollWidth") <= 390
    assert browser.value("document.querySelectorAll('nav a').length") == 2
    assert browser.value("[...document.querySelectorAll('nav a')].every(link => document.querySelector(link.hash))")
