"""Direct identifiers are recognised as people write them, and hardly anything else is."""

from __future__ import annotations

import random
import runpy
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from analysis.ingest.identifiers_seen import SUSPICIOUS, identifier_kind, without_identifiers
from analysis.ingest.privacy import personal_values

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "identifiers.py"


@pytest.fixture(scope="module")
def measured():
    return runpy.run_path(str(BENCHMARK), run_name="loaded")


@pytest.mark.parametrize("seed", [1, 2])
def test_recall_and_false_alarms(measured, seed):
    rng = random.Random(seed)
    found = list(measured["told"](measured["PERSONAL"], rng, 60, measured["AROUND"]))
    assert all(hits >= 0.9 * 60 for _, hits, _ in found), found
    assert sum(hits for _, hits, _ in found) >= 0.98 * 60 * len(found)
    wrong = list(measured["told"](measured["HARMLESS"], rng, 60, ("{}",)))
    assert sum(hits for _, hits, _ in wrong) <= 0.01 * 60 * len(wrong), wrong


def test_the_quick_look_misses_nothing(measured):
    rng = random.Random(3)
    values = pd.Series(
        [rng.choice(measured["AROUND"]).format(make(rng))
         for make in measured["PERSONAL"].values() for _ in range(60)]
    )  # fmt: skip
    kinds = personal_values(values.astype("string[pyarrow]"))
    missed = [v for v, kind in zip(values, kinds, strict=True)
              if pd.isna(kind) and identifier_kind(v)]  # fmt: skip
    assert missed == []


@pytest.mark.parametrize(
    "form",
    ["GD{:08d}", "WO20240305{:04d}", "H{}", "{:06d}", "P{:03d}", "2024-03-{:04d}", "万科{}号"],
)
def test_the_quick_look_passes_over_numbers_of_things(form):
    """Millions of them are looked at; a closer look takes microseconds each."""
    texts = pa.array([form.format(n * 7919 % 10_000) for n in range(1_000)])
    assert pc.sum(pc.match_substring_regex(texts, SUSPICIOUS)).as_py() == 0


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("+86 138-0013-8000", "phone"),
        ("１３８００１３８０００", "phone"),
        ("(010) 6555 1234转801", "landline"),
        ("110105 19491231 002X", "identity_card"),
        ("110105 491231 002", "identity_card"),
        ("6222 0212 3456 7890 128", "bank_card"),
        ("E12345678", "passport"),
        ("京A·12345", "licence_plate"),
        ("粤BD12345", "licence_plate"),
        ("fe80::1ff:fe23:4567:890a", "ip_address"),
        ("微信号：moonlight_77", "messenger_id"),
        ("扣扣283746152", "messenger_id"),
        ("202403050830001234", None),
        ("G20240305", None),
        ("京A座1201", None),
        ("09:08:00", None),
        ("400-820-8820", None),
        ("20261129T183912.512-98ab", None),
        ("3f2a1b13800138000c9de01", None),
        ("3.97 (n = 1,391)", None),
    ],
)
def test_kinds(text, kind):
    assert identifier_kind(text) == kind


def test_what_is_hidden_leaves_the_rest():
    assert without_identifiers("请联系13800138000，谢谢") == "请联系▇▇▇,谢谢"
    assert without_identifiers("工单_2024.xlsx") == "工单_2024.xlsx"
