"""Sixty made-up people stand all over a client's files; what is passed on names none of them."""

from __future__ import annotations

import dataclasses
import zipfile

import openpyxl
import pandas as pd
import pytest
from in_process import run_here
from searching import files_with, found_in
from small_client import write_client

from analysis.report.sharing import share
from analysis.simulation import CANARIES

NAMES = [name for name, _ in CANARIES]
PHONES = [phone for _, phone in CANARIES]
OWNERS = ["司空图南", "闻人远志", "宇文新月", "呼延长青", "濮阳春晓", "澹台明镜"]
"""People who stand nowhere but where a role belongs."""
OTHERS = [
    "110105198703124018", "wxid_9qk2m4x7a1", "linda.meyer@example.cn", "6222021234567890128",
    "沪A·D12345", "2001:db8:85a3::8a2e:370:7334", "0571-88886666", "10.23.45.67", "E52839401",
    "微信号:moonlight_77", "QQ:283746152", "+86 139 7777 0001", "13977770002", "13977770003",
]  # fmt: skip
CANARY = [*NAMES, *PHONES, *OWNERS, *OTHERS]


def planted(world):
    """Put people where exports keep text: owners, approvers, events, sessions, a module."""
    tables = {name: frame.copy() for name, frame in world.tables.items()}

    def put(table: str, column: str, words: list[str]) -> None:
        values = tables[table][column].astype("string").tolist()
        values[: len(words)] = words[: len(values)]
        tables[table][column] = pd.array(values, dtype=tables[table][column].dtype)

    put("risks", "owner", OWNERS)
    put("risks", "name", [f"{name}离职" for name in NAMES[:4]])
    put("actions", "owner", NAMES[4:6])
    put("documents", "approved_by", [*NAMES[6:8], OWNERS[0]])
    put("documents", "title", [f"培训方案（{NAMES[8]}拟）"])
    put("events", "name", [f"{name}调任项目经理" for name in NAMES[9:12]])
    put("milestones", "name", [f"{NAMES[12]}验收"])
    module = tables["enrolments"]["module"].mode()[0]
    for frame in tables.values():
        for column in ("module", "session"):
            if column in frame:
                texts = frame[column].astype("string")
                frame[column] = texts.str.replace(
                    module, f"{module}{NAMES[13]}", regex=False
                ).astype(frame[column].dtype)
    return dataclasses.replace(world, tables=tables), module


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    asked = {}

    def change_world(world):
        changed, asked["module"] = planted(world)
        return changed

    def change_file(document) -> None:
        old, new = asked["module"], f"{asked['module']}{NAMES[13]}"

        def renamed(node):
            if isinstance(node, dict):
                for key in list(node):
                    node[key] = renamed(node[key])
                    if key == old:
                        node[new] = node.pop(key)
                return node
            if isinstance(node, list):
                node[:] = [renamed(item) for item in node]
                return node
            return new if node == old else node

        renamed(document)
        for source in document["sources"]:
            files = source.get("files", [])
            if files == ["项目变动记录.csv"]:
                source["files"] = ["项目变动记录_*.csv"]
                source["drop"] = {header(): "open text"}
            if source.get("sheets") == ["改进行动"]:
                source["sheets"] = ["改进行动*"]

    made = write_client(tmp_path_factory.mktemp("canaries"), change_world=change_world,
                        change_file=change_file)  # fmt: skip
    events = made.raw / "项目变动记录.csv"
    lines = events.read_bytes().decode("gb18030").splitlines()
    lines = [f"{lines[0]},{header()}", *(f"{line},见{OTHERS[1]}" for line in lines[1:])]
    text = "\r\n".join(lines) + "\r\n"
    events.unlink()
    named = f"项目变动记录_{NAMES[14]}_{PHONES[14]}_{OTHERS[2]}.csv"
    (made.raw / named).write_bytes(text.encode("gb18030"))
    plans = made.raw / "培训" / "项目管理台账.xlsx"
    book = openpyxl.load_workbook(plans)
    book["改进行动"].title = f"改进行动{NAMES[15]}{OTHERS[0]}"
    book.save(plans)
    notes = "; ".join([*NAMES[16:], *OTHERS])
    rows = "alert_id,state,decided_on,decided_by,note\n"
    (made.root / "data" / "acme" / "alerts.csv").write_text(
        f'{rows}x,closed,2024-05-01,{NAMES[0]},"{notes}"\n', encoding="utf-8"
    )
    actions = "action_id,state,decided_on,decided_by,course_version,note\n"
    (made.root / "data" / "acme" / "actions.csv").write_text(
        f'{actions}y,done,2024-05-01,{NAMES[1]},v2 {NAMES[2]},"{notes}"\n', encoding="utf-8"
    )
    return made


def header() -> str:
    return f"{NAMES[3]}备注{OTHERS[6]}"


def test_none_of_sixty_is_passed_on(client, tmp_path, monkeypatch):
    assert len(set(CANARY)) == 60
    hits = files_with(client.root / "data", CANARY)
    assert set(CANARY) <= set().union(*hits.values())
    result = run_here(client, drawn=True)
    assert result.state == "complete", result.error
    made = share(result.folder, tmp_path / "acme.zip")
    assert {"zh/tables.xlsx", "en/index.html", "zh/baseline.html"} <= set(made.files)
    with zipfile.ZipFile(made.path) as archive:
        shown = {name: found_in(archive.read(name), CANARY) for name in archive.namelist()}
    assert {name: found for name, found in shown.items() if found} == {}
