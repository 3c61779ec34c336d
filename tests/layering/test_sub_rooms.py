"""Rooms that have sub-rooms: what each may import, held against the architecture page."""

import ast
import graphlib
import re
from pathlib import Path

import pytest
from test_architecture import PAGE

PACKAGE = Path(__file__).resolve().parents[2] / "analysis"
DIVIDED = ("causal", "monitoring", "workspace")
ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)


def imported(tree, room):
    """Names of the parts of a room that a syntax tree imports, wherever it does."""
    parts = {path.stem for path in (PACKAGE / room).iterdir()}
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        above, _, rest = node.module.removeprefix(f"analysis.{room}").partition(".")
        if above or not f"{node.module}.".startswith(f"analysis.{room}."):
            continue
        yield from [rest.split(".")[0]] if rest else {a.name for a in node.names} & parts


def found(room):
    """Return what each sub-room, and each module beside them, imports of its room."""
    arrows = {}
    for path in sorted((PACKAGE / room).rglob("*.py")):
        part = path.relative_to(PACKAGE / room).parts[0].removesuffix(".py")
        if part != "__init__":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            arrows.setdefault(part, set()).update(set(imported(tree, room)) - {part})
    return arrows


def drawn(room):
    part = PAGE.split(f"### `{room}`\n")[1].split("\n#")[0]
    return {name: re.findall(r"`(\w+)`", imports) for name, imports in ROW.findall(part)}


@pytest.mark.parametrize("room", DIVIDED)
def test_sub_rooms_do_not_import_in_a_circle(room):
    tuple(graphlib.TopologicalSorter(found(room)).static_order())


@pytest.mark.parametrize("room", DIVIDED)
def test_sub_rooms_are_on_the_page_in_the_order_of_imports(room):
    page = drawn(room)
    assert {part: set(imports) for part, imports in page.items()} == found(room)
    order = list(page)
    late = {part: other for part in page for other in page[part] if other not in order}
    assert late == {}
    assert all(order.index(other) < order.index(part) for part in page for other in page[part])


def test_the_check_notices_an_import_inside_a_function():
    tree = ast.parse("def late():\n    from analysis.workspace.pages.page import Page\n")
    assert list(imported(tree, "workspace")) == ["pages"]
