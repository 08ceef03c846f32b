"""Headless Chromium for tests of pages, driven by Playwright."""

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Request, sync_playwright

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip
HEARD_HZ = 4000
"""Frequency of the tone that the microphone hears."""
WIDTHS = (390, 1280)
WIDTH = "document.documentElement.scrollWidth"
IMAGES = "[...document.images].map(image => image.complete && image.naturalWidth > 0)"


class Browser:
    """Chromium. `open` gives a page, and keeps what it complained about and asked for.

    Attributes:
        complaints: What the page wrote to the console, and its uncaught errors.
        requests: Addresses that the page loaded, without `data:`.
    """

    def __init__(self, chromium) -> None:
        self.chromium = chromium
        self.complaints: list[str] = []
        self.requests: list[str] = []

    @contextmanager
    def open(self, address: Path | str, width: int = 1280, scheme: str = "light", **context: object) -> Iterator[Page]:
        """Load a file or an address with a screen of this width, CSS pixels, in a light or dark colour scheme."""
        screen = {"viewport": {"width": width, "height": 844}, "is_mobile": width < 600, "color_scheme": scheme}
        opened = self.chromium.new_context(**screen, **context)
        self.complaints, self.requests = [], []
        page = opened.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._asked)
        page.goto(address.as_uri() if isinstance(address, Path) else address)
        yield page
        opened.close()

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")):
            self.requests.append(request.url)


def serious(page: Page, ignored: Collection[str] = ()) -> list[str]:
    """Return what axe-core finds in a page that is serious or critical, one line for each element.

    Args:
        page: The page, with what is to be checked visible.
        ignored: Names of axe's rules that are not checked.
    """
    rules = {rule: {"enabled": False} for rule in ignored}
    found = Axe().run(page, options={"rules": rules}).response["violations"]
    return [
        f"{rule['id']}: {node['html']}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Browser]:
    """A browser with a microphone that hears a tone, and a camera; a test is skipped where there is no browser."""
    if CHROMIUM is None:
        pytest.skip("needs the browser `chromium` on the PATH")
    heard = tmp_path_factory.mktemp("microphone") / "tone.wav"
    soundfile.write(heard, 0.3 * np.sin(2 * np.pi * HEARD_HZ * np.arange(48_000) / 48_000), 48_000)
    flags = [*FLAGS, f"--use-file-for-fake-audio-capture={heard}"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield Browser(chromium)
        chromium.close()
