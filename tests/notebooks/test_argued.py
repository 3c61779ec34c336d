"""What a notebook invites to look at or to change works exactly as its prose writes it."""

import re
import shutil

import nbformat
import pandas as pd
import pytest
from small_client import NAME, ROOT

from analysis import parameters, results
from analysis.client import Client
from analysis.client import load as load_client
from analysis.present import display

INVITES = re.compile(r"To argue with")
SPAN = re.compile(r"`([^`]+)`")
KEYS = {*Client.model_fields, *Client.model_fields["design"].annotation.model_fields}


def cells_of(stage):
    return nbformat.read(ROOT / "notebooks" / stage.notebook, as_version=4).cells


def invited(stage):
    """Return what stands as code after an invitation: expressions, and keys of the client file."""
    texts = [cell.source for cell in cells_of(stage) if cell.cell_type == "markdown"]
    spans = [
        span
        for text in texts
        if (found := INVITES.search(text))
        for span in SPAN.findall(text[found.start() :])
    ]
    keys = [span for span in spans if span in KEYS or span.endswith(".yml")]
    return [span for span in spans if span not in keys], keys


@pytest.fixture
def run_cells(finished, monkeypatch):
    """Run the code of a notebook by itself in this process; return its names and its outputs."""
    shown = []
    monkeypatch.setenv("CRMEVAL_HOME", str(finished.client.root))
    monkeypatch.setattr(display, "_to_notebook", shown.append)
    monkeypatch.setattr("analysis.wording.session._notebook", [])

    def run(stage):
        names = {}
        for cell in cells_of(stage):
            if cell.cell_type == "code":
                exec(cell.source, names)
            if "parameters" in cell.metadata.get("tags", []):
                names |= {"client": NAME, "language": "en"}
                names |= {"draws": 199} if "draws" in names else {}
        return names, shown

    return run


@pytest.mark.slow
@pytest.mark.parametrize("stage", parameters.STAGES, ids=lambda stage: stage.name)
def test_what_is_to_be_looked_at_is_there(stage, run_cells):
    expressions, _ = invited(stage)
    assert expressions
    names, shown = run_cells(stage)
    values = {}
    for span in expressions:
        shown.clear()
        value = values[span] = eval(span, names)
        assert shown or (len(value) if isinstance(value, pd.DataFrame | tuple) else value), span
    if stage.name == "tracking":
        assert len({effect.value for effect in values.values()}) == len(values) >= 3


@pytest.mark.parametrize("stage", parameters.STAGES, ids=lambda stage: stage.name)
def test_both_languages_invite_to_the_same(stage):
    texts = [cell.metadata["zh_CN"] for cell in cells_of(stage) if "zh_CN" in cell.metadata]
    chinese = [text[text.index("不同意") :] for text in texts if "不同意" in text]
    assert len(chinese) == 1
    expressions, keys = invited(stage)
    assert sorted(SPAN.findall(chinese[0])) == sorted([*expressions, *keys])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "value"), {"smallest_effect": "0.4", "alpha": "0.10", "power": "0.9"}.items()
)
def test_what_is_to_be_changed_changes_the_answer(
    finished, run_cells, monkeypatch, tmp_path, key, value
):
    stage = parameters.stage("design")
    _, keys = invited(stage)
    assert keys == ["smallest_effect", "alpha", "power", "design", "client.yml"]
    home = shutil.copytree(finished.client.root, tmp_path / "home", symlinks=True)
    monkeypatch.setenv("CRMEVAL_HOME", str(home))
    before = results.load("design", finished.folder / "results")
    folder = home / "data" / NAME
    text = (folder / "client.yml").read_text(encoding="utf-8")
    text, changed = re.subn(rf"^(\s+{key}:) .*$", rf"\1 {value}", text, flags=re.MULTILINE)
    assert changed == 1
    (folder / "client.yml").write_text(text, encoding="utf-8")
    assert getattr(load_client(NAME).design, key) == float(value)
    after = run_cells(stage)[0]["power"]
    now = {e.id: (e.value, e.ci_low) for e in after.estimates}
    was = {e.id: (e.value, e.ci_low) for e in before.estimates if e.id in now}
    assert was.keys() == now.keys()
    assert was != now
