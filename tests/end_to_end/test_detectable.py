"""The smallest effect that can be found, told by `new`, `check` and `lock` before any run."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from click.testing import CliRunner
from small_client import NAME, SMALL, write_client

from analysis import wording, workspace
from analysis.cli import main
from analysis.simulation import simulate
from analysis.workspace.inputs import detectable

HEADERS = {
    "sites": {"site_id": "项目编码", "site_name": "项目名称", "households": "户数"},
    "waves": {
        "site_id": "项目编码",
        "wave": "批次",
        "arm": "组别",
        "planned_start": "计划开班日期",
        "assigned_by": "分组方式",
    },
    "tickets": {
        "ticket_id": "工单号",
        "site_id": "所属项目",
        "kind": "工单类型",
        "opened_at": "创建时间",
    },
}
WORDS = {
    "treated": "参训组",
    "comparison": "对照组",
    "randomised": "抽签",
    "complaint": "投诉",
    "repair": "报修",
    "enquiry": "咨询",
    "praise": "表扬",
}


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    world = simulate(SMALL)
    for table, headers in HEADERS.items():
        frame = world.tables[table][list(headers)].rename(columns=headers).copy()
        for column in ("组别", "分组方式", "工单类型"):
            if column in frame:
                frame[column] = frame[column].map(WORDS)
        if "创建时间" in frame:
            opened = frame["创建时间"].dt.tz_convert("Asia/Shanghai")
            frame["创建时间"] = opened.dt.strftime("%Y-%m-%d %H:%M")
        frame.to_csv(folder / f"{table}.csv", index=False, encoding="utf-8-sig")
    return folder


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CRMEVAL_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def said(*arguments, language="en"):
    spoken = language.partition("_")[0]
    found = CliRunner().invoke(main, ["--lang", spoken, *map(str, arguments)])
    assert found.exception is None or isinstance(found.exception, SystemExit), found.output
    return found.output


def shown(text, language):
    rows = {}
    for name in ("month_before", "all_before", "lottery"):
        label = wording.text(f"design.estimator.{name}", language)
        line = next(line for line in text.splitlines() if label in line)
        rows[name] = [cell.strip() for cell in re.split(r"[│|]", line) if cell.strip()]
    return rows


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_new_shows_the_smallest_effect_by_what_leads(home, exports, language):
    text = said("new", "acme", *sorted(exports.glob("*.csv")), language=language)
    rows = shown(text, language)
    assert wording.indicator_title("complaints_per_1000", language) in text
    sizes = {name: float(re.search(r"[\d.]+", row[1])[0]) for name, row in rows.items()}
    assert sizes["lottery"] < sizes["month_before"]
    assert rows["month_before"][2] == "100%"
    assert rows["lottery"][-1] == wording.text("design.lead.true", language)  # drawn by lot
    assert (home / "data" / "acme" / "client.yml").is_file()


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [("waves", "no_waves"), ("sites", "no_sites"), ("tickets", "no_outcome")],
)
def test_new_says_in_one_line_what_is_lacking(home, exports, left_out, reason):
    files = [path for path in sorted(exports.glob("*.csv")) if path.stem != left_out]
    text = said("new", "acme", *files)
    lines = [line for line in text.splitlines() if "smallest effect" in line.lower()]
    assert lines == [
        wording.text(
            "cli.detectable.lacking", "en", reason=wording.text(f"cli.detectable.{reason}", "en")
        )
    ]


def test_what_is_still_to_be_decided_is_named(home, exports, tmp_path):
    strange = tmp_path / "waves.csv"
    frame = pd.read_csv(exports / "waves.csv").replace({"组别": {"参训组": "甲", "对照组": "乙"}})
    frame.to_csv(strange, index=False, encoding="utf-8-sig")
    text = said("new", "acme", exports / "sites.csv", exports / "tickets.csv", strange)
    assert "still undecided: waves.arm" in text


def test_rows_that_cannot_be_read_are_not_passed_over(home, exports, tmp_path):
    strange = tmp_path / "tickets.csv"
    frame = pd.read_csv(exports / "tickets.csv").assign(创建时间="someday")
    frame.to_csv(strange, index=False, encoding="utf-8-sig")
    text = said("new", "acme", exports / "sites.csv", exports / "waves.csv", strange)
    assert "tickets.csv: 创建时间" in text


def test_lock_and_check_show_what_the_design_page_shows(home):
    made = write_client(home, SMALL)
    text = said("check", NAME)
    rows = shown(text, "en")
    locked = shown(said("lock", NAME, "plan"), "en")
    assert rows == locked
    stage = workspace.open_stage("design", client=NAME)
    page = detectable.of_stage(stage)
    assert page.indicator == stage.primary
    assert page.table["leads"].sum() == 1
    assert (made.root / "data" / NAME / "locks").is_dir()
