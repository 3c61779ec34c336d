"""A lottery counts where it is declared and the waves are those of the kept draw."""

import pandas as pd
import pytest

from analysis.design import assign_balanced, audit_lottery

SITES = pd.DataFrame(
    {
        "site_id": [f"s{i}" for i in range(12)],
        "property_type": ["flats", "offices"] * 6,
        "households": range(100, 1300, 100),
    }
)


@pytest.fixture
def drawn():
    return assign_balanced(SITES, waves=2, comparison_share=0.5, seed=4)


def waves_of(drawn):
    return drawn[["site_id", "wave"]].assign(assigned_by="randomised")


def test_waves_as_drawn_agree_and_bring_their_strata(drawn):
    table, audit = drawn
    found = audit_lottery(waves_of(table), declared=True, drawn=table, audit=audit)
    assert (found.verdict, found.holds, found.check().status) == ("agrees", True, "passed")
    assert set(found.strata.values()) == {"flats", "offices"}


def test_a_site_moved_after_the_draw_ends_the_lottery(drawn):
    table, audit = drawn
    moved = waves_of(table)
    moved.loc[moved["site_id"] == "s3", "wave"] = 9
    found = audit_lottery(moved, declared=True, drawn=table, audit=audit)
    assert (found.verdict, found.holds, found.sites) == ("differs", False, ("s3",))
    assert found.check().status == "failed"


def test_a_site_that_was_not_in_the_draw_ends_the_lottery(drawn):
    table, audit = drawn
    more = pd.DataFrame({"site_id": ["new"], "wave": [1], "assigned_by": ["randomised"]})
    waves = pd.concat([waves_of(table), more], ignore_index=True)
    assert audit_lottery(waves, declared=True, drawn=table, audit=audit).sites == ("new",)


def test_a_draw_changed_afterwards_is_no_lottery(drawn):
    table, audit = drawn
    changed = table.assign(wave=table["wave"].to_numpy()[::-1])
    for kept in (audit, None):
        found = audit_lottery(waves_of(changed), declared=True, drawn=changed, audit=kept)
        assert (found.verdict, found.holds) == ("altered", False)


def test_without_a_kept_draw_the_declaration_counts_and_is_said(drawn):
    found = audit_lottery(waves_of(drawn[0]), declared=True)
    assert (found.verdict, found.holds) == ("not_kept", True)
    assert found.check().reason == "design.check.lottery.not_kept"


def test_what_is_not_declared_is_no_lottery(drawn):
    table, audit = drawn
    chosen = waves_of(table)
    chosen.loc[chosen.index[chosen["wave"] > 0][0], "assigned_by"] = "management"
    asked = [(chosen, True), (waves_of(table), False), (waves_of(table).assign(wave=0), True)]
    for waves, declared in asked:
        found = audit_lottery(waves, declared=declared, drawn=table, audit=audit)
        assert (found.verdict, found.holds) == ("undeclared", False)
