"""The written pages, parsed."""

import base64
import io
import re

import html5lib
import nbformat
import pytest
from fontTools.ttLib import TTFont

from analysis.errors import RunError
from analysis.report import export, markdown, portfolio, typeface

HTML = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture(scope="module")
def pages(run_folder):
    return {p.relative_to(run_folder).as_posix(): p for p in sorted(run_folder.rglob("*.html"))}


def parse(path):
    return html5lib.HTMLParser(strict=False).parse(path.read_text(encoding="utf-8"))


def words(tree):
    return " ".join(t.strip() for t in tree.find(f"{HTML}body").itertext() if t.strip())


def test_pages_are_those_of_the_run(pages):
    made = ("index", "changes", "tracking", "evaluation", "owners", "method")
    assert set(pages) == {"index.html", *(f"{f}/{n}.html" for f in ("zh", "en") for n in made)}


def test_language_of_each_page(pages):
    for name, path in pages.items():
        expected = "en" if name.startswith("en/") else "zh-CN"
        assert parse(path).get("lang") == expected


def test_links_lead_to_files_or_places_that_exist(pages):
    for path in pages.values():
        tree = parse(path)
        ids = {e.get("id") for e in tree.iter() if e.get("id")}
        for link in tree.iter(f"{HTML}a"):
            href = link.get("href")
            if href.startswith("#"):
                assert href[1:] in ids
            elif not href.startswith("data:"):
                file, _, anchor = href.partition("#")
                assert (path.parent / file).is_file(), f"{path.name} → {href}"
                assert not anchor or f'id="{anchor}"' in (path.parent / file).read_text("utf-8")


def test_nothing_asks_the_network(pages):
    for path in pages.values():
        html = path.read_text(encoding="utf-8")
        assert "default-src 'none'" in html
        assert "<script" not in html
        for address in re.findall(r'(?:src|href)="([^"]+)"', html):
            assert not address.startswith(("http:", "https:", "//")), address
        assert not re.search(r"@import|url\((?!\"?data:|#)", html)


def test_the_brief_answers_first(pages):
    text = words(parse(pages["en/index.html"]))
    claim = "The training raised the mean customer satisfaction score by 0.21 points on average"
    assert text.index(claim) < text.rindex("How sure")
    assert "There are no fee data." in text
    assert "costs.csv: no rows" in text
    assert "Simulated data" in text


def test_the_other_language_says_it_too(pages):
    text = words(parse(pages["zh/index.html"]))
    assert "培训使客户满意度均分平均提高" in text
    assert "模拟数据" in text
    assert "because of the training" not in text


def test_code_and_method_are_folded_but_there(pages):
    tree = parse(pages["zh/tracking.html"])
    folded = [d for d in tree.iter(f"{HTML}details") if d.get("class") == "method"]
    assert folded
    inside = " ".join("".join(d.itertext()) for d in folded)
    assert "causal.evaluate(stage.outcome())" in inside
    assert "How the effect is estimated" in inside
    headings = [h for d in folded for n in range(1, 7) for h in d.iter(f"{HTML}h{n}")]
    assert not headings


def test_formulas_are_mathml(pages):
    html = pages["en/tracking.html"].read_text(encoding="utf-8")
    assert html.count("<math") >= 3
    assert "$$" not in html


def test_small_cells_are_hidden_with_a_companion(pages):
    tree = parse(pages["en/tracking.html"])
    table = next(t for t in tree.iter(f"{HTML}table") if "property type" in "".join(t.itertext()))
    rows = [[c.text for c in row] for row in table.iter(f"{HTML}tr")][1:]
    assert rows[0] == ["Villas", "‡", "‡"]
    assert rows[1] == ["High-end residential", "‡", "‡"]
    assert rows[2] == ["Ordinary residential", "79.0%", "2,200"]


def test_provenance(pages):
    text = words(parse(pages["en/tracking.html"]))
    for part in ("20240501-0800", "20240101", "0123456789ab", "pandas 3.0.0", "b" * 64):
        assert part in text


def test_a_failed_cell_is_never_exported(run_folder, tmp_path):
    broken = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(
                "1 / 0",
                outputs=[nbformat.v4.new_output("error", ename="ZeroDivisionError", evalue="zero")],
            )
        ]
    )
    path = tmp_path / "a" / "b" / "c" / "notebooks" / "03_tracking.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(broken, path)
    with pytest.raises(RunError, match="ZeroDivisionError"):
        export(path, "en", tmp_path / "out.html")
    assert not (tmp_path / "out.html").exists()


def test_export_of_one_notebook(run_folder, tmp_path):
    source = run_folder / "notebooks" / "03_tracking.ipynb"
    target = export(source, "zh_CN", tmp_path / "zh" / "tracking.html")
    assert parse(target).get("lang") == "zh-CN"


def test_portfolio(pages, run_folder):
    start = run_folder.parents[1] / "index.html"
    for path, words_of_link in (
        (start, "打开报告"),
        (start.with_name("index.en.html"), "Open the"),
    ):
        tree = parse(path)
        assert words_of_link in words(tree)
        for link in tree.iter(f"{HTML}a"):
            if not link.get("href").startswith(("data:", "#")):
                assert (path.parent / link.get("href")).is_file()


def test_portfolio_without_clients(tmp_path):
    (tmp_path / "reports").mkdir()
    assert "还没有" in portfolio(tmp_path).read_text(encoding="utf-8")


def test_only_used_characters_are_embedded():
    used = typeface.characters("<p>喆a中</p><style>国</style>")
    assert used == {"喆", "中"}
    style = typeface.font_style(used)
    assert "font/woff2" in style
    assert len(style) < 5000
    packed = re.search(r"base64,([^\"]+)", style)[1]
    font = TTFont(io.BytesIO(base64.b64decode(packed)))
    assert set(map(chr, font.getBestCmap())) == used
    assert style == typeface.font_style.__wrapped__(used)
    assert typeface.font_style(frozenset()) == ""


def test_dollars_in_code_are_no_formula():
    html = markdown.to_html("`$5` and $x_1$ cost $3 or US$4.")
    assert html.count("<math") == 1
    assert "<code>$5</code>" in html
