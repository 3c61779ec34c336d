"""The keys ``true`` and ``false`` of a column are read as documented, quoted or not."""

import pytest

from analysis.client.sources import ColumnMap
from analysis.client.yaml_text import load_with_lines


@pytest.mark.parametrize("quote", ["", "'"])
def test_spellings_of_yes_and_no(quote):
    text = f"from: 签到\n{quote}true{quote}: [已签到]\n{quote}false{quote}: [缺勤, 请假]\n"
    column = ColumnMap.model_validate(load_with_lines(text))
    assert (column.true, column.false) == (("已签到",), ("缺勤", "请假"))
