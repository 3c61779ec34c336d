"""No sentence says what docs/style.yml rules out."""

import pytest
from style_list import DOCS, LANGUAGES, RULED_OUT, faults

from analysis import wording


@pytest.mark.parametrize(
    ("language", "pattern", "entry"), RULED_OUT, ids=[entry["wrong"] for _, _, entry in RULED_OUT]
)
def test_the_catalogue_keeps_to_the_list(language, pattern, entry):
    """Planted first: a pattern that misses its own example would hold nothing."""
    assert pattern.search(entry["wrong"])
    assert faults(language, entry["right"]) == []
    spared = tuple(entry.get("but", ()))
    said = {
        key: sentence
        for key in wording.keys(language)
        if pattern.search(sentence := wording.catalogue._sentence(key, language))
    }
    assert {key: text for key, text in said.items() if not key.startswith(spared or "\0")} == {}
    for beginning in spared:
        assert any(key.startswith(beginning) for key in said), f"{beginning} needs no exception"


@pytest.mark.parametrize("short", LANGUAGES)
def test_the_style_sheets_keep_to_the_list(short):
    """What a sheet recommends stands in the second column of its tables."""
    text = (DOCS / f"style-{short}.md").read_text(encoding="utf-8")
    assert "style.yml" in text
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| ")]
    recommended = [cells[2] for cells in rows if len(cells) == 4]
    assert len(recommended) > 20
    assert {cell: found for cell in recommended if (found := faults(LANGUAGES[short], cell))} == {}
