"""The page in a real browser with a microphone and a camera: upload, seek, compare, record, download, errors."""

import base64
import csv
import json
import re
from pathlib import Path

import pytest
from browser import WIDTH, WIDTHS, Browser, serious
from PIL import Image
from playwright.sync_api import Page, expect

from .conftest import running

PLOT = "#charts .plot"


@pytest.fixture
def opened(browser: Browser, server):
    """The page, with what it complained about checked at the end."""
    with browser.open(server.address, permissions=["microphone", "camera"]) as page:
        expect(page.locator("#model option")).to_have_count(3)
        yield page
        assert browser.complaints == []
        assert all(url.startswith((server.address, server.address.replace("http", "ws"))) for url in browser.requests)


def upload(page: Page, file: Path | dict, model: str = "segments", compare: str = "") -> None:
    page.select_option("#model", model)
    page.select_option("#compare", compare)
    page.set_input_files("#file", file)


def done(page: Page) -> None:
    expect(page.locator("#status")).to_have_text(re.compile(r"^Done\."), timeout=30_000)


def test_an_uploaded_file_has_a_player_a_timeline_and_its_probabilities(opened: Page, tones):
    upload(opened, tones)
    done(opened)
    assert opened.evaluate("document.querySelector('#player audio').duration") == pytest.approx(6, abs=0.1)
    assert opened.locator("#wave").is_visible()
    rows = opened.locator("#charts tbody tr")
    assert rows.count() == 11  # every half second
    assert rows.first.locator("th, td").all_text_contents()[0] == "0.50"
    assert [rows.nth(5).locator("td").nth(n).text_content() for n in range(3)] == ["–"] * 3  # silence
    assert opened.locator("#whole .bars tbody tr").count() == 3
    assert opened.locator("#whole .highest").count() == 1
    expect(opened.locator("#status")).to_have_text("Done. segments: sad.")
    assert opened.locator("#cards .scores td").all_text_contents() == ["0.345 [0.300, 0.600] (n = 48)"]
    opened.click("#cards summary")
    expect(opened.get_by_text("noise <b>and</b> tones")).to_be_visible()


def test_mouse_and_keyboard_seek_in_step_with_the_player(opened: Page, tones):
    upload(opened, tones)
    done(opened)
    plot = opened.locator(PLOT)
    time = "document.querySelector('#player audio').currentTime"
    box = plot.bounding_box()
    plot.click(position={"x": 34 + (box["width"] - 34) * 0.75, "y": 50})
    assert opened.evaluate(time) == pytest.approx(4.5, abs=0.1)
    plot.focus()
    for key, seconds in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 6)):
        opened.keyboard.press(key)
        assert opened.evaluate(time) == pytest.approx(seconds, abs=0.1)
        assert float(plot.get_attribute("aria-valuenow")) == pytest.approx(seconds, abs=0.1)
    opened.keyboard.press("Home")
    assert "sad" in plot.get_attribute("aria-valuetext")
    opened.evaluate("document.querySelector('#player audio').play()")
    expect(plot).not_to_have_attribute("aria-valuenow", "0.0")
    opened.evaluate("document.querySelector('#player audio').pause()")


def test_two_models_are_compared(opened: Page, tones):
    upload(opened, tones, "segments", "clips")
    done(opened)
    assert opened.locator("#whole caption").all_text_contents() == ["segments", "clips"]
    assert opened.locator("#cards h2").all_text_contents() == ["segments", "clips"]
    assert opened.locator(PLOT).count() == 1
    expect(opened.get_by_text("This network reads whole clips and has no timeline.")).to_be_visible()


def test_results_are_downloaded_as_csv_json_and_picture(opened: Page, tones, tmp_path):
    upload(opened, tones)
    done(opened)
    for button, name in (("csv", "tones.timeline.csv"), ("json", "tones.json"), ("picture", "tones.png")):
        with opened.expect_download() as download:
            opened.click(f"#{button}")
        assert download.value.suggested_filename == name
        download.value.save_as(tmp_path / name)
    rows = list(csv.DictReader((tmp_path / "tones.timeline.csv").open()))
    assert len(rows) == 11 and rows[0]["time_s"] == "0.500000" and rows[5]["happy"] == ""
    content = json.loads((tmp_path / "tones.json").read_text())
    assert content["file"] == "tones.wav" and len(content["results"][0]["timeline"]) == 11
    assert (tmp_path / "tones.png").read_bytes().startswith(b"\x89PNG")


def test_live_answers_come_while_the_microphone_records(opened: Page):
    opened.select_option("#model", "segments")
    opened.click("#microphone")
    expect(opened.locator("#live tbody tr", has_text="happy").first).to_have_class("highest", timeout=20_000)
    expect(opened.locator("#live figure tbody tr").nth(2)).to_be_attached(timeout=20_000)
    assert opened.evaluate("document.activeElement.id") == "stop"
    opened.keyboard.press("Enter")
    done(opened)
    assert opened.locator("#file-name").inner_text() == "recording.wav"
    expect(opened.locator("#whole .highest th")).to_have_text("happy")
    assert opened.locator("#live").is_hidden()


def test_the_camera_records_for_a_network_of_pictures(opened: Page):
    assert opened.locator("#camera").is_hidden()
    opened.select_option("#model", "pictures")
    assert opened.locator("#microphone").is_hidden()
    opened.click("#camera")
    expect(opened.locator("#preview")).to_be_visible()
    while opened.evaluate("document.querySelector('#preview').currentTime") < 1.5:
        opened.wait_for_timeout(100)
    expect(opened.locator("#live figure tbody tr").nth(2)).to_be_attached(timeout=20_000)
    assert opened.locator("#live .highest").count() == 1
    opened.click("#stop")
    done(opened)
    assert opened.locator("#file-name").inner_text() == "recording.webm"
    assert 1 < opened.evaluate("document.querySelector('#player video').duration") < 30
    assert opened.locator("#whole .highest").count() == 1


def test_the_camera_is_seen_by_one_network_and_heard_by_another_at_the_same_time(opened: Page):
    opened.select_option("#model", "pictures")
    opened.select_option("#compare", "segments")
    opened.click("#camera")
    for number in range(2):
        rows = opened.locator("#live figure").nth(number).locator("tbody tr")
        expect(rows.nth(2)).to_be_attached(timeout=20_000)
    expect(opened.locator("#live .bars").nth(1).locator(".highest th")).to_have_text("happy", timeout=20_000)
    opened.click("#stop")
    done(opened)
    assert opened.locator("#live").is_hidden()


def test_a_network_that_cannot_read_the_file_does_not_hide_the_other(browser: Browser, server, tones):
    with browser.open(server.address) as page:
        expect(page.locator("#model option")).to_have_count(3)
        upload(page, tones, "segments", "pictures")
        done(page)
        expect(page.get_by_text("tones.wav has no video stream that can be decoded.")).to_be_visible()
        assert page.locator("#charts tbody tr").count() == 11
        with page.expect_download() as download:
            page.click("#json")
        assert [each["model"] for each in json.loads(Path(download.value.path()).read_text())["results"]] == [
            "segments"
        ]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.wav", b"", "empty.wav is empty (0 bytes)."),
        ("large.wav", bytes(3 * 2**20), "the file is larger than 2 MB; give a shorter or compressed recording."),
    ],
)
def test_an_error_is_said_and_the_next_file_works(browser: Browser, server, tones, name, content, sentence):
    with browser.open(server.address) as page:
        expect(page.locator("#model option")).to_have_count(3)
        upload(page, {"name": name, "mimeType": "audio/wav", "buffer": content})
        expect(page.locator("#error")).to_have_text(sentence)
        assert page.locator("#result").is_hidden()
        upload(page, tones)
        done(page)
        assert page.locator("#error").inner_text() == ""
        page.set_input_files("#file", {"name": name, "mimeType": "audio/wav", "buffer": content})
        expect(page.locator("#error")).to_have_text(sentence)
        assert page.locator("#result").is_hidden()


REFUSED = """([name]) => Object.defineProperty(navigator, "mediaDevices", {
  value: name && { getUserMedia: async () => { throw new DOMException("", name); } },
})"""


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (None, "browsers record only on pages of this computer or with https; choose a file."),
        ("NotAllowedError", "the browser does not allow the recording; allow it and try again."),
        ("NotFoundError", "the browser finds no microphone or no camera; connect one, or choose a file."),
    ],
)
def test_a_recording_that_the_browser_refuses_is_explained(opened: Page, tones, name, sentence):
    upload(opened, tones)
    done(opened)
    opened.evaluate(REFUSED, [name])
    opened.click("#microphone")
    expect(opened.locator("#error")).to_have_text(sentence)
    assert opened.locator("#result").is_visible() and opened.locator("#microphone").is_visible()
    assert opened.locator("#live").is_hidden() and opened.locator("#stop").is_hidden()


DROP = """([name, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, { type: "audio/wav" }));
  for (const kind of ["dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
  }
}"""


def test_a_file_can_be_dropped_anywhere(opened: Page, tones):
    opened.evaluate(DROP, ["dropped.wav", base64.b64encode(tones.read_bytes()).decode()])
    done(opened)
    assert opened.locator("#file-name").inner_text() == "dropped.wav"


def test_two_timelines_are_compared_behind_a_token(browser: Browser, saved_models, tones):
    with (
        running(saved_models["segments"], saved_models["segments"], "--token", "secret", "--jobs", 1) as server,
        browser.open(server.address) as page,
    ):
        page.fill("#token", "wrong")
        page.press("#token", "Enter")
        expect(page.locator("#error")).to_contain_text("this is not the token of this server")
        page.fill("#token", "secret")
        page.press("#token", "Enter")
        expect(page.locator("#model option")).to_have_count(2)
        expect(page.locator("#error")).to_have_text("")
        upload(page, tones, "segments", "segments-2")
        done(page)
        assert page.locator("figcaption").all_text_contents()[-2:] == ["segments", "segments-2"]
        page.locator(PLOT).first.focus()
        page.keyboard.press("End")
        assert [plot.get_attribute("aria-valuenow") for plot in page.locator(PLOT).all()] == ["6.0", "6.0"]
        with page.expect_download() as download:
            page.click("#csv")
        rows = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
        assert [row["model"] for row in rows] == ["segments"] * 11 + ["segments-2"] * 11
        page.click("#microphone")
        expect(page.locator("#live .bars .highest th")).to_have_text(["happy", "happy"], timeout=20_000)
        expect(page.locator("#status")).to_have_text(re.compile("Recording … segments(-2)?: happy"))
        page.goto(f"{server.address}/docs")
        expect(page.get_by_role("heading", name="POST /v1/predict")).to_be_visible()


def test_the_guide_has_a_picture_of_the_page(browser: Browser, server, tones, pictures):
    path = pictures / "serve.png"
    with browser.open(server.address, width=1100) as page:
        expect(page.locator("#model option")).to_have_count(3)
        upload(page, tones, "segments", "clips")
        done(page)
        page.locator(PLOT).click(position={"x": 500, "y": 60})
        page.screenshot(path=path, full_page=True)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(128, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    colours = {colour for _, colour in small.convert("RGB").getcolors()}
    assert small.width == 1100 and {(11, 92, 173), (194, 65, 12), (15, 123, 90)} <= colours  # the lines of the chart


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_everybody_can_use_the_page(browser: Browser, server, tones, width, scheme):
    with browser.open(server.address, width, scheme) as page:
        expect(page.locator("#model option")).to_have_count(3)
        assert serious(page) == []
        upload(page, tones, "segments", "clips")
        done(page)
        page.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
        assert page.evaluate(WIDTH) <= width
        assert serious(page) == []
        page.goto(f"{server.address}/docs")
        expect(page.get_by_role("heading", name="POST /v1/predict")).to_be_visible()
        assert page.evaluate(WIDTH) <= width
        assert serious(page) == []
    assert browser.complaints == []
