"""Benchmarks can be run: their imports hold, and a tiny one gives sizes."""

import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.mark.parametrize("script", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_scripts_load_and_are_described(script):
    assert runpy.run_path(str(script), run_name="loaded")["__doc__"]
    assert script.name in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_sizes_of_a_few_worlds():
    sizes = runpy.run_path(str(FOLDER / "inference.py"), run_name="loaded")["rejections"](5, 4)
    assert set(sizes) >= {"wild_bootstrap", "randomisation"}
    assert all(0 <= share <= 1 for share in sizes.values())
