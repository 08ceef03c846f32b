"""The built documentation in a browser, at the widths of a phone and a desktop; `make docs` builds it before."""

import re
from pathlib import Path

import pytest
from browser import IMAGES, WIDTH, WIDTHS, Browser, serious

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs" / "_build"
PAGES = [
    "index", "start", "guides/train", "guides/weigh_losses", "papers/atmaja2020", "papers/ryabinov2021",
    "softmax_weights",
    "reference/index", "reference/command", "reference/api/kerasemo.features.faces", "search",
]  # fmt: skip
# Headings of the sidebar without a level, code that can be scrolled but not reached by keyboard: as Sphinx writes them.
OF_THE_THEME = ("aria-required-attr", "scrollable-region-focusable")


@pytest.fixture(autouse=True, scope="module")
def site():
    if not (SITE / "index.html").exists():
        pytest.skip("needs the built documentation: make docs")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_errors_and_fits_the_screen(browser: Browser, name):
    for width in WIDTHS:
        with browser.open(SITE / f"{name}.html", width) as page:
            assert browser.complaints == []
            assert [url for url in browser.requests if not url.startswith("file:")] == []
            assert page.evaluate(WIDTH) <= width
            assert all(page.evaluate(IMAGES))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", "papers/zhang2018", "reference/command"])
def test_everybody_can_read_a_page_in_light_and_dark(browser: Browser, name, scheme):
    with browser.open(SITE / f"{name}.html", scheme=scheme) as page:
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(19, 20, 22)"}[scheme]
        assert serious(page, ignored=OF_THE_THEME) == []


def test_the_search_finds_a_page(browser: Browser):
    with browser.open(f"{(SITE / 'search.html').as_uri()}?q=concordance", 390) as page:
        page.wait_for_selector("#search-results li a")
        assert page.locator("#search-results li a[href*=ccc]").count() > 0


def test_no_page_loads_anything_from_another_host():
    loads = re.compile(
        r'<(?:script|img|iframe|source)[^>]+src="(?:https?:)?//|<link[^>]+href="(?:https?:)?//|@import|url\(.?http'
    )
    files = [path for kind in ("html", "css") for path in SITE.rglob(f"*.{kind}")]
    assert len(files) > 100
    assert [path.name for path in files if loads.search(path.read_text(encoding="utf-8"))] == []
