"""What a notebook is given of a page, as the programs that show notebooks take it."""

import base64
import io
import re

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter, MarkdownExporter
from nbformat import v4
from PIL import Image

from analysis.present import MIME, notebooks
from analysis.report import notebook as pages

CELLS = (
    """
import pandas as pd
from analysis.present import Display, plots
from analysis.results import Estimate
show = Display("en")
show.title("report.title")
show.prose("brief.do_none")
""",
    """
found = [Estimate(id=f"t.a.{t}", estimand="att_event_time", indicator="csat_mean", unit="score",
                  value=0.1 * t, ci_low=0.1 * t - 0.1, ci_high=0.1 * t + 0.1, n=900, n_units=16,
                  method="group_time_dr", simulated=True, dims={"event_time": t})
         for t in range(-2, 3)]
show.figure(plots.event_study, found, caption="report.added_figure",
            alt="report.added_figure", indicator="csat_mean")
show.table(pd.DataFrame({"n": [1, 2]}), caption="brief.missing_caption",
           columns={"n": ("report.column.sites", "int")})
""",
    """
show.kpis(found)
""",
)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "03_tracking.ipynb"
    made = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in CELLS])
    NotebookClient(made, kernel_name="python3").execute()
    nbformat.write(made, path)
    return path


def outputs(path):
    cells = nbformat.read(path, as_version=4).cells
    return [[output.data for output in cell.outputs if "data" in output] for cell in cells]


def test_pictures_are_shown_as_large_as_the_text_around(ran):
    figure = nbformat.read(ran, as_version=4).cells[1].outputs[0]
    drawn = Image.open(io.BytesIO(base64.b64decode(figure.data["image/png"])))
    assert figure.metadata["image/png"]["width"] == drawn.width * 96 // round(drawn.info["dpi"][0])


def test_values_stand_below_their_terms_where_the_style_is_taken_off(ran):
    """JupyterLab lets both float; it keeps these two properties in notebooks it does not trust."""
    shown = outputs(ran)[2][0]["text/html"]
    styled = re.findall(r"<(?:dt|dd)\b([^>]*)>", shown)
    assert len(styled) >= 10
    assert all('style="float:none;width:auto"' in attributes for attributes in styled)


def test_the_style_is_one_line(ran):
    (style,) = re.findall(r"<style>(.*?)</style>", outputs(ran)[2][0]["text/html"], re.DOTALL)
    assert len(style) > 1000
    assert "\n" not in style
    assert "/*" not in style


def test_a_figure_is_a_picture_with_its_caption_below(ran):
    figure, below, _ = outputs(ran)[1]
    assert base64.b64decode(figure["image/png"]).startswith(b"\x89PNG")
    assert "text/html" not in figure  # JupyterLab would prefer it, and take its drawing off
    assert figure["text/plain"].startswith("Figure 1")
    assert "Figure 1" in below["text/html"]
    assert "<svg" not in below["text/html"]
    assert below[MIME]["role"] == notebooks.BESIDE


def test_every_output_has_plain_text_and_every_cell_one_style(ran):
    for cell in outputs(ran):
        assert all(data["text/plain"] for data in cell)
        assert sum("<style>" in data.get("text/html", "") for data in cell) == 1


def test_a_page_has_the_drawing_once_and_no_picture(ran):
    for language, caption in (("en", "Figure 1"), ("zh_CN", "图 1")):
        html = "".join(s.html(language) for s in pages.read(ran, language).sections)
        assert html.count("<figure") == 1
        assert "data:image/png" not in html
        assert html.count(f"{caption}") == 1


def test_markdown_and_html_are_whole(ran):
    text, files = MarkdownExporter().from_filename(str(ran))
    pictures = [name for name in files["outputs"] if name.endswith(".png")]
    assert len(pictures) == 1
    assert f"![png]({pictures[0]})" in text
    assert "<svg" not in text
    html, _ = HTMLExporter().from_filename(str(ran))
    assert len(re.findall(r'<img[^>]*src="data:image/png', html)) == 1


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<h2 id='a'>Head</h2><p>One  <b>two</b></p>", "Head\nOne two"),
        ("<table><caption>T</caption><tr><th>a</th><td>1</td></tr><tr><th>b</th><td>2</td></tr>"
         "</table>", "T\na | 1\nb | 2"),
        ("<dl><dt>Estimate</dt><dd>0.3</dd></dl>", "Estimate\n0.3"),
        ("<style>p {}</style><svg><text>x</text></svg><p>a &amp; b</p>", "a & b"),
    ],
)  # fmt: skip
def test_text_of_html(html, text):
    assert notebooks.plain(html) == text
