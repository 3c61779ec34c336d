"""People are keyed pseudonyms; no name or phone reaches a written file or a message."""

from __future__ import annotations

import os
import stat

import pandas as pd
import pytest

from analysis import ingest, wording
from analysis.errors import InputError
from analysis.ingest.headers import personal_reason
from analysis.ingest.privacy import Pseudonyms, looks_personal, open_key
from analysis.pipeline import run

NAMES = [
    f"{family}{given}" for family in "赵钱孙李周" for given in ("喆堃", "玥旻", "梓涵", "浩然")
]
PHONES = [f"138{n:04d}{9000 + n}" for n in range(20)]

TEXT = """
sources:
  - table: sites
    inline: [{site_id: P01, site_name: 城市花园}]
  - table: staff
    files: [员工.csv]
    columns: {staff_id: 手机号, site_id: 项目, role: 岗位}
    drop: {姓名: direct identifier, 备注: open text}
  - table: tickets
    files: [工单.csv]
    columns:
      ticket_id: 号
      site_id: 项目
      household_id: 报修人
      staff_id: 处理人电话
      opened_at: 开
    drop: {描述: open text}
"""


def plant(bench):
    staff = "".join(
        f"{name},{phone},P01,管家,{name}的电话{phone}\n"
        for name, phone in zip(NAMES, PHONES, strict=True)
    )
    bench.put("员工.csv", "姓名,手机号,项目,岗位,备注\n" + staff, "gb18030")
    tickets = "".join(
        f"W{n},P01,{name},{phone},2024-03-05 09:00,请联系{name} {phone}\n"
        for n, (name, phone) in enumerate(zip(NAMES, PHONES, strict=True))
    )
    bench.put("工单.csv", "号,项目,报修人,处理人电话,开,描述\n" + tickets)


def test_no_canary_in_any_written_file(bench):
    plant(bench)
    ingest.ingest(bench.client(TEXT), bench.root / "reports" / "canonical")
    written = [p for p in (bench.root / "reports").rglob("*") if p.is_file()]
    assert len(written) == 5
    for path in written:
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content += pd.read_parquet(path).to_csv().encode()
        for canary in [*NAMES, *PHONES]:
            assert canary.encode() not in content


def test_no_canary_in_the_faults_of_broken_files(bench):
    plant(bench)
    broken = TEXT.replace("household_id: 报修人", "category: 报修人").replace(
        "    drop: {描述: open text}", "      kind: 描述"
    )
    with pytest.raises(InputError) as caught:
        ingest.ingest(bench.client(broken), bench.root / "reports" / "canonical")
    rules = {fault.rule for fault in caught.value.faults}
    assert "personal_header" in rules
    for canary in PHONES:
        assert canary not in str(caught.value)


def test_one_person_has_one_pseudonym_in_every_table(bench):
    plant(bench)
    ingest.ingest(bench.client(TEXT), bench.root / "c")
    staff = pd.read_parquet(bench.root / "c" / "staff.parquet")
    tickets = pd.read_parquet(bench.root / "c" / "tickets.parquet")
    assert set(tickets["staff_id"]) == set(staff["staff_id"])
    assert not set(tickets["household_id"]) & set(staff["staff_id"])


def test_the_key_is_made_once_for_its_owner_alone(bench):
    plant(bench)
    client = bench.client(TEXT, simulated=False, privacy="{purpose: trial}")
    ingest.check(client)
    key = bench.root / "home" / ".config" / "crmeval" / "acme.key"
    assert not key.exists()
    first = open_key(client)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert open_key(client) == first
    assert first.key.hex() not in repr(first)
    os.chmod(key, 0o644)
    with pytest.raises(InputError, match="Others can read"):
        open_key(client)


def test_a_key_beside_the_data_is_refused(bench):
    plant(bench)
    place = bench.folder / "my.key"
    client = bench.client(TEXT, simulated=False, privacy=f"{{key_file: {place}}}")
    (fault,) = ingest.check(client)
    assert fault.rule == "key_in_folder"


def test_another_key_gives_other_pseudonyms():
    values = pd.Series(["001", None, "001"])
    one, other = Pseudonyms(b"a" * 32), Pseudonyms(b"b" * 32)
    assert one.of(values, "staff_id")[0] == one.of(values, "ratee_id")[2]
    assert one.of(values, "staff_id")[0] != other.of(values, "staff_id")[0]
    assert one.of(values, "staff_id").isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("text", "personal"),
    [
        ("13800008000", True),
        ("+86 138-0000-8000", True),
        ("138****8000", True),
        ("a.b@example.com", True),
        ("1.2.3.4(广东-深圳)", True),
        ("11010519491231002X", True),
        ("oabcdefghijklmnopqrstuvwxyz1", True),
        ("WO20240305001", False),
        ("101001241133", False),
        ("电梯", False),
        ("2024-03-05 09:08:00", False),
    ],
)
def test_shapes_of_direct_identifiers(text, personal):
    assert looks_personal(text) is personal


def test_a_key_inside_the_project_is_refused(bench):
    plant(bench)
    for place in (bench.root / "reports" / "my.key", bench.root / "data" / "my.key"):
        client = bench.client(TEXT, simulated=False, privacy=f"{{key_file: {place}}}")
        assert [fault.rule for fault in ingest.check(client)] == ["key_in_project"]
        with pytest.raises(InputError):
            ingest.ingest(client, bench.root / "reports" / "acme" / "1" / "canonical")
        assert not place.exists()


def test_a_folder_is_no_key_file(bench):
    plant(bench)
    folder = bench.root.parent / f"{bench.root.name}-keys"
    folder.mkdir()
    client = bench.client(TEXT, simulated=False, privacy=f"{{key_file: {folder}}}")
    assert [fault.rule for fault in ingest.check(client)] == ["key_is_folder"]


def test_a_changed_or_lost_key_stops_the_run_until_it_is_said(bench):
    plant(bench)
    client = bench.client(TEXT, simulated=False, privacy="{purpose: trial}")
    runs = bench.root / "reports" / "acme"
    record = ingest.ingest(client, runs / "1" / "canonical")
    assert record.key_id == open_key(client).key_id
    assert ingest.check(client) == []
    key = bench.root / "home" / ".config" / "crmeval" / "acme.key"
    assert record.key_id not in key.read_text()
    key.unlink()
    assert [fault.rule for fault in ingest.check(client)] == ["key_lost"]
    with pytest.raises(InputError):
        ingest.ingest(client, runs / "2" / "canonical")
    assert not key.exists()
    ingest.ingest(bench.client(TEXT, simulated=False, privacy="{key_id: new}"), bench.root / "x")
    (changed,) = ingest.check(bench.client(TEXT, simulated=False, privacy="{purpose: trial}"))
    assert changed.rule == "key_changed"
    said = f"{{key_id: '{changed.params['key_id']}'}}"
    assert ingest.check(bench.client(TEXT, simulated=False, privacy=said)) == []


def test_what_a_reader_finds_wrong_in_personal_columns_is_not_repeated(bench):
    bench.put(
        "员工.csv",
        "姓名,手机号,项目,岗位,备注\n=CONCAT(赵喆堃),13800001111,P01,管家,\n"
        "娴嬭瘯,=13800002222&1,P01,管家,=赵喆堃\n",
    )
    bench.put(
        "工单.csv",
        "号,项目,报修人,处理人电话,开,描述\nW1,P01,=赵喆堃,1,2024-03-05 09:00,\n合计:赵喆堃\n",
    )
    client = bench.client(TEXT)
    faults = ingest.check(client)
    assert "formula_in_cell" in {fault.rule for fault in faults}
    told = "\n".join(f"{fault} {fault.params}" for fault in faults)
    for language in wording.LANGUAGES:
        told += "".join(
            wording.fault_sentence(f, language) + wording.fault_example(f, language) for f in faults
        )
    for secret in ("赵喆堃", "13800001111", "13800002222", "娴嬭瘯"):
        assert secret not in told.replace("测试, not 娴嬭瘯", "").replace("而不是“娴嬭瘯”", "")


def test_a_person_is_found_and_left_out(bench):
    plant(bench)
    latest = bench.root / "reports" / "acme" / "latest" / "canonical"
    client = bench.client(TEXT)
    assert ingest.find_person(client, PHONES[3]) == ingest.Found((), ())
    ingest.ingest(client, latest)
    before = bench.tree()
    found = ingest.find_person(client, PHONES[3])
    assert found.looked == (ingest.Looked("latest", "looked", 2),)
    assert found.everywhere
    kept = {(k.table, k.column): k for k in found.kept}
    assert {place: k.rows for place, k in kept.items()} == {
        ("staff", "staff_id"): 1,
        ("tickets", "staff_id"): 1,
    }
    (resident,) = ingest.find_person(client, NAMES[5]).kept
    assert (resident.table, resident.column) == ("tickets", "household_id")
    assert bench.tree() == before
    pseudonyms = [kept["staff", "staff_id"].pseudonym, resident.pseudonym]
    privacy = f"{{demo_key: not-a-secret-at-all, leave_out: [{', '.join(pseudonyms)}]}}"
    without = bench.client(TEXT, privacy=privacy)
    record = ingest.ingest(without, latest)
    tickets = pd.read_parquet(latest / "tickets.parquet")
    assert len(pd.read_parquet(latest / "staff.parquet")) == len(PHONES) - 1
    assert sorted(set(range(20)) - {int(t[1:]) for t in tickets["ticket_id"]}) == [5]
    assert tickets.set_index("ticket_id")["staff_id"].isna().sum() == 1
    assert record.tables["staff"].sources[0].left_out == {"person_left_out": 1}
    written = "".join(pd.read_parquet(p).to_csv() for p in latest.glob("*.parquet"))
    assert not any(pseudonym in written for pseudonym in pseudonyms)


def test_after_the_end_of_retention_nothing_is_imported(bench):
    plant(bench)
    kept = bench.client(TEXT, simulated=False, privacy="{retain_until: 2020-12-31}")
    (told,) = [fault for fault in ingest.check(kept) if fault.rule == "retention_over"]
    assert (told.column, told.row, told.blocking) == ("privacy.retain_until", 3, True)
    with pytest.raises(InputError, match="retain_until"):
        ingest.ingest(kept, bench.root / "c")
    with pytest.raises(InputError, match="purge"):
        run("acme", root=bench.root)
    assert not (bench.root / "c").exists()
    later = bench.client(TEXT, simulated=False, privacy="{retain_until: 2999-12-31}")
    assert "retention_over" not in {fault.rule for fault in ingest.check(later)}
    made_up = bench.client(TEXT, privacy="{demo_key: not-a-secret, retain_until: 2020-12-31}")
    assert "retention_over" not in {fault.rule for fault in ingest.check(made_up)}


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_rows_of_people_can_be_read_by_their_owner_only(bench):
    plant(bench)
    folder = bench.root / "c"
    ingest.ingest(bench.client(TEXT), folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.glob("*.parquet")} == {0o600}


@pytest.mark.parametrize(
    ("header", "personal"),
    [
        ("发生日期", False),
        ("产生日期", False),
        ("生日", True),
        ("业主生日", True),
        ("出生日期", True),
    ],
)
def test_the_day_something_happened_is_no_birthday(header, personal):
    assert (personal_reason(header) is not None) is personal
