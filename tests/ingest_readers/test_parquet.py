"""Parquet: told by its bytes, cells as text, gaps kept, what cannot be a cell refused."""

import datetime as dt

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.errors import InputError
from analysis.ingest.readers import read


def test_cells_are_text_as_in_other_exports(tmp_path):
    table = pa.table(
        {
            "项目": pa.array(["A", None, "B"]).dictionary_encode(),
            "户数": pa.array([120, None, 7], pa.int16()),
            "日期": pa.array([dt.date(2024, 3, 5)] * 3),
            "时间": pa.array([dt.datetime(2024, 3, 5, 9, 30)] * 3, pa.timestamp("s")),
            "是否": pa.array([True, False, None]),
        }
    )
    path = tmp_path / "export.data"  # whatever it is called
    pq.write_table(table, path)
    (found,) = read(path)
    assert found.source.format == "parquet"
    assert found.source.header_rows == (1,)
    assert found.row_numbers.tolist() == [2, 3, 4]
    assert found.frame["户数"].tolist()[::2] == ["120", "7"]
    assert pd.isna(found.frame["户数"][1])
    assert pd.isna(found.frame["项目"][1])
    assert found.frame["日期"][0] == "2024-03-05"
    assert found.frame["时间"][0] == "2024-03-05 09:30:00"
    assert found.frame["是否"].tolist()[:2] == ["true", "false"]
    assert not found.faults


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (pa.table({"a": pa.array([[1, 2], [3]])}), "column_nested"),
        (pa.table({"a": pa.array([], pa.int64())}), "file_empty"),
    ],
)
def test_what_is_no_table_of_cells_is_refused(tmp_path, content, rule):
    pq.write_table(content, tmp_path / "x.parquet")
    with pytest.raises(InputError) as caught:
        read(tmp_path / "x.parquet")
    assert [fault.rule for fault in caught.value.faults] == [rule]


def test_half_a_file_is_damaged(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": [1, 2]}), path)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(InputError) as caught:
        read(path)
    assert [fault.rule for fault in caught.value.faults] == ["file_damaged"]
