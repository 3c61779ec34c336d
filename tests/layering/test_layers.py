"""Imports go only downward: a room knows the rooms the data passed through before it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "analysis"

# Lower is upstream. Rooms of one number do not know each other.
LAYER = {
    "errors": 0,
    "file_names": 0,
    "packaged": 0,
    "reach": 0.2,
    "contents": 0.3,
    "claims": 0.3,
    "memory": 0.6,
    "spring_festival": 0,
    "unexpected": 0.2,
    "step_files": 0.2,
    "inert": 0,
    "processes": 0,
    "keywords": 0,
    "settings": 0,
    "files": 0.2,
    "standards": 0.2,
    "history": 0.6,
    "manifest": 0.4,
    "newest": 0.5,
    "home": 0.5,
    "decision_sheet": 0.5,
    "results": 0.5,
    "refusals": 0.7,
    "tables": 0.5,
    "look_back": 0.6,
    "parameters": 0.5,
    "client": 1,
    "ingest": 2,
    "indicators": 3,
    "simulation": 3.5,
    "measurement": 4,
    "design": 5,
    "monitoring": 5,
    "causal": 5,
    "value": 5,
    "findings": 6,
    "wording": 7,
    "present": 8,
    "study": 8.5,
    "report": 9,
    "office": 9.5,
    "workspace": 10,
    "kernels": 11,
    "pipeline": 12,
    "cli": 13,
}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def rooms_imported(tree):
    """Names of the rooms of ``analysis`` that a syntax tree imports, wherever it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
            if node.module == "analysis":
                names = [f"analysis.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "analysis" and len(parts) > 1:
                yield parts[1]


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_only_upstream(path):
    room = room_of(path)
    if room == "__init__":
        pytest.skip("the package itself names its rooms lazily")
    assert room in LAYER, f"{room} has no place in the flow: give it one here and in the docs"
    wrong = sorted(
        {
            other
            for other in rooms_imported(ast.parse(path.read_text(encoding="utf-8")))
            if other != room and not LAYER[other] < LAYER[room]
        }
    )
    assert not wrong, f"{path.name} ({room}) imports {wrong}, which lie downstream or beside it"


def test_no_relative_imports():
    for path in modules():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: say where it comes from"


def test_the_check_notices_an_upward_import():
    tree = ast.parse("def late():\n    from analysis.report import build\n")
    assert list(rooms_imported(tree)) == ["report"]


def test_importing_the_package_is_light():
    heavy = ("numpy", "pandas", "duckdb", "ibis", "matplotlib", "scipy", "statsmodels")
    code = f"import sys, analysis; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
