"""The attack of two saved reports: what one person answered does not follow from both."""

from __future__ import annotations

import math
import shutil

import openpyxl
import pandas as pd
import pytest
from in_process import run_here
from small_client import SmallClient

from analysis import results
from analysis.present import views


def without_one_sheet(root) -> None:
    """Take a wholly answered questionnaire of before the training out of its file."""
    path = root / "data" / "acme" / "raw" / "满意度问卷" / "问卷_2023.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    header = next(r for r in range(1, 9) if sum(c.value is not None for c in sheet[r]) > 8)
    asked = [c.column for c in sheet[header] if "满意" in str(c.value)]
    whole = (
        row
        for row in range(header + 20, sheet.max_row)
        if all(sheet.cell(row, column).value not in (None, "") for column in asked)
    )
    sheet.delete_rows(next(whole))
    book.save(path)


def sheets(folder) -> dict[str, pd.DataFrame]:
    book = openpyxl.load_workbook(folder / "en" / "tables.xlsx", data_only=True)
    codes = {row[0]: row[4] for row in book.worksheets[0].iter_rows(min_row=4, values_only=True)}
    out = {}
    for sheet in book.worksheets[1:]:
        rows = list(sheet.iter_rows(min_row=3, values_only=True))
        out[codes[sheet.title]] = pd.DataFrame(rows[1:], columns=range(len(rows[0])))
    return out


def coarsest(value: float) -> float:
    steps = [m * 10.0**p for p in range(-9, 3) for m in (1, 2, 5)]
    return max(s for s in steps if abs(value / s - round(value / s)) < 1e-6)


@pytest.fixture(scope="module")
def pair(finished, tmp_path_factory):
    root = tmp_path_factory.mktemp("later") / "home"
    shutil.copytree(finished.client.root, root, symlinks=True)
    without_one_sheet(root)
    later = run_here(SmallClient(root))
    assert later.state == "complete", later.error
    return finished.folder, later.folder


def pairs_of(folders, name):
    """Yield the rows of a view in both runs, as they are stored, that one answer tells apart."""
    stage, _, _ = name.partition(".")
    view = views.get(name)
    one, two = (view.of(results.load(stage, folder / "results")) for folder in folders)
    for (_, first), (_, second) in zip(one.iterrows(), two.iterrows(), strict=True):
        if first[view.n] - second[view.n] == 1:
            yield first, second


def test_in_full_precision_an_answer_follows(pair):
    found = [
        first["n"] * first["mean"] - second["n"] * second["mean"]
        for first, second in pairs_of(pair, "baseline.items")
    ]
    assert found
    assert all(abs(answer - round(answer)) < 1e-6 and 1 <= round(answer) <= 5 for answer in found)


def test_from_two_workbooks_none_does(pair):
    before, after = map(sheets, pair)
    told = 0
    for first, second in pairs_of(pair, "baseline.items"):
        for book, row in ((before, first), (after, second)):
            cells = book["baseline.items"].to_numpy().ravel()
            near = [
                c for c in cells if isinstance(c, float) and abs(c - row["mean"]) < 5 / row["n"]
            ]
            exact = [c for c in near if math.isclose(c, row["mean"], abs_tol=1e-9)]
            assert near
            assert not exact or coarsest(row["mean"]) >= 5 / row["n"]
            assert all(coarsest(round(c, 9)) >= 0.99 * row["mean"] / row["n"] for c in near)
            told += 1
    assert told


def test_from_two_days_looked_back_to_none_does(pair, tmp_path):
    root = tmp_path / "home"
    shutil.copytree(pair[0].parents[2], root, symlinks=True)
    days = ("2024-05-31", "2024-06-01")
    folders = [
        run_here(SmallClient(root), stages=["baseline"], values={"as_of": d}).folder for d in days
    ]
    for name in ("baseline.items", "baseline.group_means"):
        view = views.get(name)
        for folder in folders:
            frame = view.of(results.load("baseline", folder / "results"))
            book = sheets(folder)
            if frame.empty or name not in book:
                continue
            column = "mean" if "mean" in frame else "value"
            shown = [c for c in book[name].to_numpy().ravel() if isinstance(c, float) and 1 < c < 5]
            least = frame[column].min() / frame["n"].max()
            assert all(coarsest(round(c, 9)) >= 0.99 * least for c in shown)
