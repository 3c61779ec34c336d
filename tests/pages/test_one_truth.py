"""Two values of one number on two pages of a run are found."""

from one_truth import differing, on_several_pages, shown


def test_two_values_of_one_number_are_found(tmp_path):
    row = '<table><tr data-of="x.att"><th>a</th><td>{}</td><td>{}</td></tr></table>'
    card = (
        '<dl><div class="kpi" data-of="x.att"><dt>a</dt><dd class="kpi-value">{}</dd>'
        '<dd class="kpi-note">95% interval: {}</dd></div></dl>'
    )
    (tmp_path / "en").mkdir()
    one, two = tmp_path / "en" / "one.html", tmp_path / "en" / "two.html"
    one.write_text(row.format("+0.15", "+0.10 to +0.20"), encoding="utf-8")
    two.write_text(card.format("+0.15", "+0.10 to +0.20"), encoding="utf-8")
    assert len(on_several_pages(shown(tmp_path))) == 2
    assert differing(shown(tmp_path)) == {}
    two.write_text(card.format("+0.15", "+0.10 to +0.21"), encoding="utf-8")
    assert list(differing(shown(tmp_path))) == [("en", "x.att", "interval")]


def test_a_cell_is_named_by_the_words_of_its_row_and_headings(tmp_path):
    table = "<table><thead><tr><th>Module</th><th>Passed</th></tr></thead><tbody>{}</tbody></table>"
    row = "<tr><td>{}</td><td>{}</td></tr>"
    (tmp_path / "en").mkdir()
    for page, rate, twice in (("a", "90.0%", "1"), ("b", "90.0%", "2"), ("c", "85.0%", "3")):
        rows = row.format("Law", rate) + row.format("All", twice) + row.format("All", "9")
        path = tmp_path / "en" / f"{page}.html"
        path.write_text(table.format(rows), encoding="utf-8")
    found = differing(shown(tmp_path))
    assert list(found) == [("en", "Module | Passed | Law", "Passed")]
    assert found["en", "Module | Passed | Law", "Passed"] == {
        "90.0%": {"a.html", "b.html"},
        "85.0%": {"c.html"},
    }
