"""The page in a real browser, with the widths of a phone and a desktop: it fits, works, and everybody can use it."""

from itertools import pairwise
from pathlib import Path

import pytest
from browser import IMAGES, WIDTH, WIDTHS, Browser, serious
from playwright.sync_api import Page

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
        links = opened.locator("main > section").first.get_by_role("link")
        assert [link.get_attribute("href") for link in links.all()] == ["#run-1", "#run-2"]
        assert [opened.locator(f"article{name}").count() for name in ("#run-1", "#run-2")] == [1, 1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_everybody_can_read_a_page_of_two_runs(browser: Browser, two_runs: Path, width, scheme):
    with browser.open(two_runs, width, scheme) as opened:
        opened.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
        opened.get_by_role("button", name="rows of training").first.click()
        assert serious(opened) == []
        assert opened.evaluate(WIDTH) <= width
        assert browser.complaints == []
        assert browser.requests == [two_runs.as_uri()]


@pytest.mark.parametrize("width", WIDTHS)
def test_two_runs_stand_side_by_side_in_tables_that_sort(browser: Browser, two_runs: Path, width):
    with browser.open(two_runs, width) as opened:
        options = opened.get_by_role("table", name="Options that differ")
        assert options.locator("tbody").inner_text().split() == ["seed", "1", "2"]
        scores = opened.get_by_role("table", name="Scores of each run")
        row = scores.get_by_role("row", name="Architecture 4").filter(has_text="speakers held out")
        assert [cell.split("\n")[0] for cell in row.locator("td.n").all_inner_texts()] == ["0.467", "0.500"]
        scores.get_by_role("button", name="run 1").click()
        values = [float(text) for text in scores.locator("tbody tr:visible td:nth-child(4) strong").all_inner_texts()]
        assert values == sorted(values) and len(values) == 5
        differences = opened.get_by_role("table", name="Differences between runs")
        assert "48" in differences.get_by_role("row", name="architecture 4").inner_text()


def test_headings_have_no_gaps_and_head_cells_a_scope(browser: Browser, two_runs: Path):
    with browser.open(two_runs) as opened:
        opened.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
        levels = opened.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(each => +each.tagName[1])")
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert opened.locator("th:not([scope])").count() == 0
        assert opened.locator("table:not(:has(caption)):not(.pairs):not(.aside)").count() == 0


def column(page: Page, number: int) -> list[str]:
    """Return what the first table of scores shows in a column, without intervals."""
    cells = page.locator(f"table.scores >> nth=0 >> tbody tr:visible > :nth-child({number})")
    return [text.split("\n")[0] for text in cells.all_inner_texts()]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_click_on_its_head_sorts_a_column_by_number_and_back(browser: Browser, page: Path, width):
    with browser.open(page, width) as opened:
        head = opened.get_by_role("columnheader", name="paper protocol").first
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == "ascending"
        assert column(opened, 3) == ["0.871", "0.923", "–"]
        head.get_by_role("button").press("Enter")
        assert head.get_attribute("aria-sort") == "descending"
        assert column(opened, 3) == ["0.923", "0.871", "–"]
        drop = opened.get_by_role("columnheader", name="drop").first
        drop.get_by_role("button").click()
        assert head.get_attribute("aria-sort") is None
        assert column(opened, 5) == ["−0.459", "−0.456", "–"]
        assert serious(opened) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_rows_of_training_are_shown_by_a_button(browser: Browser, page: Path, width):
    with browser.open(page, width) as opened:
        button = opened.get_by_role("button", name="1 rows of training and validation")
        row = opened.get_by_role("row", name="train accuracy")
        assert (button.inner_text()[:4], button.get_attribute("aria-expanded"), row.count()) == ("Show", "false", 0)
        button.press("Enter")
        assert (button.inner_text()[:4], button.get_attribute("aria-expanded"), row.count()) == ("Hide", "true", 1)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_figure_opens_large_and_the_focus_returns(browser: Browser, page: Path, width):
    with browser.open(page, width) as opened:
        figure = opened.get_by_role("button", name="Accuracy of the joint network and the audio probe")
        before = figure.bounding_box()["width"]
        figure.press("Enter")
        dialog = opened.get_by_role("dialog")
        assert dialog.get_attribute("aria-label") == "Experiment 3"
        assert dialog.locator("img").bounding_box()["width"] > before
        assert opened.evaluate(WIDTH) <= width
        assert serious(opened) == []
        opened.keyboard.press("Escape")
        assert dialog.count() == 0
        assert figure.evaluate("button => button === document.activeElement")
        figure.click()
        dialog.get_by_role("button", name="Close").click()
        assert dialog.count() == 0


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_cell_of_a_matrix_shows_its_clips(browser: Browser, page: Path, width, javascript):
    with browser.open(page, width, java_script_enabled=javascript) as opened:
        matrix = opened.get_by_role("table", name="Confusion matrix of emotion: architecture 1, paper protocol")
        cell = matrix.get_by_role("link", name="predicted as calm").first
        count, words = int(cell.inner_text()), cell.get_attribute("aria-label").split()
        cell.press("Enter")
        clips = opened.get_by_role("table", name="Clips with their probabilities of emotion: architecture 1, paper")
        first, *rows = clips.locator("tbody").get_by_role("row").all_inner_texts()
        assert first.startswith(f"{words[2]}, predicted as calm: {count}")
        assert len(rows) == count
        assert opened.evaluate(WIDTH) <= width
        opened.get_by_role("link", name="All cells").click()
        assert clips.locator("tbody th[scope=row]:visible").count() == 48


@pytest.mark.parametrize("width", WIDTHS)
def test_a_clip_is_played_where_it_is_listed(browser: Browser, page: Path, width):
    with browser.open(page, width) as opened:
        opened.locator(".matrix a").first.press("Enter")
        link = opened.locator(".clips a:visible").first
        name = link.inner_text()
        link.press("Enter")
        player = opened.locator(".clips audio")
        assert player.get_attribute("aria-label") == name
        assert player.evaluate("player => player === document.activeElement")
        opened.wait_for_function("document.querySelector('.clips audio').duration > 0")
        assert browser.complaints == []
        assert browser.requests == [page.as_uri()]


def test_without_javascript_the_name_of_a_clip_leads_to_its_recording(browser: Browser, page: Path):
    with browser.open(page, java_script_enabled=False) as opened:
        opened.locator(".matrix a").first.press("Enter")
        link = opened.locator(".clips a:visible").first
        name = link.inner_text()
        link.press("Enter")
        assert opened.locator(f"audio[aria-label={name}]").is_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_complete_without_javascript(browser: Browser, page: Path, width):
    with browser.open(page, width, java_script_enabled=False) as opened:
        assert opened.get_by_role("row", name="train accuracy").count() == 1
        assert opened.get_by_role("button").count() == 0
        assert opened.get_by_role("img", name="Accuracy of the joint network").is_visible()
