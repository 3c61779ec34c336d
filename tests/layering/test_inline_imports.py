"""Imports stand at the top of a module; inside functions only what is loaded late on purpose."""

import ast
from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "analysis"

LATE = {
    # heavy: a run that does not need them never loads them
    "duckdb", "matplotlib", "nbconvert", "nbformat", "openpyxl", "papermill", "scipy", "seaborn",
    "statsmodels", "sqlglot", "docx", "fontTools", "xlsxwriter", "jinja2", "markupsafe",
    "holidays", "pygments", "latex2mathml", "babel", "ruamel", "rich", "pydantic", "phonenumbers",
    "stdnum", "icalendar", "uharfbuzz", "pandas", "pyarrow",
    # extras, and parts of a notebook's kernel
    "pyspark", "distributed", "psycopg", "MySQLdb", "ibis", "IPython", "ipykernel", "numpy",
    "psutil", "PIL",
    # of the standard library: needed after an error, or by one system only
    "ctypes", "difflib", "locale", "multiprocessing",
}  # fmt: skip

ENTRANCES = {
    "cli": "`crmeval --help` answers at once; a command loads its room when it is typed",
    "pipeline": "the first line of a run is shown before the rooms of its steps are loaded",
    "kernels": "the fork server loads one room after the other and says which failed",
}
"""Rooms that load other rooms inside functions, and why."""

EXCEPTIONS = {
    "wording/formatting.py": {"analysis.indicators"},  # `crmeval --help` reads wording
    "present/vectors.py": {"analysis.present.renderers"},  # Matplotlib's own, made more of
}


def inline(tree):
    """Give the modules that a syntax tree imports inside functions."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module or ""


def found():
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        for module in inline(ast.parse(path.read_text(encoding="utf-8"))):
            yield name, module


def test_rooms_are_imported_at_the_top():
    inside = {
        (name, module)
        for name, module in found()
        if module.split(".")[0] == "analysis"
        and name.split("/")[0] not in ENTRANCES
        and module not in EXCEPTIONS.get(name, ())
    }
    assert inside == set()


def test_only_declared_libraries_are_loaded_late():
    used = Counter(module.split(".")[0] for _, module in found())
    assert set(used) - {"analysis"} == LATE


def test_the_check_notices_an_import_inside_a_function():
    assert list(inline(ast.parse("def late():\n    import json\n"))) == ["json"]
