"""Exports about employees: roster, learning platform, course sheets, tests, ratings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.simulation.behaviour import INSTRUMENT_360, ITEMS_360, ITEMS_SHOPPER
from analysis.simulation.exports import persons, spelling
from analysis.simulation.exports.files import Workbook, write_csv
from analysis.simulation.sheets import ITEM_NAMES
from analysis.simulation.training import COURSE_ITEMS
from analysis.simulation.world import World

_TIERS = {"frontline": "基层", "middle": "中层", "senior": "高层"}
_MODES = {"classroom": "面授", "simulation": "情景模拟", "online": "线上"}
_OCCASIONS = {"pre": "训前", "post": "训后", "retest": "补考", "follow_up": "回访"}
_FORMS = {"written": "笔试", "practical": "实操", "role_play": "情景演练", "system": "系统操作"}
_ROLES = {"self": "本人", "supervisor": "上级", "peer": "同事", "customer": "客户"}
_FIVE = {5: "非常满意", 4: "满意", 3: "一般", 2: "不满意", 1: "非常不满意"}


def write_roster(world: World, folder: Path) -> None:
    """Write the roster of employees, leavers included."""
    staff = world.tables["staff"]
    people = persons.employees(list(staff["staff_id"]))
    columns = {
        "工号": list(staff["staff_id"]),
        "姓名": [f"{n}　" if i % 50 == 9 else n for i, (n, _) in enumerate(people)],
        "手机号": [phone for _, phone in people],
        "所属项目": spelling.site_names(staff["site_id"]),
        "岗位": list(staff["role"]),
        "层级": spelling.mapped(staff["tier"], _TIERS),
        "入职日期": spelling.dates(staff["hired_on"], serials=True),
        "离职日期": spelling.dates(staff["left_on"]),
        "年龄段": list(staff["age_band"]),
        "学历": list(staff["education_band"]),
    }
    with Workbook(folder / "人事" / "员工花名册.xlsx") as book:
        book.sheet("花名册", columns, title="员工花名册（含离职）")


def write_waves(world: World, folder: Path) -> None:
    """Write which site was planned for and trained in which wave."""
    waves = world.tables["waves"]
    columns = {
        "项目名称": list(waves["site_id"]),
        "批次": [int(w) for w in waves["wave"]],
        "组别": spelling.mapped(waves["arm"], {"treated": "参训组", "comparison": "对照组"}),
        "计划开班日期": spelling.dates(waves["planned_start"], blank="—"),
        "实际开班日期": spelling.dates(waves["actual_start"], blank="—"),
        "分组方式": ["分层随机"] * len(waves),
    }
    with Workbook(folder / "培训" / "培训批次安排.xlsx") as book:
        book.sheet("批次", columns, title="培训批次安排表")


def write_enrolments(world: World, folder: Path) -> None:
    """Write the learning platform's export (text called ``.xls``) and the sign-in sheet."""
    enrolments = world.tables["enrolments"]
    online = (enrolments["mode"] == "online").to_numpy(bool)
    mine = enrolments.loc[online].reset_index(drop=True)
    people = persons.employees(list(mine["staff_id"]))
    share = mine["completion"].to_numpy(float)
    columns = {
        "姓名": [name for name, _ in people],
        "工号": spelling.identifiers(mine["staff_id"]),
        "手机号": [phone for _, phone in people],
        "课程名称": list(mine["module"]),
        "课程类型": ["必修"] * len(mine),
        "班次": list(mine["session"]),
        "讲师编号": list(mine["lecturer_id"]),
        "开课日期": spelling.dates(mine["held_on"]),
        "学时": list(mine["hours"]),
        "是否学习": spelling.mapped(mine["attended"], {True: "是", False: "否"}),
        "学习进度": [
            f"{s:.0%}" if i % 6 else spelling.full_width(f"{100 * s:.0f}") + " ％"
            for i, s in enumerate(share)
        ],
        "完成状态": ["已完成" if s >= 1 else "未完成" for s in share],
        "完成时间": spelling.dates(mine["completed_on"]),
    }
    path = folder / "培训" / "LMS学习记录.xls"
    write_csv(path, columns, encoding="utf-16", delimiter="\t")
    mine = enrolments.loc[~online].reset_index(drop=True)
    columns = {
        "姓名": [name for name, _ in persons.employees(list(mine["staff_id"]))],
        "工号": spelling.identifiers(mine["staff_id"]),
        "课程名称": list(mine["module"]),
        "培训方式": spelling.mapped(mine["mode"], _MODES),
        "班次": list(mine["session"]),
        "讲师编号": list(mine["lecturer_id"]),
        "培训日期": spelling.dates(mine["held_on"]),
        "学时": list(mine["hours"]),
        "是否出勤": spelling.mapped(mine["attended"], {True: "√", False: "×"}),
        "完成比例": [f"{s:.0%}" for s in mine["completion"].to_numpy(float)],
        "结业日期": spelling.dates(mine["completed_on"], blank="/"),
    }
    write_csv(folder / "培训" / "线下签到表.csv", columns, encoding="utf-8")


def write_reactions(world: World, folder: Path) -> None:
    """Write the anonymous course questionnaires, one row per sheet."""
    head, score = _sheets(world.tables["reactions"], "response_id", tuple(COURSE_ITEMS))
    columns = {
        "答卷编号": list(head["response_id"]),
        "课程名称": list(head["module"]),
        "班次": list(head["session"]),
        "讲师编号": list(head["lecturer_id"]),
        "提交日期": spelling.dates(head["answered_on"]),
    }
    for j, (item, (wording, _, _)) in enumerate(COURSE_ITEMS.items(), start=1):
        columns[f"第{j}题({wording})"] = spelling.mapped(score[item], _FIVE)
    write_csv(folder / "培训" / "课程评价.csv", columns, encoding="gb18030")


def write_assessments(world: World, folder: Path) -> None:
    """Write the test scores."""
    tests = world.tables["assessments"]
    columns = {
        "工号": spelling.identifiers(tests["staff_id"]),
        "姓名": [name for name, _ in persons.employees(list(tests["staff_id"]))],
        "课程名称": list(tests["module"]),
        "考核阶段": spelling.mapped(tests["occasion"], _OCCASIONS),
        "考核形式": spelling.mapped(tests["form"], _FORMS),
        "第几次": [int(a) for a in tests["attempt"]],
        "考核日期": spelling.dates(tests["assessed_on"]),
        "成绩": spelling.counted(tests["score"], unit="分"),
        "考官编号": spelling.plain(tests["assessor_id"]),
    }
    with Workbook(folder / "培训" / "考核成绩.xlsx") as book:
        book.sheet("成绩", columns, title="培训考核成绩汇总")


def write_test_answers(world: World, folder: Path) -> None:
    """Write the points of each item, one row per candidate, as a test platform exports them.

    Where nobody was tested the file has its header alone.
    """
    answers = world.tables["test_answers"]
    keys = ["staff_id", "module", "occasion", "form", "attempt", "version", "answered_on"]
    head = answers.loc[answers["item"] == ITEM_NAMES[0], [*keys, "full_score"]]
    wide = answers.astype({"score": float}).pivot_table(
        index=["staff_id", "attempt"], columns="item", values="score"
    )
    wide = wide.reindex(
        index=pd.MultiIndex.from_frame(head[["staff_id", "attempt"]]), columns=list(ITEM_NAMES)
    )
    columns = {
        "工号": spelling.identifiers(head["staff_id"]),
        "姓名": [name for name, _ in persons.employees(list(head["staff_id"]))],
        "课程名称": list(head["module"]),
        "考核阶段": spelling.mapped(head["occasion"], _OCCASIONS),
        "考核形式": spelling.mapped(head["form"], _FORMS),
        "第几次": [int(a) for a in head["attempt"]],
        "试卷版本": list(head["version"]),
        "交卷日期": spelling.dates(head["answered_on"]),
        "每题满分": [float(v) for v in head["full_score"]],
    }
    for number, item in enumerate(ITEM_NAMES, start=1):
        columns[f"第{number}题得分"] = [float(v) for v in wide[item]]
    write_csv(folder / "培训" / "在线考试逐题得分.csv", columns, encoding="utf-8-sig")


def write_ratings(world: World, folder: Path) -> None:
    """Write the 360-degree sheets, coded 1 = very good, and the mystery shoppers' visits."""
    ratings = world.tables["ratings"]
    inside = (ratings["instrument"] == INSTRUMENT_360).to_numpy(bool)
    head, score = _sheets(ratings.loc[inside], "rating_id", tuple(ITEMS_360))
    columns = {
        "评价单号": list(head["rating_id"]),
        "被评人工号": spelling.identifiers(head["ratee_id"]),
        "被评人姓名": [name for name, _ in persons.employees(list(head["ratee_id"]))],
        "所属项目": list(head["site_id"]),
        "评价人工号": spelling.plain(head["rater_id"]),
        "评价人角色": spelling.mapped(head["rater_role"], _ROLES),
        "评价日期": spelling.dates(head["rated_on"]),
    }
    for item, wording in ITEMS_360.items():
        columns[f"{wording}(1=非常好 5=非常差)"] = [str(6 - int(s)) for s in score[item]]
    write_csv(folder / "行为评估" / "360评价.csv", columns, encoding="gb18030")
    head, score = _sheets(ratings.loc[~inside], "rating_id", tuple(ITEMS_SHOPPER))
    columns = {
        "暗访编号": list(head["rating_id"]),
        "项目名称": spelling.site_names(head["site_id"]),
        "暗访员编号": list(head["rater_id"]),
        "暗访日期": spelling.dates(head["rated_on"], serials=True),
    }
    for item, wording in ITEMS_SHOPPER.items():
        columns[wording] = spelling.counted(score[item], unit="分")
    with Workbook(folder / "行为评估" / "神秘客暗访.xlsx") as book:
        book.sheet("暗访记录", columns, title="第三方神秘客暗访记录")


def _sheets(
    long: pd.DataFrame, key: str, asked: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Bring one row per answer back to one row per sheet; rows of a sheet lie together.

    ``asked`` are the items of a sheet, as they are called where nobody filled one in.
    """
    k = len(asked)
    head = long.iloc[::k].reset_index(drop=True)
    score = long["score"].to_numpy(float).reshape(-1, k)
    items = list(long["item"].iloc[:k]) or list(asked)
    if not (long[key].to_numpy(object).reshape(-1, k) == head[key].to_numpy(object)[:, None]).all():
        raise ValueError(f"rows of one {key} do not lie together")
    return head, {item: score[:, j] for j, item in enumerate(items)}
