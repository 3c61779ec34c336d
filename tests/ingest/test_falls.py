"""An export that suddenly holds fewer rows is asked about, not taken."""

from __future__ import annotations

import pytest

from analysis import ingest
from analysis.errors import InputError
from analysis.ingest.falls import beyond_chance

SOURCE = """
sources:
  - table: sites
    inline: [{site_id: P01, site_name: 城市花园}]
  - table: tickets
    files: ["工单*.csv"]
    columns: {ticket_id: 单号, site_id: 项目, opened_at: 时间}
    constants: {kind: complaint}
"""
FEWER = "    accept: [{rule: %s, max_rows: %d, reason: 物业已确认}]\n"


def orders(first, count):
    rows = [
        f"T{n},P01,2024-{n % 12 + 1:02d}-03 09:00:{n % 60:02d}" for n in range(first, first + count)
    ]
    return "单号,项目,时间\n" + "\n".join(rows) + "\n"


def imported(bench, run, text=SOURCE):
    return ingest.ingest(bench.client(text), bench.root / f"reports/acme/{run}/canonical")


def refused(bench, text=SOURCE):
    with pytest.raises(InputError) as told:
        imported(bench, "refused", text)
    return [f for f in told.value.faults if f.rule in ("rows_fell", "files_gone")]


def test_a_half_sized_export_is_told_with_both_counts(bench):
    bench.put("工单.csv", orders(0, 40))
    imported(bench, "first")
    bench.put("工单.csv", orders(0, 20))
    [told] = refused(bench)
    assert (told.rule, told.file) == ("rows_fell", "raw/工单.csv")
    assert (told.params["before"], told.params["now"]) == (40, 20)
    assert told.params["record"] == "reports/acme/first/canonical/ingest.json"
    assert "max_rows: 20" in told.example


def test_a_header_alone_is_told(bench):
    bench.put("工单.csv", orders(0, 12))
    imported(bench, "first")
    bench.put("工单.csv", orders(0, 0))
    assert refused(bench)[0].params["now"] == 0


def test_one_file_of_many_is_compared_with_itself(bench):
    for month in range(24):
        bench.put(f"工单{month:02d}.csv", orders(month * 30, 30))
    imported(bench, "first")
    bench.put("工单07.csv", orders(210, 9))
    bench.put("工单24.csv", orders(720, 60))
    [told] = refused(bench)
    assert (told.file, told.params["now"]) == ("raw/工单07.csv", 9)


def test_a_file_that_is_gone_is_named_however_few_its_rows(bench):
    bench.put("工单1.csv", orders(0, 200))
    bench.put("工单2.csv", orders(200, 3))
    imported(bench, "first")
    (bench.raw / "工单2.csv").unlink()
    [told] = refused(bench)
    assert (told.rule, told.params["files"]) == ("files_gone", "raw/工单2.csv")


def test_an_export_that_came_shorter_under_another_name_is_told(bench):
    bench.put("工单1.csv", orders(0, 600))
    bench.put("工单2.csv", orders(600, 200))
    imported(bench, "first")
    (bench.raw / "工单2.csv").unlink()
    bench.put("工单_下半年.csv", orders(600, 100))
    [told] = refused(bench)
    assert (told.rule, told.params["before"], told.params["now"]) == ("files_gone", 200, 100)


def test_each_fall_may_have_a_word_of_its_own(bench):
    for name, first, count in (
        ("工单1.csv", 0, 100),
        ("工单2.csv", 100, 60),
        ("工单3.csv", 160, 40),
    ):
        bench.put(name, orders(first, count))
    imported(bench, "first")
    bench.put("工单1.csv", orders(0, 40))
    bench.put("工单2.csv", orders(100, 25))
    (bench.raw / "工单3.csv").unlink()
    lost = {(f.rule, f.params["lost"]) for f in refused(bench)}
    assert lost == {("rows_fell", 60), ("rows_fell", 35), ("files_gone", 40)}
    words = ", ".join(
        f"{{rule: {rule}, max_rows: {rows}, reason: 物业已确认}}" for rule, rows in sorted(lost)
    )
    record = imported(bench, "second", f"{SOURCE}    accept: [{words}]\n")
    assert {(a.rule, a.rows) for a in record.tables["tickets"].sources[0].accepted} == lost


@pytest.mark.parametrize(
    "now",
    [
        pytest.param({"工单.csv": 43}, id="grown"),
        pytest.param({"工单.csv": 38}, id="corrected"),
        pytest.param({"工单_2024.csv": 41}, id="renamed"),
        pytest.param({"工单.csv": 40, "工单2.csv": 5}, id="delivered in parts"),
        pytest.param({"工单_1.csv": 20, "工单_2.csv": 20}, id="parted anew"),
    ],
)
def test_what_happens_every_week_is_not_told(bench, now):
    bench.put("工单.csv", orders(0, 40))
    imported(bench, "first")
    (bench.raw / "工单.csv").unlink()
    first = 0
    for name, count in now.items():
        bench.put(name, orders(first, count))
        first += count
    imported(bench, "second")


def test_the_client_s_word_is_recorded_and_asked_for_again_when_more_is_gone(bench):
    bench.put("工单.csv", orders(0, 40))
    imported(bench, "first")
    bench.put("工单.csv", orders(0, 20))
    record = imported(bench, "second", SOURCE + FEWER % ("rows_fell", 20))
    [accepted] = record.tables["tickets"].sources[0].accepted
    assert (accepted.rule, accepted.rows, accepted.reason) == ("rows_fell", 20, "物业已确认")
    unused = ingest.check(bench.client(SOURCE + FEWER % ("rows_fell", 20)))
    assert [f.rule for f in unused] == ["accept_unused"]
    bench.put("工单.csv", orders(0, 5))
    with pytest.raises(InputError) as told:
        imported(bench, "third", SOURCE + FEWER % ("rows_fell", 10))
    assert [f.rule for f in told.value.faults] == ["accept_exceeded"]
    assert told.value.faults[0].params["rows"] == 15


def test_a_source_of_another_name_is_the_only_one_of_its_table_still(bench):
    bench.put("工单.csv", orders(0, 40))
    imported(bench, "first")
    bench.put("工单.csv", orders(0, 15))
    assert refused(bench, SOURCE.replace('"工单*.csv"', '"工*.csv"'))


@pytest.mark.parametrize("damage", ["", "{", "{}", "[]", '{"sources": 1}'])
def test_a_damaged_record_is_told_and_leaves_the_word_to_the_one_before(bench, damage):
    bench.put("工单.csv", orders(0, 40))
    imported(bench, "first")
    imported(bench, "second")
    place = "reports/acme/second/canonical/ingest.json"
    (bench.root / place).write_text(damage, encoding="utf-8")
    [told] = ingest.check(bench.client(SOURCE))
    assert (told.rule, told.file, told.blocking) == ("import_unreadable", place, False)
    bench.put("工单.csv", orders(0, 15))
    assert refused(bench)[0].params["record"].split("/")[2] == "first"


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (10_000, 9_700, False),  # three standard deviations
        (10_000, 9_600, True),  # four
        (10, 5, True),
        (9, 4, False),
        (9, 1, False),
        (1, 0, True),
        (5, 5, False),
        (0, 0, False),
    ],
)
def test_chance_is_a_poisson_count_and_half_is_told_from_ten_rows(before, now, told):
    assert beyond_chance(before, now) is told
