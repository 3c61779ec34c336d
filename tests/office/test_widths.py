"""Columns of documents and slides: no word breaks while another column can give way."""

import pytest

from analysis.office.widths import letters, room_of, shares, unbroken

PRICED = [
    ["Indicator", "Improvement", "Price", "Margin", "Amount", "Interval of the amount"],
    [
        "Complaints per 1,000 household-months",
        "2.27",
        "CNY 0.50 per household-month",
        "100%",
        "CNY 403 thousand",
        "CNY 239 thousand to CNY 577 thousand",
    ],
]


@pytest.mark.parametrize("size", [9, 11])
def test_headings_keep_their_words_whole(size):
    room = room_of(6.3, size)
    widths = [part * room for part in shares(PRICED, room)]
    assert sum(widths) == pytest.approx(room)
    for width, heading in zip(widths, PRICED[0], strict=True):
        assert width > max(letters(word) for word in heading.split())
    assert widths[0] > letters("Complaints")


def test_an_amount_stays_on_one_line_where_there_is_room():
    room = room_of(12.3, 10)
    widths = [part * room for part in shares(PRICED, room)]
    assert widths[4] > letters("CNY 403 thousand")


def test_what_must_not_break_grows_with_its_longest_word():
    assert unbroken([["Sites"], ["12"]]) < unbroken([["Improvement"], ["12"]])
    assert unbroken([["项目数"], ["60"]]) == unbroken([["a"], ["60"]])
