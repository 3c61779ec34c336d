"""The site has a page for each room that can be imported, and a decision for each file."""

import re
from pathlib import Path

import pytest

import analysis

DOCS = Path(__file__).resolve().parents[2] / "docs"
INNER = {"errors", "wording"}
"""Rooms whose names are met, not called."""


def listed(page):
    return set(re.findall(r"\]\(([\w-]+\.\w+)\)", (DOCS / page).read_text(encoding="utf-8")))


def test_every_room_has_a_page_of_reference():
    pages = {path.stem for path in (DOCS / "reference").glob("*.md")} - {"README"}
    assert pages == set(analysis._ROOMS) - INNER
    order = (DOCS / "reference" / "README.md").read_text(encoding="utf-8")
    toctree = order.split("{toctree}")[1]
    assert pages <= set(toctree.split())


@pytest.mark.parametrize(
    ("folder", "pattern"),
    [("decisions", "0*.md"), ("gallery", "*.ipynb"), ("methods", "[a-z]*.md")],
)
def test_an_index_lists_all_its_pages(folder, pattern):
    assert {path.name for path in (DOCS / folder).glob(pattern)} <= listed(f"{folder}/README.md")


def test_every_page_is_reached_from_the_first():
    first = (DOCS / "index.md").read_text(encoding="utf-8").split("{toctree}")[1]
    for page in DOCS.glob("*.md"):
        assert page.stem == "index" or page.stem in first, page.name


def test_types_are_shipped():
    assert (Path(analysis.__file__).parent / "py.typed").is_file()
