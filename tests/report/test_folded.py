"""What a page shows at once, and what it folds under a line that says what is there."""

import pandas as pd
import pytest

from analysis import wording
from analysis.present import MIME, Display, cards, holds
from analysis.report.notebook import Section
from analysis.results import Check, Estimate, Topic

COLUMNS = {"tier": ("report.column.tier", "label:terms.tier"), "n": ("terms.observations", "int")}
TABLE = pd.DataFrame({"tier": ["frontline", "middle"], "n": [12, 30]})


def check(status):
    return Check(id=f"a.{status}", topic=Topic.CHART, question="report.no_alert", status=status)


def section(place, language="en"):
    """A section with a table and two checks, as a page writes it."""
    shown = []
    show = Display("en", publish=shown.append)
    show.section("report.contents", place=place)
    show.table(TABLE, caption="report.no_task", columns=COLUMNS, fold=True)
    show.checks([check("failed"), check("passed")])
    head, *inside = [bundle[MIME] for bundle in shown]
    found = Section("a", "b", folded=head["folded"])
    for output in (head, *inside):
        found.show(output, language)
    return found.html(language)


def test_a_folded_section_says_what_it_holds_and_what_failed():
    html = section("folded")
    line = html[: html.index("</summary>")]
    assert "1 table (2 rows), checks: 1 failed, 1 passed" in line
    assert html.count("<details") == 1
    assert " open" not in html


def test_the_line_in_chinese():
    assert "1 张表（2 行）、检查：1 项未通过、1 项通过" in section("folded", "zh_CN")


def test_an_open_section_folds_what_is_no_key_exhibit():
    html = section("open")
    assert html.startswith("<h2")
    assert "(2 rows)</summary>" in html
    assert "Checks: 1 failed, 1 passed</summary>" in html


def test_the_answer_is_shown_as_a_whole():
    assert "<details" not in section("answer")


def test_sentences_alone_are_not_folded():
    found = Section("a", "b", ["<h2>b</h2>", "<p>c</p>"], folded=True)
    assert "<details" not in found.html("en")


def test_what_somebody_added_stays_in_view():
    found = Section("a", "b", ["<h2>b</h2>"], folded=True)
    found.holds.update(tables=1, rows=2)
    found.add("<p>mine</p>")
    assert found.html("en").endswith("</details>\n<p>mine</p>")


def test_states_that_do_not_occur_are_not_told():
    assert holds.by_state([check("passed")], "en") == ["1 passed"]


@pytest.mark.parametrize("cards_shown", range(2, 25))
def test_no_key_figure_is_left_alone_in_a_row(cards_shown):
    side_by_side = cards._in_a_row(cards_shown)
    assert cards_shown % side_by_side != 1 or cards_shown == 1


def test_key_figures_of_which_none_is_known_are_left_out_and_the_reason_told():
    shown: list[dict] = []
    show = Display("en", publish=shown.append)
    nothing = Estimate(
        id="a",
        estimand="mean",
        unit="share",
        value=None,
        n=0,
        method="mean",
        reason="report.no_alert",
    )
    show.kpis([nothing, ("terms.sites", nothing)])
    (told,) = shown
    assert told["text/html"] == '<p class="note">Sites: No alert was raised in this period.</p>'
    shown.clear()
    show.kpis([nothing])
    assert shown[0]["text/html"] == '<p class="note">No alert was raised in this period.</p>'


def test_a_figure_is_titled_by_its_first_sentence():
    from analysis.present import sentences

    assert sentences.first("Of 60 sites, 0.5% fell. The rest did not.", "en") == (
        "Of 60 sites, 0.5% fell"
    )
    assert sentences.first("60 个项目中，1 个低于控制限。其余正常。", "zh_CN") == (
        "60 个项目中，1 个低于控制限"
    )
    assert wording.has("report.total")
