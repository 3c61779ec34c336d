"""What nobody foresaw becomes one line and a file; what can be foreseen has a sentence."""

from __future__ import annotations

import io
import os
import stat
import sys

import openpyxl
import pytest
from attacked import HEAD, repacked

from analysis import ingest
from analysis.pipeline import worker

SITES = """
sources:
  - table: sites
    files: [sites.csv]
    columns: {site_id: 项目, site_name: 项目, households: 户数}
"""
FEES = """
sources:
  - table: fees
    files: [FILE]
    columns: {site_id: 项目, month: 账期, receivable: 应收, collected: 实收}
    aggregate: {sum: [receivable, collected]}
"""
SURVEY = """
instruments:
  s: {scale: [1, 5], items: {q1: {role: overall}, q2: {}}}
sources:
  - table: surveys
    files: [FILE]
    columns: {response_id: 序号, site_id: 项目, answered_at: 时间}
    constants: {instrument: s}
    unpivot: {items: {q1: 总体, q2: 态度}}
"""
ROWS = {
    "fees": "项目,账期,应收,实收\nA园,2024-01,100,90\n",
    "survey": "序号,项目,时间,总体,态度\n1,A园,2024-03-01 09:00,5,4\n",
}


def book(rows: str) -> bytes:
    made = openpyxl.Workbook()
    for row in rows.splitlines():
        made.active.append(row.split(","))
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def flipped(workbook: bytes) -> bytes:
    """Change a byte of a sheet inside the archive, so that its checksum is wrong."""
    at = workbook.index(b"xl/worksheets/sheet1.xml") + len("xl/worksheets/sheet1.xml") + 40
    return workbook[:at] + bytes([workbook[at] ^ 8]) + workbook[at + 1 :]


def cut_styles(name: str, content: bytes) -> bytes:
    return content[:99] if name == "xl/styles.xml" else content


DAMAGES = {
    "missing": None,
    "empty": b"",
    "blank": b" \n\n",
    "header only": lambda rows: rows.splitlines()[0].encode(),
    "half a header": lambda rows: rows.splitlines()[0][:5].encode(),
    "one bit": lambda rows: flipped(book(rows)),
    "cut archive": lambda rows: book(rows)[:3000],
    "cut styles": lambda rows: repacked(book(rows), cut_styles),
    "no sheet": lambda rows: repacked(book(rows), lambda n, c: None if "sheet1" in n else c),
    "sheet of noise": lambda rows: repacked(
        book(rows), lambda n, c: c[::-1] if "sheet1" in n else c
    ),
    "old workbook of zeros": lambda _: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000),
    "old workbook of ones": lambda _: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 9000,
    "parquet": lambda _: b"PAR1" + bytes(500) + b"PAR1",
    "markup without table": lambda _: b"<html><body></body></html>",
    "cut markup": lambda rows: b"<table><tr><td>" + rows.encode()[:30],
    "worksheets of noise": lambda _: (
        b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">'
        b'<Worksheet xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><ss:Row ss:Index="x"/>'
    ),
    "bytes": lambda _: bytes(range(256)) * 20,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(("kind", "sources"), [("fees", FEES), ("survey", SURVEY)])
def test_a_source_that_cannot_be_read_is_named(home, kind, sources, damage):
    made = DAMAGES[damage]
    if made is not None:
        home.put("export", made(ROWS[kind]) if callable(made) else made)
    home.write(sources.replace("FILE", "export"))
    done = home.check()
    if damage != "header only":
        assert done.exit_code == 1
        assert "raw/export" in done.output


def test_a_panic_of_a_reader_is_a_damaged_file(home, monkeypatch, capfd):
    panic = type("PanicException", (BaseException,), {})

    def panics(*_):
        os.write(2, b"thread '<unnamed>' panicked at src/xls.rs\n")
        raise panic("range end index 7 out of range")

    monkeypatch.setattr("python_calamine.CalamineWorkbook.from_filelike", panics)
    home.put("export", book(ROWS["fees"]))
    home.write(FEES.replace("FILE", "export"))
    assert home.rules() == ["file_damaged"]
    assert "panicked" not in capfd.readouterr().err


CLIENT_FILES = {
    "a day no calendar has": ("client_yaml", "goals: [{deadline: 2024-02-30}]"),
    "a control character": ("client_yaml", "ignore: {a: 'b\x07'}"),
    "a chain of anchors": (
        "client_yaml",
        "labels:\n  a: &a {x: 1, y: 2, z: 3}\n"
        + "".join(
            f"  {chr(98 + n)}: &{chr(98 + n)} {{x: *{chr(97 + n)}, y: *{chr(97 + n)}, "
            f"z: *{chr(97 + n)}, w: *{chr(97 + n)}}}\n"
            for n in range(12)
        ),
    ),
    "itself": ("client_value", "labels: &a [[*a]]"),
    "too deep": ("client_yaml", "labels: " + "[" * 1200),
    "leaves raw": ("client_value", SITES.replace("sites.csv", "../client.yml")),
    "from the root": ("client_value", SITES.replace("sites.csv", "/etc/*")),
    "two stars in a word": ("client_value", SITES.replace("sites.csv", "a**b.csv")),
    "a pattern that backtracks": (
        "client_value",
        SITES.replace("户数}", "{from: 户数, pattern: '^(\\d+)+$'}}"),
    ),
    "no pattern": ("client_value", SITES.replace("sites.csv", "''")),
    "a long delimiter": ("client_value", SITES + "    delimiter: '::'\n"),
    "a number beyond all": ("client_value", SITES + "    header_rows: 99999999999999999999\n"),
    "no number": ("client_value", SITES + "min_cell: .nan\n"),
    "a codec of no text": ("encoding_unknown", SITES + "    encoding: hex\n"),
    "a factor beyond all": ("client_value", SITES.replace("户数}", "{from: 户数, factor: .inf}}")),
    "a width beyond all": (
        "client_value", SITES.replace("site_id: 项目,", "site_id: {from: 项目, width: 99999999},")
    ),
    "a year beyond all": (
        "client_value", SITES.replace("户数}", "户数, crm_go_live: {from: 日, year: 99999}}")
    ),
    "an empty joint of months": ("client_value", SITES + "period: {first: 0000-01, last: 2024-12}"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CLIENT_FILES)
def test_a_client_file_is_refused_in_a_sentence(home, kind):
    rule, text = CLIENT_FILES[kind]
    home.put("sites.csv", "项目,户数\nA园,10\n")
    head = (
        HEAD
        if "period" not in text
        else HEAD.replace("period: {first: 2023-01, last: 2024-12}", "")
    )
    home.write(text if "sources" in text else text + SITES, head)
    done = home.check()
    assert done.exit_code == 1
    assert f"({rule})" in done.output, done.output


def test_sheets_of_decisions_are_checked_with_everything_else(home):
    home.put("sites.csv", "项目,户数\nA园,10\n")
    home.write(SITES)
    assert home.check().exit_code == 0
    for name, key in (("alerts.csv", "alert_id"), ("actions.csv", "action_id")):
        header = f"{key},state,decided_on,decided_by,course_version,note"
        for damage in (b"\xff\xfe\x00\x01", b"\x00" * 40, b"", b'"a\nb', b"a,b\n1,2,3\n4,5,6,7\n"):
            (home.folder / name).write_bytes(damage)
            assert home.check().exit_code == 1
            assert name in home.check().output
        (home.folder / name).write_text(f"{header}\nx,lost,2024-13-45,W,,\n")
        said = home.rules()
        assert said.count("decision_day") == 1
        (home.folder / name).write_text(f"{header}\n")
        assert home.check().exit_code == 0


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_not_utf8_is_told(home):
    (home.raw / os.fsdecode(b"\xd0\xa1\xc7\xf8.csv")).write_bytes("项目,户数\nA园,10\n".encode())
    home.write(SITES.replace("sites.csv", "'*.csv'"))
    done = home.check()
    assert "(file_name)" in done.output
    assert done.exit_code == 1
    home.put("sites.csv", "项目,户数\nA园,10\n")
    home.write(SITES)
    assert "(file_unread)" in home.check().output
    assert "unforeseen" not in home.call("status", "acme").output


def test_a_key_file_of_other_characters_is_a_fault(home):
    key = home.root.parent / "acme.key"
    key.write_text("密钥", encoding="utf-8")
    key.chmod(0o600)
    home.put("staff.csv", "工号\n1\n")
    home.write(
        "sources: [{table: staff, files: staff.csv, columns: {staff_id: 工号}}]",
        HEAD.replace("simulated: true", "simulated: false").replace(
            "{demo_key: not-a-secret-at-all}", f"{{key_file: {key}}}"
        ),
    )
    assert "key_damaged" in home.rules()
    key.unlink()


def test_damaged_history_is_passed_over_with_a_word(home):
    home.put("sites.csv", "项目,户数\nA园,10\n")
    home.write(SITES)
    kept = home.root / "reports" / "acme" / "history"
    kept.mkdir(parents=True)
    for name, text in (
        ("2024-01-31.whole.json", "{"),
        ("2024-02-29.json", "[]"),
        ("copy.json", ""),
    ):
        (kept / name).write_text(text)
    for command in ("check", "status"):
        said = home.call(command, "acme").output.replace("\n", "")
        assert "2024-01-31.whole.json" in said
        assert "2024-02-29.json" in said
        assert "unforeseen" not in said


def test_the_unforeseen_is_one_line_and_a_file(home, monkeypatch):
    home.put("sites.csv", "项目,户数\nA园,10\n")
    home.write(SITES)

    def breaks(client):
        raise KeyError("c1\x1b[31m\nsecond line")

    monkeypatch.setattr(ingest, "examine", breaks)
    done = home.call("check", "acme")
    assert done.exit_code == 1
    (line,) = done.output.strip().splitlines()
    assert "KeyError" in line
    assert "\x1b" not in line
    (kept,) = (home.root / "reports").glob("unexpected-*.txt")
    assert str(kept) in line
    text = kept.read_text(encoding="utf-8")
    assert "raise KeyError" in text
    assert "main check" in text
    if os.name == "posix":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_the_unforeseen_in_a_run_is_kept_too(home, monkeypatch):
    home.put("sites.csv", "项目,户数\nA园,10\n")
    home.write(SITES)

    def breaks(*_, **__):
        raise ZeroDivisionError("nobody knows")

    monkeypatch.setattr("analysis.pipeline.steps._prepare", breaks)
    done = home.call("run", "acme")
    assert done.exit_code == 1
    assert "ZeroDivisionError: nobody knows" in done.output
    answer = worker.work({"client": "acme", "root": str(home.root)})
    assert answer["state"] == "failed"
    assert "unexpected-" in answer["error"]
    assert len(list((home.root / "reports").glob("unexpected-*.txt"))) == 2


def test_ctrl_c_during_the_import_is_a_sentence_and_leaves_nothing(home, monkeypatch):
    home.put("sites.csv", "项目,户数\nA园,10\n")
    home.write(SITES)

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("analysis.ingest.run.prepare", interrupted)
    for command in ("check", "run"):
        done = home.call(command, "acme")
        assert done.exit_code == 130
        assert "Interrupted" in done.output
    assert not list((home.root / "reports").rglob("*.parquet"))


def test_a_folder_in_the_place_of_latest_stops_nobody(home):
    home.put("sites.csv", "项目,户数\nA园,10\n")
    home.write(SITES)
    (home.root / "reports" / "acme" / "latest").mkdir(parents=True)
    for command in ("status", "pdf"):
        assert "unforeseen" not in home.call(command, "acme").output
    assert home.call("portfolio").exit_code == 0
