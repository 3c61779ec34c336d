"""Public functions of the rooms of methods say what they take and what they give."""

import importlib
import inspect
import re

import pytest

ROOMS = ("causal", "design", "measurement", "monitoring", "value")
PARAMETERS = re.compile(r"^Parameters\n-{10}$", re.MULTILINE)
RETURNS = re.compile(r"^(Returns|Yields)\n-{6,7}$", re.MULTILINE)
# A result class of ours describes its own fields; these do not.
PLAIN = re.compile(r"(tuple|list|dict|float|int|str|bool|pd\.|np\.)")


def functions(room):
    module = importlib.import_module(f"analysis.{room}")
    named = ((name, getattr(module, name)) for name in module.__all__)
    return {name: thing for name, thing in named if inspect.isfunction(thing)}


@pytest.mark.parametrize("room", ROOMS)
def test_functions_of_three_parameters_and_more_list_them(room):
    found = functions(room)
    assert found
    silent = [
        name
        for name, thing in found.items()
        if len(inspect.signature(thing).parameters) > 2
        and not PARAMETERS.search(inspect.getdoc(thing) or "")
    ]
    assert silent == []


@pytest.mark.parametrize("room", ROOMS)
def test_what_comes_out_is_said(room):
    silent = []
    for name, thing in functions(room).items():
        doc = inspect.getdoc(thing) or ""
        plain = PLAIN.match(str(inspect.signature(thing).return_annotation))
        told = RETURNS.search(doc) or re.search(r"\breturn", doc.partition("\n\n")[0].lower())
        if plain and not told:
            silent.append(name)
    assert silent == []
