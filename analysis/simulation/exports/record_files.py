"""Exports of what is kept beside the training: lecturers, objections, documents, changes."""

from __future__ import annotations

from pathlib import Path

from analysis.simulation.exports import persons, spelling
from analysis.simulation.exports.files import Workbook, write_csv
from analysis.simulation.world import World

_ORIGINS = {"internal": "内部讲师", "external": "外聘讲师", "technical": "技术讲师"}
_ABOUT = {"test": "考核成绩", "rating": "行为评价", "appraisal": "绩效考核", "other": "其他"}
_OUTCOMES = {"upheld": "维持原结果", "changed": "更正", "withdrawn": "撤回"}
_COACHING = {
    "coaching": "面谈辅导",
    "demonstration": "现场示范",
    "feedback": "反馈点评",
    "reminder": "提醒",
}
_TASKS = {
    "report": "调研报告",
    "simulation": "情景演练",
    "tool": "工具应用",
    "recording": "录像评分",
}
_OCCASIONS = {"pre": "训前", "post": "训后"}
_WAYS = {"questionnaire": "问卷", "focus_group": "座谈会", "interview": "访谈"}
_YES = {True: "是", False: "否"}
_ASKED = {"participant": "参训者", "supervisor": "上级"}
_CHANGES = {
    "service_standard": "服务标准",
    "takeover": "项目交接",
    "management": "管理人员",
    "system": "系统",
    "price": "价格",
    "other": "其他",
}


def write_lecturers(world: World, folder: Path) -> None:
    """Write the list of lecturers."""
    lecturers = world.tables["lecturers"]
    numbers = [500 + i for i in range(len(lecturers))]
    columns = {
        "讲师编号": list(lecturers["lecturer_id"]),
        "讲师姓名": [persons.employee(number)[0] for number in numbers],
        "讲师类别": spelling.mapped(lecturers["origin"], _ORIGINS),
        "从业年限": [f"{v:g}年" for v in lecturers["service_years"]],
        "是否持证": spelling.mapped(lecturers["certified"], {True: "是", False: "否"}),
        "取证日期": spelling.dates(lecturers["certified_on"], blank="—"),
    }
    with Workbook(folder / "培训" / "讲师档案.xlsx") as book:
        book.sheet("讲师", columns, title="培训讲师档案")


def write_appeals(world: World, folder: Path) -> None:
    """Write the objections to results and their answers."""
    appeals = world.tables["appeals"]
    columns = {
        "申诉编号": list(appeals["appeal_id"]),
        "申诉人工号": spelling.identifiers(appeals["staff_id"]),
        "申诉事项": spelling.mapped(appeals["about"], _ABOUT),
        "申诉日期": spelling.dates(appeals["filed_on"]),
        "答复期限": spelling.dates(appeals["due_on"]),
        "答复日期": spelling.dates(appeals["decided_on"], blank="—"),
        "处理结论": spelling.mapped(appeals["outcome"], _OUTCOMES, blank="—"),
    }
    write_csv(folder / "人事" / "申诉登记.csv", columns, encoding="utf-8-sig")


def write_skill_use(world: World, folder: Path) -> None:
    """Write the log of skills seen at work."""
    use = world.tables["skill_use"]
    columns = {
        "工号": spelling.identifiers(use["staff_id"]),
        "记录日期": spelling.dates(use["seen_on"]),
        "技能": list(use["skill"]),
        "观察人角色": spelling.mapped(use["seen_by"], {"self": "本人", "supervisor": "上级"}),
        "应用次数": list(use["times"]),
        "覆盖天数": list(use["days"]),
    }
    write_csv(folder / "行为评估" / "行为改变日志.csv", columns, encoding="utf-8-sig")


def write_coaching(world: World, folder: Path) -> None:
    """Write the log of coaching at work."""
    coaching = world.tables["coaching"]
    columns = {
        "辅导编号": list(coaching["coaching_id"]),
        "工号": spelling.identifiers(coaching["staff_id"]),
        "辅导日期": spelling.dates(coaching["held_on"]),
        "辅导方式": spelling.mapped(coaching["kind"], _COACHING),
        "辅导技能": list(coaching["skill"]),
        "辅导人工号": spelling.identifiers(coaching["coach_id"]),
        "辅导时长": [f"{minutes:g}分钟" for minutes in coaching["minutes"]],
    }
    with Workbook(folder / "行为评估" / "在岗辅导记录.xlsx") as book:
        book.sheet("辅导记录", columns, title="在岗辅导记录")


def write_task_scores(world: World, folder: Path) -> None:
    """Write the scoring sheets of practical tasks, one row per criterion and assessor."""
    scores = world.tables["task_scores"]
    columns = {
        "工号": spelling.identifiers(scores["staff_id"]),
        "任务": list(scores["task"]),
        "任务类型": spelling.mapped(scores["kind"], _TASKS),
        "考核阶段": spelling.mapped(scores["occasion"], _OCCASIONS),
        "考官编号": list(scores["assessor_id"]),
        "评分项": list(scores["item"]),
        "评分日期": spelling.dates(scores["scored_on"]),
        "得分": [f"{score:g}" for score in scores["score"]],
        "满分": [f"{full:g}" for full in scores["full_score"]],
        "达标分": spelling.plain(scores["pass_score"]),
        "是否盲评": spelling.mapped(scores["blinded"], _YES),
        "是否同意录像": spelling.mapped(scores["video_consent"], _YES),
    }
    write_csv(folder / "培训" / "实操评分表.csv", columns, encoding="utf-8-sig")


def write_reply_reports(world: World, folder: Path) -> None:
    """Write what customers said on the phone about how long a reply took."""
    reports = world.tables["reply_reports"]
    columns = {
        "回访编号": list(reports["report_id"]),
        "项目名称": spelling.site_names(reports["site_id"]),
        "回访时间": spelling.times(reports["answered_at"]),
        "反馈是否超过24小时": spelling.mapped(reports["over_24h"], _YES),
    }
    with Workbook(folder / "满意度问卷" / "反馈时效回访.xlsx") as book:
        book.sheet("回访", columns, title="反馈时效电话回访")


def write_needs_asked(world: World, folder: Path) -> None:
    """Write the list of staff asked for training needs."""
    asked = world.tables["needs_asked"]
    columns = {
        "工号": spelling.identifiers(asked["staff_id"]),
        "调研方式": spelling.mapped(asked["way"], _WAYS),
        "发放日期": spelling.dates(asked["asked_on"]),
        "回收日期": spelling.dates(asked["answered_on"]),
    }
    write_csv(folder / "培训" / "需求调研名单.csv", columns, encoding="gb18030")


def write_documents(world: World, folder: Path) -> None:
    """Write the register of documents with their versions."""
    documents = world.tables["documents"]
    columns = {
        "文件名称": list(documents["title"]),
        "版本号": list(documents["version"]),
        "发布日期": spelling.dates(documents["issued_on"]),
        "批准岗位": spelling.plain(documents["approved_by"], blank="—"),
        "批准日期": spelling.dates(documents["approved_on"], blank="—"),
        "会签岗位": spelling.plain(documents["second_approved_by"], blank="—"),
        "会签日期": spelling.dates(documents["second_approved_on"], blank="—"),
    }
    with Workbook(folder / "培训" / "文件清单.xlsx") as book:
        book.sheet("文件", columns, title="培训项目文件清单")


def write_events(world: World, folder: Path) -> None:
    """Write what else changed at the sites."""
    events = world.tables["events"]
    columns = {
        "变动编号": list(events["event_id"]),
        "项目名称": spelling.plain(events["site_id"], blank="全部"),
        "变动类别": spelling.mapped(events["change"], _CHANGES),
        "变动事项": list(events["name"]),
        "生效日期": spelling.dates(events["happened_on"]),
    }
    write_csv(folder / "项目变动记录.csv", columns, encoding="gb18030")


def write_attributions(world: World, folder: Path) -> None:
    """Write what people asked put down to the training; who gave no answer has blank cells."""
    asked = world.tables["attributions"]
    share = lambda cells: ["" if spelling.missing(v) else f"{v:.0%}" for v in cells]  # noqa: E731
    columns = {
        "估计人工号": spelling.identifiers(asked["respondent_id"]),
        "估计人角色": spelling.mapped(asked["respondent_role"], _ASKED),
        "改善指标": ["每千户投诉量"] * len(asked),
        "所属项目": list(asked["site_id"]),
        "估计日期": spelling.dates(asked["answered_on"]),
        "年改善金额": ["" if spelling.missing(v) else f"{v:.0f}元" for v in asked["improvement"]],
        "归因比例": share(asked["estimate"]),
        "归因把握": share(asked["confidence"]),
    }
    write_csv(folder / "培训" / "培训作用估计表.csv", columns, encoding="utf-8-sig")
