"""Every notebook of the gallery runs as committed, without outputs, and ends in a picture."""

import ast
import contextlib
import io
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import papermill
import pytest

from analysis.present import display

GALLERY = Path(__file__).resolve().parents[2] / "docs" / "gallery"
NOTEBOOKS = sorted(GALLERY.glob("*.ipynb"))
matplotlib.use("Agg")


def code_of(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def run_cell(source, names):
    """Run a cell as Jupyter does; return what the last line gives and what was printed."""
    tree, shown = ast.parse(source), None
    last = tree.body[-1]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(tree.body[:-1], []), "cell", "exec"), names)
            shown = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        else:
            exec(compile(tree, "cell", "exec"), names)
    return shown, said.getvalue()


def run_here(path, target, values, **_):
    """Stand in for papermill: run a notebook's cells in this process."""
    names = {"__name__": "__main__"}
    for cell in nbformat.read(GALLERY / path, as_version=4).cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
            names |= values if "parameters" in cell.metadata.get("tags", []) else {}


@pytest.fixture(autouse=True)
def bench(monkeypatch):
    monkeypatch.chdir(GALLERY)
    monkeypatch.setenv("CRMEVAL_HOME", "")
    monkeypatch.setattr(papermill, "execute_notebook", run_here)
    monkeypatch.setattr(display, "_to_notebook", lambda bundle: None)
    monkeypatch.setattr("analysis.wording.session._notebook", [])
    plt.close("all")
    yield
    plt.close("all")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_ends_in_a_picture(path):
    names, seen = {"__name__": "__main__"}, []
    *cells, last = code_of(nbformat.read(path, as_version=4))
    for source in cells:
        shown, said = run_cell(source, names)
        seen.append(said + (getattr(shown, "_repr_html_", lambda: "")() or repr(shown)))
    before = len(plt.get_fignums())
    run_cell(last, names)
    assert len(plt.get_fignums()) > before, "the last cell draws no figure"
    axes = plt.gcf().axes[0]
    plt.gcf().canvas.draw()
    assert axes.get_xlabel()
    assert axes.has_data()
    assert "Traceback" not in "".join(seen)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_short_and_committed_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells)
    assert notebook.cells[0].source.startswith("# ")
    assert len("\n".join(code_of(notebook)).splitlines()) < 70


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_simulated_is_said(path):
    notebook = nbformat.read(path, as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells)
    if "simulat" in "\n".join(code_of(notebook)):
        assert "simulated" in notebook.cells[0].source
        labels = ("simulated=True", '"simulated": True', "simulated data")
        assert any(label in text for label in labels)


def test_there_are_ten():
    assert len(NOTEBOOKS) == 10


def test_from_a_csv_to_table_and_figure_takes_eight_lines():
    (code,) = code_of(nbformat.read(GALLERY / "08_own_panel.ipynb", as_version=4))
    assert len([line for line in code.splitlines() if line]) <= 8
    names = {}
    _, said = run_cell(code, names)
    assert said.startswith("\\begin{tabular}")
    assert names["axes"].get_xlabel() == "years since the start of post"
