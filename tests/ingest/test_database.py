"""Rows of a SQL database: the same tables and panel as from exports, read-only, told plainly."""

from __future__ import annotations

import os
import sys

import pandas as pd
import pyarrow.parquet as pq
import pytest

from analysis import client as clients
from analysis import files, indicators, ingest, pipeline, wording
from analysis.errors import InputError
from analysis.ingest import database
from analysis.ingest.kept import KeptSheets

SITES = """
instruments:
  csat: {scale: [1, 5], items: {q1: {role: overall}, q2: {}}}
sources:
  - table: sites
    inline:
      - {site_id: P01, site_name: 一号, households: 100}
      - {site_id: P02, site_name: 二号, households: 90}
"""
TICKETS = """
    columns:
      ticket_id: 单号
      site_id: 项目
      household_id: {from: 手机, form: phone}
      kind: {from: 类型, labels: {报修: repair, 投诉: complaint}}
      opened_at: 开单时间
      resolved_at: 完成时间
      rating: 评分
    drop: {报修人: direct identifier}
"""
SURVEYS = """
    columns: {response_id: 序号, site_id: 项目, answered_at: 提交时间}
    constants: {instrument: csat}
    unpivot: {items: {q1: 总体, q2: 态度}, labels: {满意: 5, 一般: 3, 不满意: 1}}
"""
FROM_FILES = (
    f"{SITES}  - table: tickets\n    files: [orders.csv]{TICKETS}"
    f"  - table: surveys\n    files: [answers.csv]{SURVEYS}"
)


def orders() -> pd.DataFrame:
    opened = pd.date_range("2024-01-03 08:00", periods=120, freq="2D5h")
    return pd.DataFrame(
        {
            "单号": [str(n) for n in range(901, 1021)],  # counts up past a digit
            "项目": ["P01", "P02"] * 60,
            "手机": [f"138001{n:05d}" for n in range(40)] * 3,
            "报修人": ["张三", "李四", "王五"] * 40,
            "类型": ["报修", "投诉", "报修", "报修"] * 30,
            "开单时间": opened,
            "完成时间": (opened + pd.Timedelta(hours=7)).where(pd.Series(range(120)) % 9 > 0),
            "评分": pd.array([5, None, 3, 4] * 30, dtype="Int64"),
        }
    )


def answers() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "序号": range(1, 201),
            "项目": ["P01", "P02"] * 100,
            "提交时间": pd.date_range("2024-01-01 09:00", periods=200, freq="40h"),
            "总体": ["满意", "一般", "满意", "不满意", None] * 40,
            "态度": ["满意", "满意", "一般", "不满意"] * 50,
        }
    )


def from_database(place: str, tickets: str = "table: service.orders") -> str:
    return (
        f"{SITES}  - table: tickets\n    database: {{url: {place}, {tickets}}}{TICKETS}"
        f"  - table: surveys\n    database: {{url: {place}, table: answers}}{SURVEYS}"
    )


def built(client, folder):
    record = ingest.ingest(client, folder)
    tables = {path.stem: path for path in folder.glob("*.parquet")}
    panel = indicators.build_panel(
        tables,
        client_timezone="Asia/Shanghai",
        first=client.period.first_period,
        last=client.period.last_period,
    )
    frames = {name: pq.read_table(path).to_pandas() for name, path in tables.items()}
    return record, frames, panel


def sorted_by(frame, *key):
    return frame.sort_values(list(key)).reset_index(drop=True)


@pytest.fixture
def filled(postgres):
    """The address of a database with the tables of work orders and answers."""
    with postgres.fresh() as connection:
        connection.execute("CREATE SCHEMA service")
        connection.execute(
            'CREATE TABLE service.orders (单号 integer, 项目 char(6), 手机 bigint, "报修人" text, '
            "类型 varchar(20), 开单时间 timestamptz, 完成时间 timestamp, 评分 numeric)"
        )
        connection.execute("SET TIME ZONE 'Asia/Shanghai'")
        rows = orders().sample(frac=1, random_state=5)  # the server keeps its own order
        put(connection, "service.orders", rows)
        connection.execute(
            "CREATE TABLE answers "
            "(序号 bigint, 项目 text, 提交时间 timestamp, 总体 text, 态度 text)"
        )
        put(connection, "answers", answers())
        connection.execute("GRANT USAGE ON SCHEMA service TO reader")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA service, public TO reader")
    return postgres


def put(connection, table, frame):
    marks = ", ".join(["%s"] * frame.shape[1])
    rows = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def test_the_panel_from_a_database_is_that_from_text_files(bench, filled):
    bench.put("orders.csv", orders().to_csv(index=False))
    bench.put("answers.csv", answers().to_csv(index=False))
    _, files, panel = built(bench.client(FROM_FILES), bench.root / "files")
    client = bench.client(from_database(filled.url))
    told = [f for f in ingest.check(client) if f.rule != "file_unread"]
    assert [str(f) for f in told] == []
    record, drawn, again = built(client, bench.root / "drawn")
    for name, key in (("tickets", ["ticket_id"]), ("surveys", ["response_id", "item"])):
        pd.testing.assert_frame_equal(sorted_by(drawn[name], *key), sorted_by(files[name], *key))
    key = ["indicator", "stratum", "site_id", "period"]
    pd.testing.assert_frame_equal(sorted_by(again, *key), sorted_by(panel, *key))
    assert len(drawn["tickets"]) == 120
    assert {"csat_mean", "complaints_per_1000"} & set(panel["indicator"])
    (found,) = record.tables["tickets"].sources[0].files
    assert found.database == f"postgres://127.0.0.1:{filled.port}/crm (service.orders)"
    assert (found.rows, found.file.startswith("drawn/service.orders-")) == (120, True)


def copies(bench):
    return {
        path.relative_to(bench.folder).as_posix(): files.sha256(path)
        for path in sorted((bench.folder / "drawn").rglob("*.parquet"))
    }


def test_the_same_rows_are_the_same_bytes_and_are_not_read_again(bench, filled, monkeypatch):
    monkeypatch.setattr(database, "ROWS_OF_A_PART", 50)
    client = bench.client(from_database(filled.url))
    kept = KeptSheets.of(client)
    ingest.ingest(client, bench.root / "one", kept=kept)
    first = copies(bench)
    assert len([name for name in first if "orders" in name]) == 3  # 120 rows
    assert all(path.stat().st_mode & 0o77 == 0 for path in (bench.folder / "drawn").rglob("*"))
    with filled.owner() as connection:  # the rows lie in another order
        connection.execute("UPDATE service.orders SET 评分 = 评分 WHERE 单号 % 3 = 0")
    read = []
    monkeypatch.setattr(
        "analysis.ingest.gather.read", lambda path, **_: read.append(path) or pytest.fail("read")
    )
    ingest.ingest(client, bench.root / "two", kept=kept)
    assert (copies(bench), read) == (first, [])


def test_a_grown_table_changes_its_last_part_only(bench, filled, monkeypatch):
    monkeypatch.setattr(database, "ROWS_OF_A_PART", 50)
    client = bench.client(from_database(filled.url))
    one, before = ingest.ingest(client, bench.root / "one"), copies(bench)
    with filled.owner() as connection:
        connection.execute(
            "INSERT INTO service.orders SELECT 单号 + 120, 项目, 手机, 报修人, 类型, 开单时间, "
            "完成时间, 评分 FROM service.orders WHERE 单号 < 904"
        )
    two, after = ingest.ingest(client, bench.root / "two"), copies(bench)
    assert two.tables["tickets"].rows == one.tables["tickets"].rows + 3
    changed = [name for name in after if after[name] != before.get(name)]
    assert [name.split("/")[-1] for name in changed] == ["3.parquet"]
    with filled.owner() as connection:
        connection.execute("DELETE FROM service.orders WHERE 单号 > 945")
    ingest.ingest(client, bench.root / "three")
    assert len([name for name in copies(bench) if "orders" in name]) == 1
    bench.client(from_database(filled.url).split("  - table: surveys")[0])
    ingest.draw(clients.load(bench.folder / "client.yml"))
    assert not any("answers" in name for name in copies(bench))  # nothing asks for them now


def test_a_check_asks_the_database_and_writes_nothing(bench, filled):
    client = bench.client(from_database(filled.url))
    before = bench.tree()
    assert not [fault for fault in ingest.check(client) if fault.blocking]
    assert bench.tree() == before
    with filled.owner() as connection:
        connection.execute("UPDATE service.orders SET 类型 = '咨询' WHERE 单号 = 950")
    (fault,) = [fault for fault in ingest.check(client) if fault.blocking]
    assert (fault.rule, fault.column, fault.value) == ("label_unknown", "类型", "咨询")
    assert fault.file.startswith("drawn/service.orders-")
    assert bench.tree() == before


def test_direct_identifiers_stop_a_run_as_in_files(bench, filled):
    with filled.owner() as connection:
        connection.execute("UPDATE service.orders SET 类型 = '13800138017' WHERE 单号 = 950")
    text = from_database(filled.url).replace(
        "kind: {from: 类型, labels: {报修: repair, 投诉: complaint}}", "category: 类型"
    )
    client = bench.client(text)
    told = [fault for fault in ingest.check(client) if fault.rule == "personal_value"]
    assert len(told) == 1
    assert "13800138017" not in str(told[0])
    with pytest.raises(InputError):
        ingest.ingest(client, bench.root / "run")


def test_a_query_is_read_as_a_table_is(bench, filled):
    query = "query: \"SELECT o.*, 1 AS 弃用 FROM service.orders o WHERE 类型 LIKE '报%' -- 100 %\""
    text = from_database(filled.url, query).replace("drop: {报修人", "drop: {弃用: no, 报修人")
    record, frames, _ = built(bench.client(text), bench.root / "run")
    assert set(frames["tickets"]["kind"]) == {"repair"}
    assert record.tables["tickets"].rows == 90
    (found,) = record.tables["tickets"].sources[0].files
    assert found.database.endswith("(query)")


WRONG = {
    "database_table_missing": ("table: service.order", "service.orders"),
    "database_query": ("query: SELECT no_such_column FROM service.orders", "no_such_column"),
    "database_columns": (
        "query: 'SELECT o.*, a.项目 FROM service.orders o, answers a'", "项目",
    ),
    "database_no_rows": ("query: SELECT * FROM service.orders WHERE 单号 < 0", ""),
}  # fmt: skip


def refused(bench, client, rule):
    """Return the one fault on which check and run agree."""
    told = [fault for fault in ingest.check(client) if fault.blocking]
    with pytest.raises(InputError) as caught:
        ingest.ingest(client, bench.root / "run")
    assert [fault.rule for fault in caught.value.faults] == [fault.rule for fault in told] == [rule]
    return told[0]


def worded(fault, language):
    return f"{wording.fault_sentence(fault, language)} {wording.fault_example(fault, language)}"


@pytest.mark.parametrize("rule", WRONG)
def test_what_cannot_be_drawn_is_one_message(bench, filled, rule):
    tickets, said = WRONG[rule]
    client = bench.client(from_database(filled.url, tickets))
    fault = refused(bench, client, rule)
    assert fault.file.startswith(f"postgres://127.0.0.1:{filled.port}/crm (")
    for language in ("en", "zh_CN"):
        assert said in worded(fault, language)
        assert "{" not in worded(fault, language)


def test_a_table_of_no_schema_is_missing(bench, filled):
    client = bench.client(from_database(filled.url, "table: nowhere.orders"))
    assert "nowhere" in refused(bench, client, "database_table_missing").message


def test_more_cells_than_the_limit_are_not_drawn(bench, filled):
    every = "query: 'SELECT o.* FROM service.orders o, generate_series(1, 100)'"
    text = from_database(filled.url, every) + "limits: {cells: 10000}\n"
    fault = refused(bench, bench.client(text), "database_too_large")
    assert fault.params["rows"] == 10_000 // 8
    assert not list((bench.folder / "drawn").glob("query-*"))


def test_without_credentials_nobody_is_asked(bench, filled, monkeypatch):
    monkeypatch.delenv("CRMEVAL_DB_PASSWORD")
    client = bench.client(from_database(filled.url).split("  - table: surveys")[0])
    fault = refused(bench, client, "database_credentials")
    for language in ("en", "zh_CN"):
        assert "CRMEVAL_DB_PASSWORD" in worded(fault, language)
        assert "export CRMEVAL_DB_USER=" in worded(fault, language)


def test_every_client_may_name_its_own_credentials(bench, filled, monkeypatch):
    monkeypatch.delenv("CRMEVAL_DB_PASSWORD")
    monkeypatch.setenv("ACME_USER", "reader")
    monkeypatch.setenv("ACME_PASSWORD", "reader-pass")
    text = from_database(filled.url).replace("database: {", "database: {credentials: ACME, ")
    assert not [fault for fault in ingest.check(bench.client(text)) if fault.blocking]


@pytest.mark.parametrize("wrong", ["password", "port", "database"])
def test_a_server_that_lets_nobody_in_is_one_message(bench, filled, monkeypatch, wrong):
    url = filled.url
    if wrong == "password":
        monkeypatch.setenv("CRMEVAL_DB_PASSWORD", "not-the-password")
    elif wrong == "port":
        url = "postgres://127.0.0.1:1/crm"
    else:
        url = url.replace("/crm", "/nowhere")
    fault = refused(bench, bench.client(from_database(url)), "database_unreachable")
    assert "not-the-password" not in worded(fault, "en")
    assert "CRMEVAL_DB_USER" in worded(fault, "zh_CN")


def test_without_its_package_a_database_is_one_message(bench, filled, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    fault = refused(bench, bench.client(from_database(filled.url)), "database_extra")
    assert "pip install 'psycopg[binary]'" in worded(fault, "en")


def test_the_session_only_reads(bench, filled):
    with filled.owner() as connection:
        connection.execute("CREATE TABLE log (n integer)")
        connection.execute(
            "CREATE FUNCTION count_up() RETURNS integer LANGUAGE sql AS "
            "'INSERT INTO log VALUES (1) RETURNING n'"
        )
        connection.execute("GRANT ALL ON log TO reader")
    query = "query: 'SELECT o.*, count_up() AS 次数 FROM service.orders o'"
    client = bench.client(from_database(filled.url, query))
    assert "read-only" in refused(bench, client, "database_query").message
    with filled.owner() as connection:
        assert connection.execute("SELECT count(*) FROM log").fetchone() == (0,)


REFUSED = {
    "url: postgres://reader:s3cret-word@db/crm, table: orders": "database_password",
    "url: postgres://reader@db/crm, table: orders": "database_password",
    "url: postgres://db/crm?password=s3cret-word, table: orders": "database_password",
    "url: postgres://db/crm, table: orders, password: s3cret-word": "database_password",
    "url: postgres://db/crm?host=s3cret-word, table: orders": "database_option",
    "url: oracle://db/crm, table: orders": "database_url",
    "url: postgres://db, table: orders": "database_url",
    "url: postgres://db:http/crm, table: orders": "database_url",
    "url: postgres://db/crm": "table_or_query",
    "url: postgres://db/crm, table: orders, query: SELECT 1": "table_or_query",
    "url: postgres://db/crm, query: DROP TABLE orders": "database_select",
    "url: postgres://db/crm, query: SELECT 1; SELECT 2": "database_select",
    "url: postgres://db/crm, table: orders, credentials: acme": "database_credentials",
}


@pytest.mark.parametrize(("said", "rule"), REFUSED.items())
def test_the_client_file_says_what_is_wrong_and_repeats_no_secret(bench, said, rule):
    text = f"{SITES}  - table: tickets\n    database: {{{said}}}"
    with pytest.raises(InputError) as caught:
        bench.client(text + TICKETS)
    (fault,) = caught.value.faults
    assert fault.params["problem_key"] == f"faults.value.{rule}"
    assert fault.column.startswith("sources[1].database")
    for language in ("en", "zh_CN"):
        assert "s3cret" not in worded(fault, language) + str(fault)
    if rule == "database_password":
        assert "export CRMEVAL_DB_USER=" in worded(fault, "zh_CN")


@pytest.mark.parametrize(
    "extra", ["sheets: [a]", "header_rows: [1]", "encoding: gbk", "fill_down: [项目]"]
)
def test_what_only_files_have_is_refused(bench, extra):
    text = f"{SITES}  - table: tickets\n    {extra}\n    database: {{url: postgres://db/crm, table: o}}"  # noqa: E501
    with pytest.raises(InputError) as caught:
        bench.client(text + TICKETS)
    assert caught.value.faults[0].params["problem_key"] == "faults.value.database_layout"
    text = text.replace(f"    {extra}\n", "") + TICKETS.replace(
        "ticket_id: 单号", "ticket_id: $row"
    )
    with pytest.raises(InputError) as caught:
        bench.client(text)
    assert caught.value.faults[0].params["problem_key"] == "faults.value.database_layout"


def test_a_run_takes_the_rows_as_inputs_and_skips_what_is_unchanged(bench, filled):
    from stand_ins import write_notebook

    from analysis import parameters

    bench.client(from_database(filled.url))
    for stage in parameters.STAGES:
        write_notebook(bench.root / "notebooks" / stage.notebook, "assert client")

    def run():
        page = lambda folder: (folder / "index.html").write_text("<html></html>")  # noqa: E731
        return pipeline.run("acme", root=bench.root, build_report=page)

    first = run()
    assert (first.state, "ingest" in first.executed) == ("complete", True)
    from analysis import manifest

    inputs = manifest.load(first.folder).inputs
    assert {n: h for n, h in inputs.items() if n.startswith("drawn/")} == copies(bench)
    assert len(copies(bench)) == 2
    again = run()
    assert (again.folder, again.executed) == (first.folder, ())
    with filled.owner() as connection:
        connection.execute("UPDATE service.orders SET 评分 = 1 WHERE 单号 = 950")
    third = run()
    assert third.folder != first.folder
    assert "ingest" in third.executed
    with filled.owner() as connection:
        connection.execute("DROP TABLE answers")
    with pytest.raises(InputError) as caught:
        run()
    assert [fault.rule for fault in caught.value.faults] == ["database_table_missing"]


def test_a_check_copies_rows_into_the_clients_folder_only(bench, filled, monkeypatch):
    client = bench.client(from_database(filled.url))
    seen, done = [], database._copy

    def copied(server, source, opened, target):
        seen.append(target)
        return done(server, source, opened, target)

    monkeypatch.setattr(database, "_copy", copied)
    ingest.check(client)
    assert seen
    assert all(target.is_relative_to(bench.folder) and not target.exists() for target in seen)
    left = bench.folder / ".drawn-killed"
    left.mkdir()
    os.utime(left, (0, 0))
    ingest.check(client)
    assert not left.exists()


def test_a_purge_takes_the_copy_and_names_the_database(bench, filled, monkeypatch):
    client = bench.client(from_database(filled.url))
    ingest.ingest(client, bench.root / "reports" / "acme" / "20240101" / "canonical")
    phone = "13800100007"
    before = pq.read_table(
        bench.root / "reports" / "acme" / "20240101" / "canonical" / "tickets.parquet"
    )
    _, receipt = pipeline.purge_person("acme", phone, root=bench.root)
    assert any("drawn" in removed.path for removed in receipt.removed)
    assert not (bench.folder / "drawn").exists()
    assert f"postgres://127.0.0.1:{filled.port}/crm (service.orders)" in receipt.outside
    ingest.ingest(clients.load(bench.folder / "client.yml"), bench.root / "again")
    after = pq.read_table(bench.root / "again" / "tickets.parquet")
    assert len(after) == len(before) - 3  # stays out, although the database still has the rows


def test_a_table_that_shrank_is_told_as_a_whole(bench, filled, monkeypatch):
    monkeypatch.setattr(database, "ROWS_OF_A_PART", 50)
    client = bench.client(from_database(filled.url))
    ingest.ingest(client, bench.root / "reports" / "acme" / "one" / "canonical")
    with filled.owner() as connection:
        connection.execute("DELETE FROM service.orders WHERE 单号 > 998")
    ingest.ingest(client, bench.root / "two")  # a part less, and no more than corrections
    with filled.owner() as connection:
        connection.execute("DELETE FROM service.orders WHERE 单号 > 930")
    with pytest.raises(InputError) as told:
        ingest.ingest(client, bench.root / "three")
    (fault,) = told.value.faults
    assert (fault.rule, fault.column) == ("rows_fell", "sources[1]")
    assert (fault.params["before"], fault.params["now"]) == (120, 30)
