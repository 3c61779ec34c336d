"""The raw exports: reproducible to the byte, in the promised formats, with the promised dirt."""

import dataclasses
import re

import pytest
from python_calamine import CalamineWorkbook

from analysis import client, files, simulation
from analysis.errors import RunError
from analysis.simulation import CANARIES, simulate, write_demo, write_exports
from analysis.simulation.demo import RECIPE_FILE
from analysis.simulation.exports import spelling
from analysis.simulation.sites import draw_roster

TINY = dataclasses.replace(
    simulation.DEMO,
    seed=3,
    n_sites=20,
    n_staff=80,
    invited=6.0,
    tickets_per_1000=3.0,
)


@pytest.fixture(scope="module")
def world():
    return simulate(TINY)


@pytest.fixture(scope="module")
def raw(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw")
    write_exports(world, folder)
    return folder


def test_equal_worlds_give_equal_bytes(raw, world, tmp_path):
    again = write_exports(simulate(TINY), tmp_path)
    assert [p.relative_to(tmp_path) for p in again] == sorted(
        p.relative_to(raw) for p in raw.rglob("*") if p.is_file()
    )
    for path in again:
        assert path.read_bytes() == (raw / path.relative_to(tmp_path)).read_bytes(), path.name


def test_work_orders_are_gb18030_with_title_blank_row_and_total(raw, world):
    paths = sorted((raw / "工单").glob("*.csv"))
    assert [p.name for p in paths] == [f"工单导出_{y}.csv" for y in (2023, 2024, 2025)]
    text = paths[1].read_bytes().decode("gb18030")
    with pytest.raises(UnicodeDecodeError):
        paths[1].read_bytes().decode("gbk")  # 𠮷 and 㐂 lie outside GBK
    lines = text.split("\r\n")
    assert lines[0] == "工单导出 2024年"
    assert lines[1] == ""
    assert lines[2].startswith("工单号,")
    assert lines[-2].startswith("合计,")


def test_dates_come_in_five_spellings(raw):
    text = (raw / "工单" / "工单导出_2024.csv").read_bytes().decode("gb18030")
    for pattern in (
        r"2024-\d\d-\d\d \d\d:\d\d:00",
        r"2024/\d{1,2}/\d{1,2} \d{1,2}:\d\d,",
        r"2024\.\d{1,2}\.\d{1,2} \d{1,2}:\d\d",
        r"2024年\d{1,2}月\d{1,2}日 [上下]午\d{1,2}:\d\d",
        r"2024-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    ):
        assert re.search(pattern, text), pattern


def test_fee_ledger_has_a_merged_header_of_two_rows_and_subtotals(raw):
    book = CalamineWorkbook.from_path(str(raw / "收费" / "收缴率报表.xlsx"))
    assert book.sheet_names == ["2023年", "2024年", "2025年"]
    rows = book.get_sheet_by_name("2024年").to_python()
    assert rows[1][3:11] == ["本期", "", "", "", "", "前期", "", ""]
    assert rows[2][3:7] == ["应收", "减免", "实收", "优质客户实收"]
    assert rows[2][7:11] == ["收缴率", "应收", "实收", "收缴率"]
    assert sum(row[0] == "小计" for row in rows) == TINY.n_sites
    assert rows[-1][0] == "合计"


def test_files_called_xls_are_text_and_html(raw):
    lms = (raw / "培训" / "LMS学习记录.xls").read_bytes()
    assert lms[:2] in (b"\xff\xfe", b"\xfe\xff")
    assert "\t工号\t" in lms.decode("utf-16")
    assert (raw / "收费" / "合同到期台账.xls").read_text(encoding="utf-8").startswith("<html")


def test_questionnaires_are_wide_with_codes_and_resubmissions(raw, world):
    text = (raw / "满意度问卷" / "问卷_2024.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    lines = text.decode("utf-8-sig").strip().split("\r\n")
    numbers = [line.split(",")[6] for line in lines[1:]]
    assert len(numbers) > len(set(numbers))
    assert "９" in text.decode("utf-8-sig")
    assert any(",-2," in line or ",-3," in line for line in lines)
    later = (raw / "满意度问卷" / "问卷_2025.csv").read_text(encoding="utf-8-sig")
    assert "比较满意" in later
    assert "比较满意" not in text.decode("utf-8-sig")


def test_canaries_are_planted(raw):
    found = b"".join(p.read_bytes() for p in raw.rglob("*.csv"))
    for name, phone in CANARIES[10:]:
        assert name.encode("gb18030") in found
        assert phone.encode() in found
    roster = CalamineWorkbook.from_path(str(raw / "人事" / "员工花名册.xlsx"))
    cells = str(roster.get_sheet_by_index(0).to_python())
    assert all(name in cells and phone in cells for name, phone in CANARIES[:10])
    assert len({name for name, _ in CANARIES}) == len({phone for _, phone in CANARIES}) == 20


def test_ratings_are_coded_from_best_to_worst(raw, world):
    text = (raw / "行为评估" / "360评价.csv").read_bytes().decode("gb18030")
    first = [int(cell) for cell in text.split("\r\n")[1].split(",")[-6:]]
    truth = world.tables["ratings"]["score"].iloc[:6].astype(int)
    assert first == list(6 - truth)


@pytest.mark.parametrize(
    ("amount", "row", "written"),
    [(54000.0, 3, "5.4万"), (1234.5, 1, "￥1,234.50"), (1234.5, 2, "1,234.50"), (21.0, 0, 21.0)],
)
def test_amounts_lose_nothing(amount, row, written):
    assert spelling.money([amount] * 4)[row] == written


def test_client_file_knows_every_site_of_the_demo():
    described = client.load(files.project_root() / "data" / "demo")
    names = set(draw_roster(simulation.DEMO).sites["site_name"])
    assert set(described.aliases["sites"].values()) <= names  # the others are called by their id
    assert set(spelling.SITE_ALIASES.values()) <= names
    assert described.client.simulated
    assert {f"C{i}" for i in range(1, 18)} == set(described.choices)


def test_client_file_declares_the_simulated_instruments(world):
    described = client.load(files.project_root() / "data" / "demo")
    simulated = {
        (r.instrument, r.item): (r.wording, r.dimension, r.role, r.scale_min, r.scale_max)
        for r in world.tables["instruments"].itertuples()
    }
    declared = {
        (name, item): (
            entry.wording,
            entry.dimension,
            entry.role,
            instrument.scale_of(item).min,
            instrument.scale_of(item).max,
        )
        for name, instrument in described.instruments.items()
        for item, entry in instrument.items.items()
    }
    assert declared == simulated


def test_write_demo_writes_once_and_never_over_foreign_files(tmp_path):
    few = dataclasses.replace(TINY, families=("programme",))
    folder = tmp_path / "data" / "demo"
    folder.mkdir(parents=True)
    with pytest.raises(RunError, match=r"no client\.yml"):
        write_demo(tmp_path, few)
    (folder / "client.yml").write_text("client: {}\n", encoding="utf-8")
    assert write_demo(tmp_path, few)
    assert not write_demo(tmp_path, few)
    assert (folder / "truth.json").is_file()
    assert write_demo(tmp_path, dataclasses.replace(few, seed=4))
    assert {p.name for p in (tmp_path / "data").iterdir()} == {"demo"}
    (folder / "raw" / RECIPE_FILE).unlink()
    with pytest.raises(RunError, match="did not write"):
        write_demo(tmp_path, few)
