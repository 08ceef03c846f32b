"""Take the picture of the guide to `kerasemo serve`: python docs/picture_page.py ADDRESS RECORDING (needs chromium).

ADDRESS is that of a running server with two networks, the first of which follows the emotion over time.
"""

import re
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect, sync_playwright

PICTURE = Path(__file__).parent / "guides" / "serve.png"
COLOURS = 128


def main(address: str, recording: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.goto(address)
        page.locator("#compare option").nth(2).wait_for(state="attached")
        page.select_option("#compare", index=2)
        page.set_input_files("#file", recording)
        expect(page.locator("#status")).to_have_text(re.compile("^Done"), timeout=60_000)
        page.locator(".plot").first.click(position={"x": 300, "y": 60})
        page.screenshot(path=PICTURE, full_page=True)
        browser.close()
    picture = Image.open(PICTURE).convert("RGB")
    picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
