"""The page of a run, and the curves of its training runs."""

import base64
import io
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest
from PIL import Image

from kerasemo.errors import InputError
from kerasemo.reporting import plot_run, score_table, write_report


class Page(HTMLParser):
    """A parsed page: its text, and its elements with their attributes."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def images(page: Page) -> list[dict[str, str | None]]:
    return [attributes for tag, attributes in page.elements if tag == "img"]


def test_the_page_is_in_the_run_folder_and_contains_all_numbers(page: Path):
    assert page.name == "report.html"
    text = Page(page).text
    rows = json.loads((page.parent / "results.json").read_text())
    for row in rows:
        for name in ["published", "measured", "low", "high"]:
            if row[name] is not None:
                assert score_table.number(row[name]) in text, (row["row"], name)
        assert row["row"] in text
        assert row["table"] in text
    assert "n 288" in text
    assert "−0.459" in text
    assert "−0.456" in text


def test_the_header_names_the_experiment_and_the_corpus(page: Path):
    text = Page(page).text
    config = json.loads((page.parent / "config.json").read_text())
    for name in ["title", "citation", "corpus", "notice", "experiment"]:
        assert config[name] in text
    assert config["notes"][0] in text
    assert "has not finished" not in text
    assert "0123abc" in text
    assert "packages.keras" in text
    assert "architecture_4.speaker.fold2: epoch 25 of 25" in text


def test_all_images_are_embedded_and_have_alternative_text(page: Path):
    pictures = images(Page(page))
    words = [picture["alt"] for picture in pictures]
    assert words[0] == "Accuracy of the joint network and the audio probe"
    assert len(words) == len({*words, ""}) - 1
    for picture in pictures:
        kind, content = picture["src"].split(",")
        assert kind == "data:image/png;base64"
        with Image.open(io.BytesIO(base64.b64decode(content))) as image:
            assert int(picture["width"]) == pytest.approx(image.width * 96 / 200, abs=1)


def test_the_page_needs_no_other_files(page: Path):
    parts = Page(page)
    tags = [tag for tag, _ in parts.elements]
    assert set(tags).isdisjoint({"link", "iframe", "object", "base", "form"})
    assert tags.count("script") == 1
    for _, attributes in parts.elements:
        for name in ["src", "href", "srcset", "data", "action"]:
            assert (attributes.get(name) or "data:").startswith(("data:", "#"))
        assert not any(name.startswith("on") for name in attributes)
    assert "url(" not in parts.source
    assert "@import" not in parts.source
    assert parts.source.count("default-src 'none'") == 1


def test_names_and_error_messages_are_escaped(bare_run: Path):
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    config = json.loads((bare_run / "config.json").read_text())
    for name in ["title", "citation", "corpus", "notice", "experiment"]:
        config[name] = hostile
    config["notes"], config["options"] = [hostile], {hostile: hostile}
    (bare_run / "config.json").write_text(json.dumps(config))
    (bare_run / "environment.json").write_text(json.dumps({hostile: hostile}))
    (bare_run / "log.txt").write_text(hostile)
    rows = json.loads((bare_run / "results.json").read_text())
    for row in rows:
        row |= {"row": hostile, "table": hostile, "metric": hostile, "protocol": hostile}
    (bare_run / "results.json").write_text(json.dumps(rows))
    (bare_run / "history" / f"{hostile.replace('/', '')}.csv").write_text("epoch,loss\n1,2.0\n")
    (bare_run / "figures" / "<script>.png").write_bytes((bare_run / "figures" / "experiment_3.png").read_bytes())
    page = Page(write_report([bare_run]))
    script = resources.files("kerasemo.reporting").joinpath("report.js").read_text()
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert page.source.count(f"<script>{script}</script>") == 1
    assert all(picture["src"].startswith("data:") for picture in images(page))
    assert page.source.count("&lt;script&gt;alert(1)&lt;/script&gt; &amp; worse") == 1


def test_an_unfinished_run_has_a_page(run: Path):
    for piece in ["results.json", "set_aside.csv", "environment.json", "log.txt"]:
        (run / piece).unlink()
    shutil.rmtree(run / "figures")
    shutil.rmtree(run / "predictions")
    page = Page(write_report([run]))
    assert "This run has not finished." in page.text
    assert "No clip was set aside." in page.text
    assert [picture["alt"][:28] for picture in images(page)] == [
        "Training and validation loss", "Task weights over the epochs", "Loss of each task over the e",
    ]  # fmt: skip


def test_a_run_with_only_a_config_has_a_page(tmp_path: Path):
    (tmp_path / "config.json").write_text("{}")
    assert "This run has not finished." in Page(write_report([tmp_path])).text


def test_a_damaged_file_is_named_on_the_page(bare_run: Path):
    (bare_run / "history" / "architecture_4.paper.csv").write_text("epoch,loss\n1,low\n")
    assert "history/architecture_4.paper.csv cannot be read: column loss" in Page(write_report([bare_run])).text


def test_values_above_one_are_shown_without_a_scale(bare_run: Path):
    rows = [{"table": "Table 1", "row": "static", "protocol": "paper", "published": 167.1, "measured": 158.384}]
    (bare_run / "results.json").write_text(json.dumps(rows))
    page = Page(write_report([bare_run]))
    assert "167.10" in page.text
    assert "158.38" in page.text
    assert "svg" not in {tag for tag, _ in page.elements}


def test_lines_of_the_same_name_are_distinguished(bare_run: Path):
    rows = [
        {"table": "T", "row": "A", "metric": metric, "protocol": "paper", "measured": 0.5}
        for metric in ["validation accuracy", "test accuracy"]
    ]
    (bare_run / "results.json").write_text(json.dumps(rows))
    text = Page(write_report([bare_run])).text
    assert "A validation accuracy" in text
    assert "A test accuracy" in text


def test_a_page_of_several_runs_needs_a_path(bare_run: Path, tmp_path: Path):
    with pytest.raises(InputError, match="give the page's path"):
        write_report([bare_run, bare_run])
    page = Page(write_report([bare_run, bare_run], tmp_path / "pages" / "both.html"))
    assert [attributes["id"] for tag, attributes in page.elements if tag == "article"] == ["run-1", "run-2"]


def test_no_run_and_other_folders_are_an_error(tmp_path: Path):
    with pytest.raises(InputError, match="at least one"):
        write_report([])
    with pytest.raises(InputError, match="is no run folder"):
        write_report([tmp_path])


def test_plot_run_draws_all_histories(run: Path):
    paths = plot_run(run)
    assert sorted(path.name for path in paths) == [f"{file.stem}.png" for file in sorted((run / "history").iterdir())]
    for path in paths:
        assert path.parent == run / "figures" / "curves"
        with Image.open(path) as image:
            assert image.info["Description"] == f"Losses of {path.stem} over 25 epochs"


def test_plot_run_without_a_history_or_with_a_damaged_one_is_an_error(run: Path):
    (run / "history" / "architecture_4.paper.csv").write_text("loss\n1.0\n")
    with pytest.raises(InputError, match=r"architecture_4\.paper\.csv cannot be read: it has no column epoch"):
        plot_run(run)
    shutil.rmtree(run / "history")
    with pytest.raises(InputError, match="no history to plot yet"):
        plot_run(run)


def test_reporting_loads_no_tensorflow_and_no_pyplot():
    heavy = {"tensorflow", "keras", "matplotlib.pyplot"}
    code = f"import sys, kerasemo.reporting.report; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
