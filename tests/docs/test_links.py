"""Relative links in the documentation must point to files that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_point_to_files(page):
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    relative = [target.split("#")[0] for target in targets if "://" not in target and not target.startswith("#")]
    assert [target for target in relative if not (page.parent / target).exists()] == []
