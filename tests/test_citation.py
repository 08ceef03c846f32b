"""CITATION.cff: valid in version 1.2.0 of the format, and about the papers that kerasemo reproduces."""

import re
from pathlib import Path

import pytest
import yaml

import kerasemo

ROOT = Path(__file__).parents[1]
PAPERS = sorted(path.stem for path in (ROOT / "docs" / "papers").glob("*.md") if path.stem != "README")
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
REFERENCES = {each["abbreviation"]: each for each in CITATION["references"]}
# The parts of the schema that the file uses: keys and their types.
KEYS = {"cff-version": str, "message": str, "title": str, "type": str, "version": str, "license": str, "authors": list}
REFERENCE_KEYS = {
    "type": str, "abbreviation": str, "title": str, "notes": str, "year": int, "conference": dict, "institution": dict,
    "journal": str, "volume": int, "issue": int, "start": int, "end": int, "languages": list, "doi": str,
    "identifiers": list, "authors": list,
}  # fmt: skip
TYPES = {"article", "conference-paper", "report"}
DOI = re.compile(r"10\.\d{4,9}(\.\d+)?/[A-Za-z0-9:/_;\-.()\[\]\\]+")


def test_the_file_describes_this_version_of_the_software():
    own = {key: value for key, value in CITATION.items() if key != "references"}
    assert {key: type(value) for key, value in own.items()} == KEYS
    assert (own["cff-version"], own["type"], own["license"]) == ("1.2.0", "software", "MIT")
    assert own["version"] == kerasemo.__version__


def test_the_references_are_the_papers():
    assert sorted(REFERENCES) == PAPERS
    assert len(CITATION["references"]) == 5


@pytest.mark.parametrize("key", PAPERS)
def test_a_reference_is_valid_and_agrees_with_its_experiment(key):
    reference = REFERENCES[key]
    assert all(type(value) is REFERENCE_KEYS[name] for name, value in reference.items())
    assert reference["type"] in TYPES
    assert DOI.fullmatch(reference.get("doi", "10.1234/none"))
    assert all(set(author) == {"family-names", "given-names"} for author in reference["authors"])
    script = (ROOT / "experiments" / f"{key}.py").read_text(encoding="utf-8")
    _, title, citation = re.search(r'PAPER = Paper\(\s*"(.*)",\s*"(.*)",\s*"(.*)",', script).groups()
    assert reference["title"].lower().endswith(title.lower())
    names = [author["family-names"] for author in reference["authors"]]
    assert citation.startswith(f"{', '.join(names[:-1])} and {names[-1]} {reference['year']}")
