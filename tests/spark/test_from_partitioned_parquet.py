"""A folder of Parquet, parted by columns: from source to panel on Spark as on DuckDB."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from loopback_cluster import QUICK

from analysis import workspace
from analysis.indicators import engine as engines

pytestmark = pytest.mark.spark

CLIENT = """
client: {id: parts, name: {zh_CN: 分区, en: Parts}, timezone: Asia/Shanghai, simulated: true}
period: {first: 2024-01, last: 2024-06}
privacy: {demo_key: not-a-secret-at-all}
engine: ENGINE
instruments:
  csat: {scale: [1, 5], items: {q1: {role: overall}, q2: {}}}
sources:
  - table: sites
    inline: [{site_id: P01, site_name: 一, households: 300}, {site_id: P02, site_name: 二, households: 90}]
  - table: tickets
    files: ["orders/**/*.parquet"]
    columns:
      ticket_id: 单号
      site_id: 项目
      kind: {from: 类型, labels: {报修: repair, 投诉: complaint}}
      opened_at: 开单
      resolved_at: 完成
      rating: 评分
    drop: [月份]
  - table: surveys
    files: ["answers/**/*.parquet"]
    columns: {response_id: 序号, site_id: 项目, answered_at: 时间}
    constants: {instrument: csat}
    unpivot: {items: {q1: 总体, q2: 态度}}
"""  # noqa: E501


def write(raw):
    rng = np.random.default_rng(20240601)
    n = 4_000
    opened = pd.Timestamp("2024-01-01") + pd.to_timedelta(
        rng.integers(0, 181 * 1440, n), unit="min"
    )
    orders = pd.DataFrame(
        {
            "单号": [f"T{k}" for k in range(n)],
            "项目": rng.choice(["P01", "P02"], n),
            "类型": rng.choice(["报修", "投诉"], n, p=[0.8, 0.2]),
            "开单": opened.astype(str),
            "完成": pd.Series(opened + pd.to_timedelta(rng.integers(5, 9000, n), unit="min"))
            .astype(str).where(rng.random(n) < 0.9),
            "评分": pd.array(rng.integers(1, 6, n), dtype="Int64"),
            "月份": opened.strftime("%Y-%m"),
        }
    )  # fmt: skip
    answers = pd.DataFrame(
        {
            "序号": range(n),
            "项目": rng.choice(["P01", "P02"], n),
            "时间": opened.astype(str),
            "总体": rng.integers(1, 6, n),
            "态度": rng.integers(1, 6, n),
        }
    )
    for frame, folder, by in ((orders, "orders", ["项目", "月份"]), (answers, "answers", ["项目"])):
        pq.write_to_dataset(pa.Table.from_pandas(frame), raw / folder, partition_cols=by)


def test_a_run_prepares_the_same_panel_on_both_engines(spark_master, tmp_path, monkeypatch):
    monkeypatch.setenv("CRMEVAL_HOME", str(tmp_path))
    connect = engines.connect
    monkeypatch.setattr(
        "analysis.indicators.panel.connect",
        lambda address, **how: connect(address, **how, options=QUICK),
    )
    folder = tmp_path / "data" / "parts"
    write(folder / "raw")
    panels = {}
    for name, engine in (("duckdb", "duckdb"), ("spark", spark_master)):
        text = CLIENT.replace("ENGINE", engine)
        (folder / "client.yml").write_text(text, encoding="utf-8")
        run = tmp_path / "reports" / "parts" / name
        run.mkdir(parents=True)
        workspace.prepare("parts", run)
        panels[name] = pd.read_parquet(run / "panel.parquet")
    duck, spark = panels["duckdb"], panels["spark"]
    assert duck["indicator"].nunique() > 5
    key = ["indicator", "stratum", "site_id", "period", "n"]
    pd.testing.assert_frame_equal(duck[key], spark[key])
    for column in ("value", "total", "total_sq", "exposure"):
        np.testing.assert_allclose(spark[column], duck[column], rtol=1e-9, atol=1e-9)
