"""MySQL: the address and the statements always; a MariaDB server where its programs are."""

from __future__ import annotations

import shutil
import socket
import sys
import time

import pyarrow.parquet as pq
import pytest
from stand_ins_of_servers import Throwaway

from analysis import ingest, wording
from analysis.client import Database
from analysis.errors import InputError

TABLE = """
sources:
  - table: sites
    inline: [{{site_id: P01, site_name: 一号, households: 100}}]
  - table: tickets
    database: {{url: {url}, table: {table}}}
    columns:
      ticket_id: 单号
      site_id: 项目
      kind: {{from: 类型, labels: {{报修: repair}}}}
      opened_at: 开单
      resolved_at: 完成
      rating: 评分
"""


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("mysql://db.acme.cn/crm", "db.acme.cn", 3306),
        ("mysql://127.0.0.1:3307/crm", "127.0.0.1", 3307),
    ],
)
def test_an_address_is_taken_apart(url, host, port):
    found = Database(url=url, table="orders")
    assert (found.system, found.host, found.port, found.name) == ("mysql", host, port, "crm")
    assert found.title == f"mysql://{host}:{port}/crm (orders)"


def test_without_its_package_a_database_is_one_message(bench, monkeypatch):
    monkeypatch.setenv("CRMEVAL_DB_USER", "reader")
    monkeypatch.setenv("CRMEVAL_DB_PASSWORD", "reader-pass")
    monkeypatch.setitem(sys.modules, "MySQLdb", None)
    client = bench.client(TABLE.format(url="mysql://127.0.0.1:1/crm", table="orders"))
    (told,) = [fault for fault in ingest.check(client) if fault.blocking]
    assert told.rule == "database_extra"
    for language in ("en", "zh_CN"):
        assert wording.fault_example(told, language) == "pip install 'mysqlclient'"
    with pytest.raises(InputError):
        ingest.ingest(client, bench.root / "run")


@pytest.fixture
def mysql(monkeypatch):
    """A throw-away server whose clock runs in Chinese time, with a user who may read and write."""
    driver = pytest.importorskip("MySQLdb", reason="needs mysqlclient")
    if shutil.which("mariadb-install-db") is None or shutil.which("mariadbd") is None:
        pytest.skip("needs MariaDB's own programs: apt-get install mariadb-server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("CRMEVAL_DB_USER", "reader")
    monkeypatch.setenv("CRMEVAL_DB_PASSWORD", "reader-pass")
    with Throwaway("mysql") as place:
        data = f"--datadir={place.folder}/data"
        place.run("mariadb-install-db", "--no-defaults", data,
                  "--auth-root-authentication-method=normal", "--skip-test-db")  # fmt: skip
        place.start("mariadbd", "--no-defaults", data, f"--port={port}", "--bind-address=127.0.0.1",
                    f"--socket={place.folder}/socket", "--default-time-zone=+08:00")  # fmt: skip
        for _ in range(100):
            try:
                connection = driver.connect(
                    host="127.0.0.1", port=port, user="root", charset="utf8mb4", autocommit=True
                )
                break
            except driver.OperationalError:
                place.still_running()
                time.sleep(0.2)
        cursor = connection.cursor()
        for statement in (
            "CREATE DATABASE crm CHARACTER SET utf8mb4",
            "CREATE USER reader@'%' IDENTIFIED BY 'reader-pass'",
            "GRANT ALL ON crm.* TO reader@'%'",
            "USE crm",
            "CREATE TABLE orders (单号 int, 项目 char(6), 类型 varchar(10), 开单 timestamp NULL, "
            "完成 datetime, 评分 decimal(4, 2))",
            "INSERT INTO orders VALUES (9, 'P01', '报修', '2024-03-05 09:30', '2024-03-05 10:30', "
            "4.00), (10, 'P01', '报修', '2024-03-06 09:30', NULL, NULL)",
        ):
            cursor.execute(statement)
        yield f"mysql://127.0.0.1:{port}/crm"
        connection.close()


def test_rows_of_a_server(bench, mysql):
    client = bench.client(TABLE.format(url=mysql, table="orders"))
    record = ingest.ingest(client, bench.root / "run")
    tickets = pq.read_table(bench.root / "run" / "tickets.parquet").to_pandas()
    assert tickets["ticket_id"].tolist() == ["9", "10"]
    # An instant and a time of day on the client's clock: one hour apart, whatever the session's.
    assert (tickets["resolved_at"] - tickets["opened_at"])[0].total_seconds() == 3600
    assert tickets["opened_at"].dt.tz_convert("Asia/Shanghai").dt.hour.tolist() == [9, 9]
    assert tickets["rating"][0] == 4
    assert record.tables["tickets"].sources[0].files[0].database == f"{mysql} (orders)"
    missing = bench.client(TABLE.format(url=mysql, table="order"))
    (told,) = [fault for fault in ingest.check(missing) if fault.blocking]
    assert (told.rule, told.params["near"]) == ("database_table_missing", "orders")
