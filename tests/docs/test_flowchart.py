"""The site's drawing of the architecture: every box and arrow of the page, none upon another."""

import re
import runpy
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import html5lib
import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "architecture.md").read_text(encoding="utf-8")
(SOURCE,) = re.findall(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)
flowchart = SimpleNamespace(**runpy.run_path(str(DOCS / "flowchart.py")))


def test_it_holds_what_the_page_says():
    drawn = flowchart.svg(SOURCE, "Architecture")
    html5lib.HTMLParser(strict=True).parseFragment(drawn)
    chart = flowchart.read(SOURCE)
    assert drawn.count("<rect") == len(chart.words)
    assert drawn.count("marker-end") == len(chart.arrows)
    for words in (*chart.words.values(), "canonical tables", "claims"):
        assert f">{words}</text>" in drawn


def test_no_box_stands_upon_another():
    boxes = [
        tuple(map(float, found))
        for found in re.findall(
            r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"',
            flowchart.svg(SOURCE, "Architecture"),
        )
    ]
    for (x1, y1, w1, h1), (x2, y2, w2, h2) in combinations(boxes, 2):
        assert x1 + w1 <= x2 or x2 + w2 <= x1 or y1 + h1 <= y2 or y2 + h2 <= y1


def test_what_it_reads():
    chart = flowchart.read("flowchart LR\n  a[A b] -->|x| b & c\n  b --> d[(S)]")
    assert chart.words == {"a": "A b", "b": "b", "c": "c", "d": "S"}
    assert chart.arrows == {("a", "b"): "x", ("a", "c"): "x", ("b", "d"): ""}
    assert chart.stores == {"d"}


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("graph TD\n a --> b", "flowchart LR"),
        ("flowchart LR\n a{choice} --> b", "not a box"),
        ("flowchart LR\n a --> b\n b --> a", "circle"),
    ],
)
def test_what_it_does_not_know_stops_the_build(source, why):
    with pytest.raises(ValueError, match=why):
        flowchart.svg(source, "")
