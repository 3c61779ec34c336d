"""Small exports of every kind that once failed: the right value, or a refusal with its advice.

The files lie outside the project, beside other reference material; the values were counted by
hand in the notes that come with them.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from ruamel.yaml import YAML

from analysis import client as clients
from analysis import ingest
from analysis.errors import InputError


class Case:
    """A copied case, from whose folder clients are loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def client(self, name: str = "client.yml", *changes: tuple[str, str]) -> clients.Client:
        text = (self.folder / name).read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = self.folder / "client.yml"
        path.write_text(text, encoding="utf-8")
        return clients.load(path)

    def taken(self, name: str = "client.yml", *changes: tuple[str, str]) -> dict[str, pd.DataFrame]:
        target = self.folder.parent / "canonical"
        ingest.ingest(self.client(name, *changes), target)
        return {path.stem: pd.read_parquet(path) for path in target.glob("*.parquet")}

    def told(self, name: str = "client.yml", *changes: tuple[str, str]) -> set[tuple]:
        faults = ingest.check(self.client(name, *changes))
        return {(f.rule, f.blocking, f.file, f.sheet, f.row) for f in faults}

    def proposed(self) -> list[dict]:
        text = ingest.propose("x", [self.folder / "raw"], str)
        return YAML(typ="safe").load(text)["sources"]


@pytest.fixture
def case(shared, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    def copied(number: str) -> Case:
        (found,) = (shared / "cases" / "exports").glob(f"{number}-*")
        return Case(Path(shutil.copytree(found, tmp_path / "data" / "x")))

    return copied


def test_01_a_label_wins_over_its_number(case):
    answers = case("01").taken()["surveys"]
    assert answers.loc[answers["item"] == "q1", "score"].mean() == 4.2


def test_01_labels_are_proposed_from_cells_with_numbers(case):
    (source,) = case("01").proposed()
    assert source["unpivot"]["labels"] == "five"


def test_02_subtotals_in_the_second_column_are_not_summed(case):
    fees = case("02").taken()["fees"].set_index(["site_id", "month"])
    first = fees.loc[("A园", pd.Timestamp("2024-01-01").date())]
    assert (first["receivable"], first["collected"]) == (3000, 2400)
    assert fees["receivable"].sum() == 12_000


def test_04_two_sheets_numbered_from_one_are_two_rounds(case):
    found = case("04")
    key = "{from: [$file, $sheet, 序号], join: -}"
    assert found.proposed()[0]["columns"]["response_id"]["from"] == ["$file", "$sheet", "序号"]
    for name in ("client-1-as-proposed.yml", "client-2-advice-followed.yml"):
        (fault,) = ingest.check(found.client(name))
        assert (fault.rule, fault.blocking, fault.more_rows) == ("number_restarts", True, 4)
        assert fault.params["mapping"] == "response_id: {from: [$file, $sheet, 序号]}"
    mended = ('{from: [$file, 序号], join: "-"}', key)
    assert len(found.taken("client-1-as-proposed.yml", mended)["surveys"]) == 2 * 2 * 5


def test_05_the_second_version_of_a_questionnaire_counts_anew(case):
    found = case("05")
    assert [s["columns"]["response_id"]["from"] for s in found.proposed()] == [
        ["$file", "序号"]
    ] * 2
    (fault,) = ingest.check(found.client())
    assert (fault.rule, fault.file, fault.row) == ("number_restarts", "raw/问卷_2024.csv", 2)
    assert (fault.params["first_place"], fault.params["first_row"]) == ("raw/问卷_2023.csv", 2)
    mended = ("response_id: 序号", "response_id: {from: [$file, 序号]}")
    answers = found.taken("client.yml", mended)["surveys"]
    assert answers.groupby("instrument").size().to_dict() == {"a": 4 * 2, "b": 4 * 3}


def test_06_a_new_sheet_and_a_new_file_are_told(case):
    found = case("06")
    assert found.told() == {
        ("file_unread", False, "raw/工单_4月.csv", None, None),
        ("sheet_unread", False, "raw/收费台账.xlsx", "2024年3月", None),
        ("sheet_unread", False, "raw/收费台账.xlsx", "2024年4月", None),
    }
    (ledger,) = (source for source in found.proposed() if source["table"] == "fees")
    assert ledger["sheets"] == ["2024年*月"]
    by_pattern = ("[2024年1月, 2024年2月]", "['2024年*月']")
    fees = found.taken("client.yml", by_pattern)["fees"]
    assert fees["collected"].sum() == 2 * (900 + 900 + 500 + 500)


@pytest.mark.parametrize("name", ["client-1.yml", "client-2.yml"])
def test_07_a_cell_that_shows_100_per_cent_is_one(case, name):
    completion = case("07").taken(name)["enrolments"]["completion"]
    assert completion.tolist() == [1, 0] * 4


def test_09_questions_about_the_telephone_are_questions(case):
    found = case("09")
    answers = found.taken()["surveys"]
    by_item = answers.groupby("item")["score"].agg(["mean", "size"])
    assert by_item["size"].eq(6).all()
    expected = {"all": 4, "tel": 5, "comp": 4, "wx": 3, "fb": 4, "en1": 5, "en2": 4}
    assert by_item["mean"].to_dict() == expected
    (source,) = found.proposed()
    assert len(source["unpivot"]["items"]) == 7
    assert "drop" not in source


def test_10_an_empty_box_beside_the_header_is_no_column(case):
    (source,) = case("10").proposed()
    assert source["header_rows"] == [1, 2]
    assert list(source["drop"]) == [
        "工号", "项目", "服务态度·自评", "服务态度·上级", "沟通·自评", "沟通·上级",
    ]  # fmt: skip


def test_12_hidden_rows_are_read_and_a_hidden_sheet_is_not_and_both_are_told(case):
    found = case("12")
    assert found.told() == {
        ("rows_hidden", False, "raw/工单.xlsx", "工单", 3),
        ("sheet_hidden", False, "raw/工单.xlsx", "作废", None),
    }
    assert len(found.taken()["tickets"]) == 8


def test_13_months_as_columns(case):
    found = case("13")
    expected = [900, 950, 990] * 2
    by_source = found.taken("client-2.yml")["fees"].sort_values(["site_id", "month"])
    assert by_source["collected"].tolist() == expected
    (source,) = found.proposed()
    text = YAML(typ="safe").load((found.folder / "client-2.yml").read_text(encoding="utf-8"))
    text["sources"] = [source]
    with (found.folder / "wide.yml").open("w", encoding="utf-8") as file:
        YAML().dump(text, file)
    at_once = found.taken("wide.yml")["fees"].sort_values(["site_id", "month"])
    assert at_once[["receivable", "collected"]].to_numpy().tolist() == [[1000, c] for c in expected]


def test_14_subordinates_rate_too(case):
    found = case("14")
    ratings = found.taken()["ratings"]
    assert set(ratings["rater_role"].value_counts().to_dict().values()) == {8}
    assert ratings.loc[ratings["rater_role"] == "subordinate", "score"].mean() == 4.5
    assert found.proposed()[0]["table"] == "ratings"


def test_15_what_says_no_value_never_reaches_the_pattern(case):
    scores = case("15").taken()["assessments"]["score"]
    assert sorted(scores.dropna()) == [85, 92]
    assert len(scores) == 3


def test_16_what_a_run_refuses_the_check_refuses(case):
    found = case("16")
    (fault,) = ingest.check(found.client())
    assert (fault.rule, fault.blocking, fault.file) == ("scale_of_nps", True, "client.yml")
    assert fault.row is not None
    with pytest.raises(InputError):
        found.taken()
    turned = ("role: nps, scale: [1, 10]", "role: item, scale: [1, 10]")
    assert len(found.taken("client.yml", turned)["surveys"]) == 2 * 8


def test_17_files_with_the_canonical_names_are_their_tables(case):
    proposed = {source["table"]: source["columns"] for source in case("17").proposed()}
    assert set(proposed) == {"sites", "tickets", "waves"}
    assert proposed["sites"]["households"] == "households"


def test_19_two_rounds_give_the_difference_counted_by_hand(case):
    answers = case("19").taken()["surveys"]
    answers["after"] = answers["answered_at"] >= pd.Timestamp("2024-03-01", tz="Asia/Shanghai")
    answers["trained"] = answers["site_id"].isin(["P1", "P2", "P3"])
    mean = answers.groupby(["trained", "after"])["score"].mean()
    gain = {trained: mean[trained, True] - mean[trained, False] for trained in (True, False)}
    assert gain[True] - gain[False] == 1
