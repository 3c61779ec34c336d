"""What somebody adds to a stage's notebook stands on its page, and does no harm there."""

import base64
import io

import html5lib
import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from small_client import ROOT

from analysis.present import ADDED, MIME
from analysis.report import added, notebook
from analysis.results import Estimate


def displayed(role, html, **more):
    pages = {"zh_CN": html, "en": html, "role": role, **more}
    return new_output("display_data", data={MIME: pages, "text/html": html})


def picture():
    figure = plt.figure(figsize=(1, 1))
    file = io.BytesIO()
    figure.savefig(file, format="png")
    plt.close(figure)
    return new_output(
        "display_data", data={"image/png": base64.b64encode(file.getvalue()).decode()}
    )


def result(thing):
    data = {"text/html": thing._repr_html_(), "text/plain": str(thing)}
    bundle = getattr(thing, "_repr_mimebundle_", dict)()
    return new_output("execute_result", data={**data, **bundle})


ESTIMATE = Estimate(
    id="tracking.a", estimand="mean", unit="share", value=0.5, n=90, method="mean", simulated=True
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A stage's notebook with a section, and what a person added below it."""
    frame = pd.DataFrame({"site": ["Lake"], "phone": ["13800138000"]})
    cells = [
        new_markdown_cell("Of the method", metadata={"tags": ["method"]}),
        new_code_cell("page.start()", outputs=[displayed("title", "<h1>Design</h1>")]),
        new_code_cell(
            "page.goals()", outputs=[displayed("section", "<h2 id='a'>Goals</h2>", anchor="a")]
        ),
        new_markdown_cell("My **remark** on 13800138000 <script>alert(1)</script>"),
        new_code_cell("plt.plot()", outputs=[picture()]),
        new_code_cell("frame", outputs=[result(frame)]),
        new_code_cell("main.overall", outputs=[result(ESTIMATE)]),
        new_code_cell("1 + 1", outputs=[new_output("execute_result", data={"text/plain": "2"})]),
    ]
    target = tmp_path_factory.mktemp("notebook") / "00_design.ipynb"
    nbformat.write(new_notebook(cells=cells), target)
    return target


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_it_stands_where_it_was_put(path, language):
    first, goals = notebook.read(path, language).sections
    assert first.shown
    _, text, figure, frame, estimate = goals.shown
    assert "<strong>remark</strong>" in text
    assert 'src="data:image/png;base64,' in figure
    assert "<td>Lake</td>" in frame
    words = {"zh_CN": "模拟数据", "en": "Simulated data"}
    assert words[language] in estimate
    folded = "".join([*first.method, *goals.method])
    assert "Of the method" in folded
    assert "<pre>2</pre>" in folded


def test_it_names_nobody_and_runs_nothing(path):
    shown = "".join(notebook.read(path, "en").sections[1].shown)
    assert "13800138000" not in shown
    for word in ("script", "alert", "style", "onclick"):
        assert word not in shown


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("<p onclick='x()' style='color:red'>a</p>", "<p>a</p>"),
        ("<style>p {}</style><p>a</p><!-- b -->", "<p>a</p>"),
        ("<img src='https://x.example/a.png'>a", "a"),
        ("<a href='javascript:x()'>a</a>", "<a>a</a>"),
        ("<a href='https://x.example'>a</a>", '<a href="https://x.example">a</a>'),
        ("<td colspan='2' class='b'>a</td>", '<td colspan="2">a</td>'),
        ("1 < 2 & 3", "1 &lt; 2 &amp; 3"),
        ("<iframe src='x'><p>a</p></iframe>b<svg><script>c</script></svg>", "b"),
        ("<form action='x'><button>a</button></form>", "a"),
    ],
)
def test_html_is_made_harmless(given, kept):
    assert added.harmless(given) == kept
    html5lib.HTMLParser(strict=False).parseFragment(added.harmless(given))


def test_results_are_shown_in_the_language_of_the_page():
    bundle = ESTIMATE._repr_mimebundle_()[MIME]
    assert bundle["role"] == ADDED
    assert bundle["zh_CN"] != bundle["en"]


def test_the_shipped_text_tells_methods():
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        assert not [c.source for c in cells if c.cell_type == "markdown" and added.is_addition(c)]
