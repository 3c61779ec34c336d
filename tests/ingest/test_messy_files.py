"""However messily a tidy table is written: it is read as it was, or refused with its place."""

from __future__ import annotations

import pytest
from messy import MESSES, example, judge, random_kinds

SEED = 3
TOGETHER = range(12)
"""Seeds of examples with one to three messes; benchmarks/messy_files.py makes thousands."""


@pytest.mark.parametrize("name", MESSES)
def test_a_mess_alone(name, tmp_path):
    mess = MESSES[name]
    table = mess.tables[SEED % len(mess.tables)]
    verdict = judge(example(table, (name,), SEED), tmp_path)
    assert verdict.right, verdict


@pytest.mark.parametrize("seed", TOGETHER)
def test_messes_together(seed, tmp_path):
    table, kinds = random_kinds(seed)
    verdict = judge(example(table, kinds, seed), tmp_path)
    assert verdict.right, (table, kinds, verdict)


MEANT_TO_BE_READ = (
    "full_width", "thousands", "text_numbers", "odd_spaces", "apostrophes", "date_spellings",
    "split_time", "months_as_sheets", "months_as_files", "sites_as_files", "other_order",
    "total_at_top", "merged_sites", "blank_lines", "header_again", "hidden_lines", "titles",
    "odd_headers", "csv_gbk", "tsv_utf16", "html", "xml", "parquet",
)  # fmt: skip


@pytest.mark.parametrize("name", MEANT_TO_BE_READ)
def test_what_every_client_sends_is_read_and_not_refused(name, tmp_path):
    table = MESSES[name].tables[0]
    assert judge(example(table, (name,), 1), tmp_path).outcome == "equal"


def test_a_wrong_value_and_a_lost_row_are_noticed(tmp_path):
    export = example("fees", (), 0)
    assert judge(export, tmp_path).outcome == "equal"
    export.truth[0]["collected"] += 0.01
    assert judge(export, tmp_path).outcome == "unequal"
    export = example("tickets", (), 0)
    export.truth.append({**export.truth[0], "ticket_id": "another"})
    assert judge(export, tmp_path).outcome == "unequal"


def test_an_example_is_settled_by_its_seed(tmp_path):
    first, second = (example("fees", ("month_spellings", "totals_between"), 5) for _ in range(2))
    assert [s.lines for s in first.sheets] == [s.lines for s in second.sheets]
    assert first.source == second.source
