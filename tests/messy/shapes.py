"""Ways to cut and turn a table: sheets and files, months as columns, a measure a sheet."""

from __future__ import annotations

import copy
import datetime as dt
import random

from messy.tidy import Export, Line, Sheet, renamed


def _by(export: Export, key, rng: random.Random, *, files: bool) -> None:
    """Split the only sheet by a key of its lines."""
    (whole,) = export.sheets
    parts: dict[str, list[Line]] = {}
    for line in whole.lines:
        parts.setdefault(key(line), []).append(line)
    export.sheets = []
    for name, lines in parts.items():
        sheet = copy.deepcopy(whole)
        sheet.lines = lines
        sheet.file, sheet.name = (f"导出_{name}", "明细") if files else (whole.file, name)
        export.sheets.append(sheet)


def _without(export: Export, header: str) -> None:
    for sheet in export.sheets:
        sheet.headers.remove(header)
        for line in sheet.lines:
            line.cells.pop(header, None)


def _month_name(form: str, day: dt.date) -> str:
    return {"chinese": f"{day.year}年{day.month}月", "iso": f"{day:%Y-%m}"}[form]


_MONTH = {"chinese": r"(\d{4}年\d{1,2}月)", "iso": r"(\d{4}-\d{2})"}


def _split_by_month(export: Export, rng: random.Random, *, files: bool) -> None:
    form, prefix = rng.choice(("chinese", "iso")), rng.choice(("", "台账 "))
    _by(export, lambda line: prefix + _month_name(form, line.cells["账期"]), rng, files=files)
    if rng.random() < 0.3:
        return  # the month stays in its column too
    _without(export, "账期")
    place = "$file" if files else "$sheet"
    if rng.random() < 0.15:
        export.source["columns"]["month"] = "账期"  # nobody said where the month stands
    else:
        export.source["columns"]["month"] = {"from": place, "pattern": _MONTH[form]}


def months_as_sheets(export: Export, rng: random.Random) -> None:
    """One sheet a month, named by it."""
    _split_by_month(export, rng, files=False)


def months_as_files(export: Export, rng: random.Random) -> None:
    """One file a month, named by it."""
    _split_by_month(export, rng, files=True)


def _split_by_site(export: Export, rng: random.Random, *, files: bool) -> None:
    header = export.role["site"]
    _by(export, lambda line: str(line.cells[header]).strip(), rng, files=files)
    if rng.random() < 0.5:
        return
    _without(export, header)
    if files:
        export.source["columns"]["site_id"] = {"from": "$file", "pattern": "导出_(.+)"}
    else:
        export.source["columns"]["site_id"] = "$sheet"


def sites_as_sheets(export: Export, rng: random.Random) -> None:
    """One sheet a site."""
    _split_by_site(export, rng, files=False)


def sites_as_files(export: Export, rng: random.Random) -> None:
    """One file a site."""
    _split_by_site(export, rng, files=True)


def numbers_restart(export: Export, rng: random.Random) -> None:
    """Two rounds of answers, each numbered from 1, on two sheets or in two files."""
    files = rng.random() < 0.5
    half = len(export.sheets[0].lines) // 2
    order = {id(line): n for n, line in enumerate(export.sheets[0].lines)}
    _by(export, lambda line: "训前" if order[id(line)] < half else "训后", rng, files=files)
    for sheet in export.sheets:
        for number, line in enumerate(sheet.lines, start=1):
            line.cells["序号"] = number
    export.compare["response_id"] = None
    place = "$file" if files else "$sheet"
    how = rng.choice(("declared", "declared", "keep", "nothing"))
    if how == "declared":
        export.source["columns"]["response_id"] = {"from": [place, "序号"]}
    elif how == "keep":
        export.source["duplicates"] = {"keep": rng.choice(("first", "last"))}


def months_as_columns(export: Export, rng: random.Random) -> None:
    """Months as columns, under a group or in one header; sometimes with a total beside them."""
    (sheet,) = export.sheets
    finer = "楼栋" in sheet.headers
    form = rng.choice(("{d.month}月", "{d:%Y-%m}", "{d.year}年{d.month}月"))
    two_rows = rng.random() < 0.6
    keep = [h for h in sheet.headers if h not in ("账期", "应收", "实收")]
    rows: dict[tuple, dict] = {}
    heads = sorted({line.cells["账期"] for line in sheet.lines})
    for line in sheet.lines:
        key = tuple(line.cells[h] for h in keep)
        row = rows.setdefault(key, {h: line.cells[h] for h in keep})
        for measure in ("应收", "实收"):
            name = f"{form.format(d=line.cells['账期'])}·{measure}"
            row[name] = line.cells[measure]
    headers = [f"{form.format(d=head)}·{m}" for head in heads for m in ("应收", "实收")]
    group = {h: h.split("·")[0] for h in headers}
    total = rng.choice((None, None, "合计", "全年", "1-12月"))
    if total:
        for row in rows.values():
            for measure in ("应收", "实收"):
                row[f"{total}·{measure}"] = sum(
                    row.get(h, 0) or 0 for h in headers if h.endswith(measure)
                )
        added = [f"{total}·{m}" for m in ("应收", "实收")]
        group |= dict.fromkeys(added, total)
        headers += added
    sheet.headers = [*keep, *headers]
    sheet.lines = [Line(row) for row in rows.values()]
    sheet.group = group if two_rows else {}
    exact = {"{d.month}月": r"\d{1,2}月", "{d:%Y-%m}": r"\d{4}-\d\d"}
    narrow = rng.random() < 0.7
    head = exact.get(form, r"\d{4}年\d{1,2}月") if narrow else ".+"
    export.source["wide"] = f"(?P<head>{head})·(?P<measure>应收|实收)"
    month = {"from": "$head"} | ({"year": 2024} if form == "{d.month}月" else {})
    export.source["columns"]["month"] = month
    if total and narrow and rng.random() < 0.7:
        export.source["drop"] = [*export.source.get("drop", []), *added]
    if finer and rng.random() < 0.2:
        export.source.pop("aggregate")
    export.role = {**export.role, "amounts": [h for h in headers if h[0].isdigit()]}


def measures_as_sheets(export: Export, rng: random.Random) -> None:
    """One measure a sheet, months as columns; sometimes a site is missing from one of them."""
    (sheet,) = export.sheets
    keep = [h for h in sheet.headers if h not in ("账期", "应收", "实收")]
    heads = sorted({line.cells["账期"] for line in sheet.lines})
    made = []
    for measure in ("应收", "实收"):
        rows: dict[tuple, dict] = {}
        for line in sheet.lines:
            key = tuple(line.cells[h] for h in keep)
            row = rows.setdefault(key, {h: line.cells[h] for h in keep})
            row[f"{line.cells['账期']:%Y-%m}"] = line.cells[measure]
        lines = [Line(row) for row in rows.values()]
        if measure == "实收":
            rng.shuffle(lines)
            if rng.random() < 0.2 and len(lines) > 2:
                lines.pop()
        headers = [*keep, *(f"{head:%Y-%m}" for head in heads)]
        made.append(Sheet(sheet.file, measure, headers, lines))
    export.sheets = made
    export.source["wide"] = {"heads": r"(?P<head>\d{4}-\d\d)", "measure": "$sheet"}
    export.source["columns"]["month"] = "$head"
    export.role = {**export.role, "amounts": [f"{head:%Y-%m}" for head in heads]}


def other_sheets(export: Export, rng: random.Random) -> None:
    """A sheet of notes, a hidden sheet of an older state, beside the table."""
    (first, *_) = export.sheets
    if len({s.file for s in export.sheets}) > 1:
        return
    kind = rng.choice(("notes", "hidden", "summary"))
    if kind == "notes":
        lines = [Line({"说明": text}) for text in ("本表由系统导出", "如有疑问请联系客服部")]
        export.sheets.append(Sheet(first.file, "填表说明", ["说明"], lines))
    elif kind == "hidden":
        older = copy.deepcopy(first)
        older.name, older.hidden = "旧底稿", True
        older.lines = older.lines[: max(1, len(older.lines) // 2)]
        export.sheets.append(older)
    else:
        lines = [Line({"汇总项": "合计", "数量": 12})]
        export.sheets.append(Sheet(first.file, "汇总", ["汇总项", "数量"], lines))
    if rng.random() < 0.5:
        names = [s.name for s in export.sheets[:-1]]
        if export.container in ("xlsx", "xlsx_1904"):
            export.source["sheets"] = names


def extra_columns(export: Export, rng: random.Random) -> None:
    """Columns that nobody needs: numbers, remarks, names; dropped or forgotten."""
    extras = {"行号": lambda n: n, "备注": lambda n: "见附件" if n % 3 else None,
              "经办人": lambda n: "张三", "处理意见": lambda n: "已处理。"}  # fmt: skip
    chosen = rng.sample(list(extras), rng.randint(1, 3))
    for sheet in export.sheets:
        for header in chosen:
            sheet.headers.insert(rng.randint(0, len(sheet.headers)), header)
            for number, line in enumerate(sheet.lines, start=1):
                line.cells[header] = extras[header](number)
    if rng.random() < 0.7:
        export.source["drop"] = [*export.source.get("drop", []), *chosen]


def other_order(export: Export, rng: random.Random) -> None:
    """Columns and lines in another order, empty columns between them."""
    for sheet in export.sheets:
        if not sheet.group:
            rng.shuffle(sheet.headers)
        for number in range(rng.randint(0, 2)):
            sheet.headers.insert(rng.randint(0, len(sheet.headers)), f"\x00{number}")
        rng.shuffle(sheet.lines)


def same_header(export: Export, rng: random.Random) -> None:
    """Another column of the same name, before or behind, with other values; told apart or not."""
    known = (*export.role.get("amounts", ()), *export.role.get("scores", ()),
             export.role.get("hours"), *export.role.get("times", ()))  # fmt: skip
    header = rng.choice([h for h in known if h])
    behind, again = rng.random() < 0.6, f"{header}\x01"
    for sheet in export.sheets:
        if header not in sheet.headers:
            continue
        sheet.headers.insert(sheet.headers.index(header) + behind, again)
        cells = [line.cells.get(header) for line in sheet.lines]
        for line, cell in zip(sheet.lines, cells[1:] + cells[:1], strict=True):
            line.cells[again] = cell
    if rng.random() < 0.4:
        second = f"{header}#2"
        if not behind:
            export.source = renamed(export.source, header, second)
        export.source["drop"] = [*export.source.get("drop", []), second if behind else header]


def side_total(export: Export, rng: random.Random) -> None:
    """A column that sums the others up."""
    first, second = export.role["amounts"][:2]
    for sheet in export.sheets:
        sheet.headers.append("小计")
        for line in sheet.lines:
            line.cells["小计"] = round(
                (line.cells.get(first) or 0) + (line.cells.get(second) or 0), 2
            )
    if rng.random() < 0.6:
        export.source["drop"] = [*export.source.get("drop", []), "小计"]
