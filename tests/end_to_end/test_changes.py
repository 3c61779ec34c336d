"""Two runs of a small client: what moved, what went in differently, and what did not."""

import dataclasses
import datetime as dt
import shutil

import pytest
from in_process import run_here
from lxml import html
from one_truth import differing, shown
from ruamel.yaml import YAML
from small_client import NAME, SMALL, write_client

from analysis import results
from analysis.report import open_run
from analysis.report.changes import since

CLIENT = dataclasses.replace(
    SMALL, seed=5, n_sites=8, n_staff=60, wave_months=(dt.date(2023, 11, 1),),
    n_late=0, n_spill_over=0,
)  # fmt: skip


def change_settings(root):
    path = root / "data" / NAME / "client.yml"
    document = YAML().load(path.read_text(encoding="utf-8"))
    document["min_cell"] = 9
    document["privacy"]["purpose"] = "another purpose"
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(document, file)


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    client = write_client(tmp_path_factory.mktemp("twice"), CLIENT)
    first = run_here(client)
    assert first.state == "complete", first.error
    once = {p.name: p.read_text(encoding="utf-8") for p in first.folder.glob("*/changes.html")}
    change_settings(client.root)
    survey = next(p for p in sorted(client.raw.rglob("*.csv")) if "问卷" in p.name)
    lines = survey.read_bytes().splitlines(keepends=True)
    survey.write_bytes(b"".join(lines[:-3]))
    found = results.load("value", first.folder / "results").table("action_decisions")
    decided = found.head(1).assign(state="done", decided_on="2024-12-01")
    decided.to_csv(client.root / "data" / NAME / "actions.csv", index=False)
    second = run_here(client)
    assert second.state == "complete", second.error
    return once, first.folder, second.folder, survey.name


def page(run, language, name="changes"):
    text = (run / language / f"{name}.html").read_text(encoding="utf-8")
    return html.fromstring(text.encode())


def words(tree):
    return " ".join(tree.find(".//main").text_content().split())


def test_a_first_run_says_that_there_is_nothing_to_compare_with(twice):
    once, *_ = twice
    assert any("首次完整运行" in text or "first complete run" in text for text in once.values())


def test_settings_are_told_by_line_with_what_they_said_and_people_are_not(twice):
    _, first, second, _ = twice
    changed = since(open_run(second))
    assert changed.before.folder == first
    told = {name: (old.value, new.value) for name, old, new in changed.settings}
    assert told["min_cell"] == ("8", "9")
    assert told["privacy.purpose"] == (None, None)
    for language, hidden in (("zh", "不显示"), ("en", "not shown")):
        tree = page(second, language)
        rows = {
            row.findtext("th"): [td.text for td in row.findall("td")]
            for row in tree.iterfind(".//*[@id='changes-settings-table']//tbody/tr")
        }
        line = int(rows["min_cell"][0])
        text = (second.parents[2] / "data" / NAME / "client.yml").read_text(encoding="utf-8")
        assert text.splitlines()[line - 1].startswith("min_cell: 9")
        assert rows["min_cell"][1:] == ["9", "8"]
        assert rows["privacy.purpose"][1:] == [hidden, hidden]


def test_data_are_told_by_file_table_and_month(twice):
    *_, second, survey = twice
    changed = since(open_run(second))
    assert [name for name in changed.files["changed"] if name.endswith(survey)]
    assert changed.files["new"] == changed.files["gone"] == []
    (rows,) = [found for found in changed.rows if found.table == "surveys"]
    assert rows.now < rows.before
    assert rows.months
    assert {found.table for found in changed.rows} <= {"surveys", "survey_texts"}


def test_the_program_is_the_same_and_the_page_says_so(twice):
    *_, second, _ = twice
    changed = since(open_run(second))
    assert changed.causes == ("data", "settings")
    assert "数据、设置" in words(page(second, "zh")).split("：", 1)[1][:200]
    assert "Program, packages and options are the same." in words(page(second, "en"))


def test_key_figures_are_those_of_the_other_pages_and_of_the_run_before(twice):
    _, first, second, _ = twice
    assert differing(shown(second)) == {}
    tree = page(second, "en")
    rows = tree.findall(".//*[@id='changes-figures-table']//tbody/tr")
    assert len(rows) > 5
    before = {of: texts for (lang, of, part), texts in shown(first).items()
              if lang == "en" and part == "value"}  # fmt: skip
    for row in rows:
        told = row.findall("td")[2].text_content().removeprefix("was ").partition(" (")[0]
        if told not in ("—", "‡"):
            assert told in before[row.get("data-of")]


def test_alerts_and_actions_of_both_runs_are_counted(twice):
    _, first, second, _ = twice
    changed = since(open_run(second))
    old, new = (results.load("monitoring", run / "results").alerts for run in (first, second))
    sizes = {kind: len(found) for kind, found in changed.alerts.items()}
    assert sizes["new"] + sizes["still"] == len(new)
    assert sizes["gone"] + sizes["still"] == len(old)
    before, now = changed.actions
    assert set(before) == {"proposed"}
    assert now.get("done", 0) + now.get("done_late", 0) == 1
    brief = words(page(second, "en", "index"))
    assert "Against the last report" in brief
    assert page(second, "zh", "index").find(".//a[@href='changes.html']") is not None


def test_what_is_damaged_before_stops_nothing(twice, tmp_path):
    _, first, second, _ = twice
    home = tmp_path / "reports" / NAME
    shutil.copytree(first, home / first.name)
    shutil.copytree(second, home / second.name)
    (home / first.name / "manifest.json").write_text("{", encoding="utf-8")
    assert since(open_run(home / second.name)) is None
