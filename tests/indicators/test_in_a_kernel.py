"""A kernel is no terminal: DuckDB refuses there what it takes elsewhere."""

from nbclient import NotebookClient
from nbformat import v4

CELL = """
from analysis.indicators.engine import connect
with connect("duckdb", timezone="Asia/Shanghai"):
    print("open")
"""


def test_a_notebook_opens_duckdb_without_ipywidgets():
    notebook = v4.new_notebook(cells=[v4.new_code_cell(CELL)])
    NotebookClient(notebook, kernel_name="python3").execute()
    assert notebook.cells[0].outputs[0].text == "open\n"
