"""A folder of Parquet files, parted by columns: the same tables and panel as from text."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis import indicators, ingest

CLIENT = """
sources:
  - table: sites
    inline: [{site_id: P01, site_name: 一号, households: 100}, {site_id: 望京, site_name: 二号, households: 90}]
  - table: tickets
    files: [FILES]
    columns:
      ticket_id: 单号
      site_id: 项目
      kind: {from: 类型, labels: {报修: repair, 投诉: complaint}}
      opened_at: 时间
      rating: 评分
    drop: {月份: not needed}
"""  # noqa: E501


@pytest.fixture
def orders() -> pd.DataFrame:
    times = pd.date_range("2024-01-03 08:00", periods=60, freq="5D4h")
    return pd.DataFrame(
        {
            "单号": [f"T{n}" for n in range(60)],
            "项目": ["P01", "望京"] * 30,
            "类型": ["报修", "投诉", "报修"] * 20,
            "时间": times.astype(str),
            "评分": [5, None, 3, 4] * 15,
            "月份": times.strftime("%Y-%m"),
        }
    ).astype({"评分": "Int64"})


def tables(bench, files):
    client = bench.client(CLIENT.replace("FILES", files))
    assert [f.rule for f in ingest.check(client) if f.rule != "file_unread"] == []
    folder = bench.root / files.split("*")[0].strip("/.").replace("/", "_")
    record = ingest.ingest(client, folder)
    panel = indicators.build_panel(
        {path.stem: path for path in folder.glob("*.parquet")},
        client_timezone="Asia/Shanghai",
        first=client.period.first_period,
        last=client.period.last_period,
    )
    read = pq.read_table(folder / "tickets.parquet").to_pandas().sort_values("ticket_id")
    return record, read.reset_index(drop=True), panel


@pytest.mark.parametrize("by", [["项目"], ["项目", "月份"], ["月份"]])
def test_a_partitioned_folder_gives_the_panel_of_a_text_file(bench, orders, by):
    bench.put("text/orders.csv", orders.to_csv(index=False))
    _, whole, panel = tables(bench, "text/*.csv")
    pq.write_to_dataset(pa.Table.from_pandas(orders), bench.raw / "parts", partition_cols=by)
    record, parted, again = tables(bench, "parts/**/*.parquet")
    pd.testing.assert_frame_equal(parted, whole)
    columns = ["indicator", "site_id", "period", "stratum"]
    one, two = (p.sort_values(columns).reset_index(drop=True) for p in (panel, again))
    pd.testing.assert_frame_equal(one, two)
    assert len(whole) == 60
    assert not panel.empty
    assert len(record.tables["tickets"].sources[0].files) == len(
        list((bench.raw / "parts").rglob("*.parquet"))
    )


def test_rows_without_the_value_they_are_parted_by_are_told(bench, orders):
    orders.loc[3, "项目"] = None
    pq.write_to_dataset(pa.Table.from_pandas(orders), bench.raw / "parts", partition_cols=["项目"])
    client = bench.client(CLIENT.replace("FILES", "parts/**/*.parquet"))
    (fault,) = [f for f in ingest.check(client) if f.blocking]
    assert (fault.rule, fault.column) == ("required_missing", "项目")
    assert "__HIVE_DEFAULT_PARTITION__" in fault.file
