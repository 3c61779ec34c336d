"""Every published value about measurement is asked for by a test of this room."""

from pathlib import Path

MEASUREMENT = {
    "aapor_12",
    "alpha_pingouin",
    "cfa_HS",
    "cfa_HS_semopy",
    "icc_shrout_fleiss",
    "item_stats_bfi_agree",
    "krippendorff_4obs",
    "newcombe_diff",
    "wilson",
}
OTHER_ROOMS = {
    "did_kielmc",
    "jtrain_fd",
    "km_lung",
    "lalonde_experiment",
    "lalonde_naive",
    "logrank_lung",
    "p_chart",
}


def test_each_entry_has_a_test_or_another_room(reference):
    assert set(reference) == MEASUREMENT | OTHER_ROOMS
    here = [p for p in Path(__file__).parent.glob("test_*.py") if p != Path(__file__)]
    text = "".join(path.read_text(encoding="utf-8") for path in here)
    assert [name for name in sorted(MEASUREMENT) if f'reference["{name}"]' not in text] == []
