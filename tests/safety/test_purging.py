"""A person, a run and a client are purged; a search of everything finds nothing but the receipt."""

from __future__ import annotations

import contextlib
import json
import os
import stat

import openpyxl
import pandas as pd
import pytest
from attacked import HEAD, Home
from searching import files_with

from analysis import client as clients
from analysis import ingest, manifest
from analysis.errors import InputError
from analysis.ingest import receipts
from analysis.pipeline import purge_all, purge_person, purge_run, purging

PHONE, NAME, OTHER = "13800138017", "欧阳喆堃", "13900139001"
SOURCES = """
sources:
  - table: sites
    inline: [{site_id: P01, site_name: 城市花园}]
  - table: staff
    files: [员工.csv]
    columns: {staff_id: {from: 手机号, form: phone}, site_id: 项目, role: 岗位}
    drop: {姓名: direct identifier, 备注: open text}
  - table: tickets
    files: [工单.xlsx]
    columns:
      ticket_id: 号
      site_id: 项目
      staff_id: {from: 处理人电话, form: phone}
      opened_at: 开
"""


def staff(*rows: str) -> bytes:
    lines = ["姓名,手机号,项目,岗位,备注", *rows, f'王五,{OTHER},P01,管家,"两行\n备注"']
    return "\r\n".join([*lines, ""]).encode("gb18030")


THEIRS = f"{NAME},{PHONE},P01,保安,请找{NAME}"


@pytest.fixture
def client(home: Home, tmp_path_factory, monkeypatch) -> Home:
    home.account = tmp_path_factory.mktemp("account")
    monkeypatch.setenv("HOME", str(home.account))
    home.write(SOURCES)
    home.put("员工.csv", staff(THEIRS))
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["号", "项目", "处理人电话", "开"])
    sheet.append(["W1", "P01", "138 0013 8017", "2024-03-05 09:00"])
    sheet.append(["W2", "P01", OTHER, "2024-03-06 09:00"])
    book.save(home.raw / "工单.xlsx")
    return home


def import_into(home: Home, run: str):
    opened = clients.load("acme")
    folder = home.root / "reports" / "acme" / run
    record = ingest.ingest(opened, folder / "canonical")
    manifest.Manifest(client="acme", run_id=folder.name, state="complete").save(folder)
    return folder, record


def pseudonym_of(home: Home, phone: str = PHONE) -> str:
    found = ingest.find_person(clients.load("acme"), phone)
    return next(k.pseudonym for k in found.kept if k.table == "staff")


def spread(folder, pseudonym: str) -> None:
    """Write the pseudonym where alerts of a run put it."""
    alerts = [{"id": f"x:{pseudonym}", "params": {"who": pseudonym}}, {"id": "y", "params": {}}]
    for name in ("zh/alerts.json", "results/monitoring.json"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"alerts": alerts}))
    history = folder.parent / "history" / "2024-12-31.json"
    history.parent.mkdir(exist_ok=True)
    history.write_text(json.dumps({"facts": {"run": folder.name}, "alerts": alerts}))
    (folder / "zh" / "alerts_to_decide.csv").write_text(f"id\r\nx:{pseudonym}\r\ny\r\n")
    frame = pd.DataFrame({"alert": [f"x:{pseudonym}", "y"], "n": [1, 2]})
    frame.to_parquet(folder / "results" / "alerts.parquet")
    pdf = folder / "zh" / "pdf" / "a.pdf"
    pdf.parent.mkdir()
    pdf.write_bytes(b"%PDF")


@pytest.mark.parametrize("typed", [PHONE, "+86 138-0013-8017", "１３８００１３８０１７"])
def test_nothing_but_the_receipt_is_left(client, typed):
    folder, _ = import_into(client, "20240101T000000.000-aaaa")
    older, _ = import_into(client, "as-of/2024-06-30/20240101T000000.000-bbbb")
    pseudonym, other = pseudonym_of(client), pseudonym_of(client, OTHER)
    spread(folder, pseudonym)
    (client.folder / "alerts.csv").write_text(f"alert_id,note\nx:{pseudonym},seen\ny,open\n")
    words = [pseudonym, PHONE, "138 0013 8017", NAME]
    assert set().union(*files_with(client.root, words).values()) == set(words)
    done = client.call("purge", "acme", "--person", typed, "--yes")
    assert done.exit_code == 0, done.output
    ((path, receipt),) = receipts.kept(client.root, "acme")
    assert files_with(client.root, words) == {str(path.relative_to(client.root)): {pseudonym}}
    assert (receipt.state, receipt.what) == ("complete", "person")
    removed = {found.path: found.rows for found in receipt.removed}
    assert removed["data/acme/raw/员工.csv"] == removed["data/acme/raw/工单.xlsx"] == 1
    assert removed["reports/acme/history/2024-12-31.json"] == 1
    assert removed[f"{folder.relative_to(client.root)}/canonical/staff.parquet"] == 1
    assert f"{older.relative_to(client.root)}/canonical/tickets.parquet" in removed
    assert len(receipt.stale) == 2
    # Nobody else was touched.
    assert (client.raw / "员工.csv").read_bytes() == staff()
    assert pseudonym_of(client, OTHER) == other
    tickets = pd.read_parquet(folder / "canonical" / "tickets.parquet").set_index("ticket_id")
    assert tickets["staff_id"].isna().to_dict() == {"W1": True, "W2": False}
    assert tickets.loc["W2", "staff_id"] == other
    assert (client.folder / "alerts.csv").read_text() == "alert_id,note\ny,open\n"
    history = json.loads((folder.parent / "history" / "2024-12-31.json").read_text())
    assert [alert["id"] for alert in history["alerts"]] == ["y"]


def test_a_later_export_does_not_bring_the_person_back(client):
    import_into(client, "1")
    purge_person("acme", PHONE)
    client.put("员工.csv", staff(THEIRS))
    _, record = import_into(client, "2")
    assert record.tables["staff"].sources[0].left_out == {"person_left_out": 1}


def test_who_was_purged_stays_out_under_another_key(client):
    client.write(SOURCES, HEAD.replace("{demo_key: not-a-secret-at-all}", "{purpose: trial}")
                 .replace(", simulated: true", ""))  # fmt: skip
    import_into(client, "1")
    listed = client.account / ".config" / "crmeval" / "acme.left-out"
    purge_person("acme", PHONE)
    assert stat.S_IMODE(listed.stat().st_mode) == 0o600
    assert PHONE not in listed.read_text()
    listed.with_suffix(".key").unlink()
    client.write(SOURCES, HEAD.replace("{demo_key: not-a-secret-at-all}", "{key_id: new}")
                 .replace(", simulated: true", ""))  # fmt: skip
    client.put("员工.csv", staff(THEIRS))
    _, record = import_into(client, "2")
    assert record.tables["staff"].sources[0].left_out == {"person_left_out": 1}
    # Without the list, nobody comes back silently.
    listed.unlink()
    assert "left_out_lost" in client.rules()
    with pytest.raises(InputError):
        ingest.ingest(clients.load("acme"), client.root / "reports" / "acme" / "3" / "canonical")


def with_privacy(client: Home, privacy: str) -> None:
    head = HEAD.replace("{demo_key: not-a-secret-at-all}", privacy)
    client.write(SOURCES, head.replace(", simulated: true", ""))


@pytest.mark.parametrize("imported", [True, False])
def test_leave_out_survives_a_change_of_key_or_is_refused(client, imported):
    with_privacy(client, "{purpose: trial}")
    import_into(client, "1")
    pseudonym = pseudonym_of(client)
    with_privacy(client, f"{{leave_out: [{pseudonym}]}}")
    if imported:
        import_into(client, "2")
    (client.account / ".config" / "crmeval" / "acme.key").unlink()
    with_privacy(client, f"{{key_id: new, leave_out: [{pseudonym}]}}")
    if not imported:  # nothing tells whom the old pseudonym meant
        assert "leave_out_stale" in client.rules()
        return
    assert "leave_out_stale" not in client.rules()
    _, record = import_into(client, "3")
    assert record.tables["staff"].sources[0].left_out == {"person_left_out": 1}


def test_what_cannot_be_cleared_is_told_and_the_receipt_stays_open(client):
    book = openpyxl.load_workbook(client.raw / "工单.xlsx")
    book.active["F2"] = "=1+1"
    book.save(client.raw / "工单.xlsx")
    client.write(SOURCES.replace("opened_at: 开}", "opened_at: 开}"))
    import_into(client, "1")
    before = (client.raw / "工单.xlsx").read_bytes()
    done = client.call("purge", "acme", "--person", PHONE, "--yes")
    assert done.exit_code == 1
    assert "formulas" in done.output
    assert (client.raw / "工单.xlsx").read_bytes() == before
    ((_, receipt),) = receipts.kept(client.root, "acme")
    assert receipt.state == "open"
    assert [(left.path, left.rows) for left in receipt.by_hand] == [
        ("data/acme/raw/工单.xlsx", "Sheet:2")
    ]


def test_exports_are_left_when_asked(client):
    import_into(client, "1")
    before = (client.raw / "员工.csv").read_bytes()
    done = client.call("purge", "acme", "--person", PHONE, "--keep-exports", "--yes")
    assert done.exit_code == 1
    assert (client.raw / "员工.csv").read_bytes() == before
    assert "员工.csv" in done.output.replace("\n", "")


def test_nothing_is_never_said_without_having_looked(client):
    with_privacy(client, "{purpose: trial}")
    assert "no key" in client.call("person", "acme", "--id", PHONE).output
    import_into(client, "1")
    gone = client.call("person", "acme", "--id", "13700137000")
    assert "hold nothing" in gone.output
    assert gone.exit_code == 0
    (client.root / "reports" / "acme" / "2" / "canonical").mkdir(parents=True)
    unsure = client.call("person", "acme", "--id", "13700137000")
    assert unsure.exit_code == 1
    assert "hold nothing" not in unsure.output
    assert "cannot be read: 2" in unsure.output
    with_privacy(client, "{demo_key: another-key-altogether}")
    client.write(SOURCES, HEAD.replace("not-a-secret-at-all", "another-key-altogether"))
    other = client.call("person", "acme", "--id", PHONE)
    assert other.exit_code == 1
    assert "hold nothing" not in other.output
    assert "another key: 1" in other.output


def test_without_a_run_nothing_was_looked_at(client):
    done = client.call("person", "acme", "--id", PHONE)
    assert done.exit_code == 1
    assert "no run yet" in done.output


SPELLED = """
aliases: {people: {小欧: '0017'}}
sources:
  - table: sites
    inline: [{site_id: P01, site_name: 城市花园}]
  - table: staff
    files: [员工.csv]
    columns: {staff_id: {from: 工号, width: 4, case: upper}, site_id: 项目}
  - table: tickets
    files: [工单.csv]
    columns:
      ticket_id: 号
      site_id: 项目
      staff_id: {from: 处理人, pattern: '[(]([0-9]+)[)]', width: 4}
      opened_at: 开
  - table: assessments
    files: [考核.csv]
    columns:
      staff_id: {from: 学员, aliases: people}
      module: 课
      occasion: 次
      score: {from: 分}
    constants: {attempt: 1, form: written}
"""


@pytest.mark.parametrize("typed", ["0017", "17", " 00１7 ", "欧阳(17)", "小欧"])
def test_one_person_is_found_under_every_spelling(home, typed):
    home.write(SPELLED)
    home.put("员工.csv", "工号,项目\n17,P01\n18,P01\n")
    home.put(
        "工单.csv", "号,项目,处理人,开\nW1,P01,欧阳(17),2024-03-05\nW2,P01,王(18),2024-03-05\n"
    )
    opened = clients.load("acme")
    key = ingest.person.open_key(opened)
    who = ingest.person.the_person(opened, typed, key)
    assert ("0017", "person") in who.spelled
    assert key.one("0018", "person") not in who.pseudonyms


def test_a_run_is_purged_with_what_came_of_it(client):
    first, _ = import_into(client, "20240101T000000.000-aaaa")
    second, _ = import_into(client, "20240102T000000.000-bbbb")
    spread(second, "0" * 32)
    (second.parent / "latest").symlink_to(second.name)
    path, receipt = purge_run("acme", second.name)
    assert not second.exists()
    assert not (second.parent / "history" / "2024-12-31.json").exists()
    assert (first.parent / "latest").resolve() == first.resolve()
    assert receipt.state == "complete"
    assert path.is_file()
    purge_run("acme", first.name)
    assert not os.path.lexists(first.parent / "latest")
    wrong = client.call("purge", "acme", "--run", "../../data", "--yes")
    assert wrong.exit_code == 1
    assert client.folder.is_dir()


def test_a_client_is_purged_but_for_receipt_and_key(client):
    with_privacy(client, "{purpose: trial}")
    import_into(client, "1")
    key = client.account / ".config" / "crmeval" / "acme.key"
    _, receipt = purge_all("acme")
    assert not client.folder.exists()
    assert not (client.root / "reports" / "acme").exists()
    assert str(key) in receipt.outside
    assert [p.parent.name for p, _ in receipts.kept(client.root, "acme")] == ["purged"]
    assert client.call("purge", "acme", "--all", "--yes").exit_code == 1


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("step", ["remove", "_point_anew", "_tell_others", "_ended"])
def test_a_killed_purge_of_a_run_goes_on(client, step):
    first, _ = import_into(client, "20240101T000000.000-aaaa")
    second, _ = import_into(client, "20240102T000000.000-bbbb")
    (second.parent / "latest").symlink_to(second.name)
    with killed_at(step):
        purge_run("acme", second.name)
    done = client.call("purge", "acme", "--run", second.name, "--yes")
    assert done.exit_code == 0
    assert not second.exists()
    assert (first.parent / "latest").resolve() == first.resolve()
    ((_, receipt),) = receipts.kept(client.root, "acme")
    assert receipt.state == "complete"
    assert [entry.path for entry in receipt.removed] == [f"reports/acme/{second.name}"]


@pytest.mark.parametrize("step", ["remove", "_tell_others", "_ended"])
def test_a_killed_purge_of_a_client_goes_on(client, step):
    import_into(client, "1")
    with killed_at(step):
        purge_all("acme")
    assert client.call("purge", "acme", "--all", "--yes").exit_code == 0
    assert not client.folder.exists()
    assert not (client.root / "reports" / "acme").exists()
    ((_, receipt),) = receipts.kept(client.root, "acme")
    assert receipt.state == "complete"


@contextlib.contextmanager
def killed_at(step: str):
    """End the process in the middle of a purge: right after something went, or before a step."""
    whole = getattr(purging, step)

    def cut(*given):
        if step == "remove":
            whole(*given)
        raise Killed

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(purging, step, cut)
        with pytest.raises(Killed):
            yield


def test_one_thing_is_purged_at_a_time_and_asked_for(client):
    assert client.call("purge", "acme").exit_code == 2
    assert client.call("purge", "acme", "--all", "--person", "1").exit_code == 2
    client.call("purge", "acme", "--all", input="n\n")
    assert client.folder.is_dir()


def test_cleaned_sheets_kept_for_the_next_import_go_with_the_person(client):
    opened = clients.load("acme")
    sheets = ingest.KeptSheets.of(opened)
    folder, _ = import_into(client, "20250101-000000")
    ingest.ingest(opened, folder / "canonical", kept=sheets)
    pseudonym = pseudonym_of(client)
    assert any(pseudonym in str(pd.read_parquet(p).to_dict()) for p in sheets.folder.iterdir())
    purge_person("acme", PHONE, exports=False)
    assert not sheets.folder.exists()
    sheets = ingest.KeptSheets.of(opened)
    record = ingest.ingest(
        opened, client.root / "reports" / "acme" / "2" / "canonical", kept=sheets
    )
    assert record.tables["staff"].sources[0].left_out["person_left_out"] == 1
    assert not list(sheets.folder.glob("*"))  # the person stands in both files


def test_a_short_code_in_a_sheet_of_decisions_is_listed(client):
    client.put("员工.csv", staff("欧阳,E0005,P01,保安,x"))
    client.write(SOURCES.replace("{from: 手机号, form: phone}", "{from: 手机号, form: id}"))
    import_into(client, "1")
    (client.folder / "actions.csv").write_text("action_id,decided_by\nA1,E0005\n", "utf-8")
    done = client.call("purge", "acme", "--person", "E0005", "--yes")
    assert done.exit_code == 1
    ((_, receipt),) = receipts.kept(client.root, "acme")
    assert ("data/acme/actions.csv", "mentioned") in {(h.path, h.reason) for h in receipt.by_hand}
    assert receipt.state == "open"


def test_a_slip_of_the_pen_is_told(client):
    import_into(client, "1")
    done = client.call("purge", "acme", "--person", "13800138099", "--yes")
    assert done.exit_code == 1
    assert "nobody with this spelling" in done.output


def test_a_person_purged_twice_is_told_of_the_first_time(client):
    import_into(client, "1")
    first = client.call("purge", "acme", "--person", PHONE, "--yes")
    again = client.call("purge", "acme", "--person", PHONE, "--yes")
    assert (first.exit_code, again.exit_code) == (0, 0)
    (path, _), (_, second) = receipts.kept(client.root, "acme")
    assert second.earlier == path.relative_to(client.root).as_posix()
    assert second.earlier in again.output


def test_what_a_killed_purge_began_to_write_goes_too(client, dead_process):
    import_into(client, "1")
    reports = client.root / "reports"
    folders = (client.raw, reports / "purged", reports / "acme" / "read")
    left = [folder / dead_process("x.csv") for folder in folders]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(THEIRS, encoding="utf-8")
    assert client.call("purge", "acme", "--person", PHONE, "--yes").exit_code == 0
    assert not any(path.exists() for path in left)
