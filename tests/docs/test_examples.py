"""Every block marked python on the project's pages runs, and prints what the page says."""

import contextlib
import doctest
import importlib
import io
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from analysis import build_panel, files, outcome, results, simulate
from analysis.causal import Options, evaluate
from analysis.simulation import DEMO

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "data" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    """Pairs of code and the text block that follows it at once, None without one."""
    text = page.read_text(encoding="utf-8")
    found = [(m[1], m[2], m.start(), m.end()) for m in BLOCK.finditer(text)]
    pairs = []
    for place, (kind, body, start, end) in enumerate(found):
        if kind != "python":
            continue
        after = found[place + 1] if place + 1 < len(found) else None
        told = after and after[0] == "text" and not text[end : after[2]].strip()
        line = text[:start].count("\n") + 1
        pairs.append((line, body, after[1] if told else None))
    return pairs


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A project folder with one finished run of the demo, from simulated tables."""
    folder = tmp_path_factory.mktemp("home")
    world = simulate(replace(DEMO, families=("surveys",)))
    client = (ROOT / "data" / "demo" / "client.yml").read_text(encoding="utf-8")
    files.write_text(folder / "data" / "demo" / "client.yml", client)
    run = folder / "reports" / "demo" / "latest"
    for name, table in world.tables.items():
        (run / "canonical").mkdir(parents=True, exist_ok=True)
        table.to_parquet(run / "canonical" / f"{name}.parquet", index=False)
    panel = build_panel(
        world.tables, client_timezone="Asia/Shanghai", first="2023-01", last="2025-12"
    )
    panel.to_parquet(run / "panel.parquet", index=False)
    frame = outcome(panel, "csat_mean", world.tables["waves"])
    as_planned = Options(base="all_before", drawn_by_lot=True)
    found = evaluate(frame, outcome="csat_mean", unit="score_1_5", options=as_planned)
    results.save(found.results(), run / "results")
    return folder


@pytest.mark.parametrize(
    "page", [p for p in PAGES if blocks(p)], ids=lambda p: str(p.relative_to(ROOT))
)
def test_examples_run_and_print_what_is_written(page, home, monkeypatch):
    monkeypatch.setenv("CRMEVAL_HOME", str(home))
    monkeypatch.chdir(home)
    names = {"__name__": "example"}
    for line, code, expected in blocks(page):
        said = io.StringIO()
        place = f"{page.relative_to(ROOT)}:{line}"
        with contextlib.redirect_stdout(said):
            exec(compile(code, place, "exec"), names)
        if expected is not None:
            assert said.getvalue() == expected, place


def test_the_tour_has_examples():
    assert len(blocks(ROOT / "docs" / "tour.md")) >= 10


def with_examples():
    """Names of the modules with an example in a docstring."""
    for path in sorted((ROOT / "analysis").rglob("*.py")):
        if ">>> " in path.read_text(encoding="utf-8"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(part for part in parts if part != "__init__")


@pytest.mark.parametrize("name", list(with_examples()))
def test_examples_in_docstrings_give_what_they_say(name):
    importlib.import_module(name)
    found = doctest.testmod(sys.modules[name], optionflags=doctest.ELLIPSIS)
    assert found.attempted > 0
    assert found.failed == 0
