"""A notebook's parameters cell, its model and its cells say the same."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from analysis import parameters
from analysis.errors import RunError

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
STAGE_OF = {stage.notebook: stage for stage in parameters.STAGES}


def code_cells(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def declared(notebook: dict) -> dict[str, object]:
    """Names and defaults of the cell tagged ``parameters``."""
    (cell,) = [c for c in code_cells(notebook) if "parameters" in c["metadata"].get("tags", [])]
    values = {}
    for statement in ast.parse("".join(cell["source"])).body:
        target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
        values[target.id] = ast.literal_eval(statement.value)
    return values


def unread(notebook: dict) -> set[str]:
    """Parameters that no cell reads."""
    names = {
        node.id
        for cell in code_cells(notebook)
        for node in ast.walk(ast.parse("".join(cell["source"])))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    return set(declared(notebook)) - names


def as_notebook(*sources: str) -> dict:
    cells = [{"cell_type": "code", "metadata": {}, "source": source} for source in sources]
    cells[0]["metadata"] = {"tags": ["parameters"]}
    return {"cells": cells}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_the_parameters_cell_equals_the_model(path):
    found = declared(json.loads(path.read_text(encoding="utf-8")))
    fields = STAGE_OF[path.name].parameters.model_fields
    assert found == {name: field.default for name, field in fields.items()}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_every_parameter_is_read(path):
    assert not unread(json.loads(path.read_text(encoding="utf-8")))


def test_the_check_for_unread_parameters_finds_one():
    assert unread(as_notebook("a = 1\nb: str = ''", "print(a)")) == {"b"}


def test_an_unknown_parameter_names_the_nearest():
    with pytest.raises(RunError, match=r"'clinet'; did you mean 'client'\?"):
        parameters.validate("design", {"clinet": "demo"})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"client": 12}, "client = 12"),
        ({"language": "fr"}, "language = 'fr'"),
        ({"seed": "7"}, "seed = '7'"),
        ({"seed": -1}, "seed = -1"),
        ({"client": ""}, "client = ''"),
    ],
)
def test_a_wrong_value_is_told_with_a_correct_one(values, said):
    with pytest.raises(RunError) as caught:
        parameters.validate("value", values)
    assert said in str(caught.value)
    assert "Correct: " in str(caught.value)


def test_identifiers_keep_their_leading_zeros():
    assert parameters.validate("design", {"client": "0012"}).client == "0012"


def test_each_stage_gets_the_values_it_knows():
    checked = parameters.for_each_stage({"client": "acme", "as_of": "2024-09-30"})
    assert checked["monitoring"].as_of == "2024-09-30"
    assert {stage.client for stage in checked.values()} == {"acme"}
    with pytest.raises(RunError, match="'as_off'; did you mean 'as_of'"):
        parameters.for_each_stage({"as_off": ""})
    with pytest.raises(RunError, match=r"as_of = '30\.9\.2024'.*Correct: as_of = '2024-09-30'"):
        parameters.for_each_stage({"as_of": "30.9.2024"})
