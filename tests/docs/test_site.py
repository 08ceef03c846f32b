"""The built documentation in a browser, at the widths of a phone and a desktop; `make docs` builds it before."""

import re
from pathlib import Path

import pytest
from browser import Browser

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs" / "_build"
PAGES = [
    "index", "start", "guides/train", "guides/weigh_losses", "papers/atmaja2020", "papers/ryabinov2021",
    "softmax_weights",
    "reference/index", "reference/command", "reference/api/kerasemo.features.faces", "search",
]  # fmt: skip
NO_PART_OF_THE_REFERENCE = {"cli", "__init__", "__main__", "__pycache__"}


@pytest.fixture(autouse=True, scope="module")
def site():
    if not (SITE / "index.html").exists():
        pytest.skip("needs the built documentation: make docs")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_errors_and_fits_the_screen(browser: Browser, name):
    for width in (390, 1280):
        browser.open(SITE / f"{name}.html", width)
        assert browser.happened("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded") == []
        requests = [event["request"]["url"] for event in browser.happened("Network.requestWillBeSent")]
        assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
        assert browser.value("document.documentElement.scrollWidth") <= width
        assert browser.value("[...document.images].every(image => image.complete && image.naturalWidth > 0)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(browser: Browser, scheme):
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(SITE / "papers" / "zhang2018.html", 1280)
    ground = luminance(browser.value("getComputedStyle(document.body).backgroundColor"))
    assert (ground > 0.5) == (scheme == "light")
    for element in ("article p", "article td", "article code", "article math", "nav a, .sidebar-tree a"):
        text = luminance(browser.value(f"getComputedStyle(document.querySelector('{element}')).color"))
        low, high = sorted([text, ground])
        assert (high + 0.05) / (low + 0.05) >= 4.5, element


def luminance(colour: str) -> float:
    """Return the relative luminance of a CSS colour, 0..1, as WCAG 2 defines it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_search_finds_a_page(browser: Browser):
    browser.open(SITE / "search.html", 390, "?q=concordance")
    browser.call(
        "Runtime.evaluate",
        expression="new Promise(done => { const look = () => "
        "document.querySelector('#search-results li a') ? done() : setTimeout(look, 50); look(); })",
        awaitPromise=True,
    )
    assert browser.value("[...document.querySelectorAll('#search-results li a')].some(a => a.href.includes('ccc'))")


def test_no_page_loads_anything_from_another_host():
    loads = re.compile(
        r'<(?:script|img|iframe|source)[^>]+src="(?:https?:)?//|<link[^>]+href="(?:https?:)?//|@import|url\(.?http'
    )
    files = [path for kind in ("html", "css") for path in SITE.rglob(f"*.{kind}")]
    assert len(files) > 100
    assert [path.name for path in files if loads.search(path.read_text(encoding="utf-8"))] == []


def test_every_module_stands_in_the_reference():
    modules = {path.stem for path in (ROOT / "kerasemo").iterdir()} - NO_PART_OF_THE_REFERENCE
    assert [
        name for name in sorted(modules) if not (SITE / "reference" / "api" / f"kerasemo.{name}.html").exists()
    ] == []
