"""Small tables of which every value is known, with the headers and the source of an export."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

TABLES = ("fees", "tickets", "surveys", "enrolments")
SITES = (
    "A园",
    "阳光城",
    "滨江一号",
    "Sun City",
    "万科·城市花园",
    "7号院",
    "合家小区",
    "东湖(二期)",
)
KINDS = {"报修": "repair", "投诉": "complaint", "咨询": "enquiry", "表扬": "praise"}
LABELS = {"非常满意": 5, "满意": 4, "一般": 3, "不满意": 2, "非常不满意": 1}
BEIJING = dt.timezone(dt.timedelta(hours=8))


@dataclass
class Line:
    """One line of a sheet: cells by header. Only those of the kind ``data`` are cases."""

    cells: dict[str, Any]
    kind: str = "data"
    hidden: bool = False


@dataclass
class Sheet:
    """One sheet, or one text file, before it is laid out.

    ``headers`` are in order; ``above`` and ``below`` are lines of free cells around the table;
    ``group`` joins headers under a wider one; ``merged`` are headers whose equal neighbours
    become one cell.
    """

    file: str
    name: str
    headers: list[str]
    lines: list[Line]
    above: list[list[Any]] = field(default_factory=list)
    below: list[list[Any]] = field(default_factory=list)
    group: dict[str, str] = field(default_factory=dict)
    merged: set[str] = field(default_factory=set)
    hidden: bool = False


@dataclass
class Export:
    """What a client sends: a truth, the sheets that hold it, and the source that describes it.

    Attributes
    ----------
    table : str
        Canonical table.
    truth : list of dict
        Its rows, canonical column to value; people as the client writes them.
    sheets : list of Sheet
        With the truth in their lines, one line a row at first.
    source : dict
        The source in the client file.
    top : dict
        Further keys of the client file.
    role : dict
        Which header holds what: ``site``, ``month``, ``amounts`` …
    container : str
        How files are written.
    compare : dict of str to Callable
        Canonical column to a reading under which it is compared; ``None`` leaves it out.
    """

    table: str
    truth: list[dict[str, Any]]
    sheets: list[Sheet]
    source: dict[str, Any]
    top: dict[str, Any]
    role: dict[str, Any]
    container: str = "xlsx"
    system: str = "1900"
    compare: dict[str, Callable[[Any], Any] | None] = field(default_factory=dict)

    def cells_of(self, header: str, *, totals: bool = False) -> Iterator[Line]:
        """Yield every line of data, and of totals, that has a header, to change its cell."""
        kinds = ("data", "total") if totals else ("data",)
        for sheet in self.sheets:
            for line in sheet.lines:
                if line.kind in kinds and header in line.cells:
                    yield line

    def option(self, column: str, **options: Any) -> None:
        """Declare options of a mapped column in the client file."""
        unpivot = self.source.get("unpivot", {"items": {}})
        place = self.source["columns"] if column in self.source["columns"] else unpivot["items"]
        mapping = place[column]
        if not isinstance(mapping, dict):
            mapping = {"from": mapping}
        place[column] = {**mapping, **options}

    def rename(self, old: str, new: str) -> None:
        """Give a column another header everywhere, in the client file too."""
        for sheet in self.sheets:
            sheet.headers = [new if h == old else h for h in sheet.headers]
            sheet.group = {new if h == old else h: g for h, g in sheet.group.items()}
            for line in sheet.lines:
                line.cells = {new if h == old else h: c for h, c in line.cells.items()}
        self.source = renamed(self.source, old, new)
        self.role = renamed(self.role, old, new)


def renamed(part: Any, old: str, new: str) -> Any:
    """Return a part of a client file in which a text stands instead of another."""
    if isinstance(part, dict):
        return {(new if k == old else k): renamed(v, old, new) for k, v in part.items()}
    if isinstance(part, list):
        return [renamed(v, old, new) for v in part]
    return new if part == old else part


def tidy(table: str, rng: random.Random) -> Export:
    """Return a tidy export of a table, one sheet with one line a row."""
    sites = rng.sample(SITES, rng.randint(2, 4))
    made = {"fees": _fees, "tickets": _tickets, "surveys": _surveys, "enrolments": _enrolments}
    export = made[table](sites, rng)
    if table in ("fees", "tickets") and rng.random() < 0.5:
        rows = [{"site_id": s, "site_name": s, "households": 100} for s in sites]
        export.top["sites"] = rows
    return export


def _export(table, truth, headers, lines, columns, role, **more) -> Export:
    """Put the parts of a tidy export together; ``more`` are further keys of its source."""
    sheet = Sheet("数据", "明细", headers, [Line(cells) for cells in lines])
    return Export(table, truth, [sheet], {"table": table, "columns": columns, **more}, {}, role)


def _fees(sites, rng) -> Export:
    finer = rng.random() < 0.6
    months = [dt.date(2024, m, 1) for m in sorted(rng.sample(range(1, 13), rng.randint(2, 4)))]
    lines, truth = [], []
    for site in sites:
        buildings = [f"{n}栋" for n in range(1, rng.randint(2, 4))] if finer else [""]
        for month in months:
            due = [round(rng.uniform(500, 9000), rng.choice((0, 1, 2))) for _ in buildings]
            paid = [rng.choice((d, round(d * rng.random(), 2), 0.0)) for d in due]
            truth.append({
                "site_id": site, "month": month,
                "receivable": sum(due), "collected": sum(paid),
            })  # fmt: skip
            for building, d, p in zip(buildings, due, paid, strict=True):
                cells = {"项目": site, "楼栋": building, "账期": month, "应收": d, "实收": p}
                lines.append(cells if finer else {k: v for k, v in cells.items() if k != "楼栋"})
    if finer and rng.random() < 0.5:
        lines.sort(key=lambda cells: (cells["项目"], cells["楼栋"], cells["账期"]))
    headers = ["项目", *(["楼栋"] if finer else []), "账期", "应收", "实收"]
    columns = {"site_id": "项目", "month": "账期", "receivable": "应收", "collected": "实收"}
    more = {"drop": ["楼栋"], "aggregate": {"sum": ["receivable", "collected"]}} if finer else {}
    role = {"site": "项目", "month": "账期", "amounts": ["应收", "实收"], "text": ["楼栋"] * finer}
    return _export("fees", truth, headers, lines, columns, role, **more)


def _tickets(sites, rng) -> Export:
    style = rng.choice(("W{:04d}", "{:06d}", "GD-2024-{:03d}", "2024{:08d}"))
    lines, truth = [], []
    for number in range(1, rng.randint(7, 18)):
        opened = dt.datetime(2024, 1, 5, 8, 7) + dt.timedelta(minutes=rng.randint(0, 450_000))
        wait = dt.timedelta(minutes=rng.randint(3, 9000))
        closed = opened + wait if rng.random() < 0.8 else None
        kind, rating = rng.choice(list(KINDS)), rng.choice((None, 1, 2, 3, 4, 5))
        site, name = rng.choice(sites), style.format(number)
        lines.append({
            "工单编号": name, "项目": site, "类型": kind, "报修时间": opened, "办结时间": closed,
            "评价": rating,
        })  # fmt: skip
        truth.append({
            "ticket_id": name, "site_id": site, "kind": KINDS[kind],
            "opened_at": opened.replace(tzinfo=BEIJING),
            "resolved_at": None if closed is None else closed.replace(tzinfo=BEIJING),
            "rating": rating,
        })  # fmt: skip
    columns = {
        "ticket_id": "工单编号", "site_id": "项目", "kind": {"from": "类型", "labels": dict(KINDS)},
        "opened_at": "报修时间", "resolved_at": "办结时间", "rating": "评价",
    }  # fmt: skip
    role = {"site": "项目", "id": "工单编号", "times": ["报修时间", "办结时间"], "optional": "评价",
            "text": ["类型"]}  # fmt: skip
    return _export("tickets", truth, list(lines[0]), lines, columns, role)


def _surveys(sites, rng) -> Export:
    lines, truth = [], []
    for number in range(1, rng.randint(7, 16)):
        answered = dt.datetime(2024, 3, 1, 9, 3) + dt.timedelta(minutes=rng.randint(0, 300_000))
        site = rng.choice(sites)
        scores = [rng.choice((1, 2, 3, 4, 5, 5, 4, None)) for _ in range(2)]
        lines.append({
            "序号": number, "项目": site, "提交时间": answered, "总体满意度": scores[0],
            "响应速度": scores[1],
        })  # fmt: skip
        truth += [
            {
                "response_id": str(number), "item": item, "site_id": site,
                "answered_at": answered.replace(tzinfo=BEIJING), "score": score,
            }
            for item, score in zip(("q1", "q2"), scores, strict=True)
        ]  # fmt: skip
    columns = {"response_id": "序号", "site_id": "项目", "answered_at": "提交时间"}
    items = {"q1": "总体满意度", "q2": "响应速度"}
    role = {"site": "项目", "id": "序号", "times": ["提交时间"], "scores": list(items.values()),
            "text": []}  # fmt: skip
    export = _export("surveys", truth, list(lines[0]), lines, columns, role,
                     constants={"instrument": "s"}, unpivot={"items": items})  # fmt: skip
    export.top["instruments"] = {
        "s": {"scale": [1, 5], "items": {"q1": {"role": "overall"}, "q2": {}}}
    }
    export.top["labels"] = {"five": dict(LABELS)}
    return export


def _enrolments(sites, rng) -> Export:
    lines, truth = [], []
    for number in rng.sample(range(1, 400), rng.randint(6, 12)):
        cells = {
            "工号": f"{number:05d}", "课程": rng.choice(("投诉处理", "沟通技巧")), "班次": "第一期",
            "开课日期": dt.date(2024, 1, 3) + dt.timedelta(days=rng.randint(0, 350)),
            "学时": rng.choice((0.5, 1, 1.5, 2, 2.25, 3, 8)),
            "进度": rng.choice((1, 0, 0.85, 0.5, 0.333, 1)),
        }  # fmt: skip
        lines.append(cells)
        truth.append({
            "staff_id": cells["工号"], "module": cells["课程"], "session": cells["班次"],
            "held_on": cells["开课日期"], "hours": cells["学时"], "completion": cells["进度"],
        })  # fmt: skip
    columns = {
        "staff_id": "工号", "module": "课程", "session": "班次", "held_on": "开课日期",
        "hours": "学时", "completion": {"from": "进度", "unit": "share"},
    }  # fmt: skip
    role = {"id": "工号", "dates": ["开课日期"], "hours": "学时", "share": "进度", "text": ["课程"]}
    return _export("enrolments", truth, list(lines[0]), lines, columns, role)
