"""Headless Chromium for tests of pages."""

import fcntl
import itertools
import json
import os
import select
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
]  # fmt: skip
SILENCE_S = 60


class Browser:
    """Headless Chromium, controlled by its DevTools protocol over two pipes: JSON messages that end in a zero byte."""

    def __init__(self, profile: Path) -> None:
        commands, self.to_browser = os.pipe()
        self.from_browser, answers = os.pipe()
        # Chromium reads from descriptor 3 and writes to 4, so this process must not use them.
        theirs = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10) for descriptor in (commands, answers)]
        actions = [(os.POSIX_SPAWN_DUP2, theirs[0], 3), (os.POSIX_SPAWN_DUP2, theirs[1], 4)]
        actions.append((os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0))
        arguments = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        self.process = os.posix_spawn(CHROMIUM, arguments, os.environ, file_actions=actions)
        for descriptor in (commands, answers, *theirs):
            os.close(descriptor)
        self.numbers = itertools.count(1)
        self.events: list[dict] = []
        self.received = b""
        self.session: dict[str, str] = {}
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = {"sessionId": self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        for domain in ["Page", "Runtime", "Log", "Network"]:
            self.call(f"{domain}.enable")
        self.call("Emulation.setScrollbarsHidden", hidden=True)

    def call(self, method: str, **parameters: object) -> dict:
        """Send a command, store the events that arrive before its answer, and return the answer."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters, **self.session}
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != number:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, page: Path, width: int, query: str = "") -> None:
        """Load a page with a screen of this width, CSS pixels; `events` then contains the events."""
        phone = width < 600
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=2, mobile=phone)
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri() + query)
        while not self.happened("Page.loadEventFired"):
            self.events.append(self._receive())

    def happened(self, *methods: str) -> list[dict]:
        """Return the events of these kinds since the page was opened."""
        return [event["params"] for event in self.events if event["method"] in methods]

    def value(self, expression: str) -> object:
        """Return the value of a JavaScript expression in the page."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def close(self) -> None:
        self.session = {}
        self.call("Browser.close")
        os.waitpid(self.process, 0)
        os.close(self.to_browser)
        os.close(self.from_browser)

    def _receive(self) -> dict:
        while b"\0" not in self.received:
            ready, _, _ = select.select([self.from_browser], [], [], SILENCE_S)
            chunk = os.read(self.from_browser, 65_536) if ready else b""
            assert chunk, "the browser has ended or hangs"
            self.received += chunk
        message, _, self.received = self.received.partition(b"\0")
        return json.loads(message)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """A browser; a test that uses it is skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip("needs the browser `chromium` on the PATH")
    browser = Browser(tmp_path / "profile")
    yield browser
    browser.close()
