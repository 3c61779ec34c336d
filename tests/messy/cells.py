"""Ways to spell cells: widths, units, dates, labels, identifiers, markers of no value."""

from __future__ import annotations

import datetime as dt
import random

from messy.tidy import LABELS, Export
from messy.writing import Shown

FULL = str.maketrans("0123456789.-,/:%", "０１２３４５６７８９．－，／：％")
WORDS = {value: label for label, value in LABELS.items()}


def _amounts(export: Export, spell) -> None:
    for header in export.role["amounts"]:
        for line in export.cells_of(header, totals=True):
            if isinstance(line.cells[header], int | float):
                line.cells[header] = spell(line.cells[header])


def _money(value: float) -> str:
    return f"{value:,.2f}"


def full_width(export: Export, rng: random.Random) -> None:
    """Digits of full width."""
    if export.table == "fees":
        _amounts(export, lambda v: str(v).translate(FULL))
    for header in export.role.get("scores", []):
        for line in export.cells_of(header):
            if line.cells[header] is not None:
                line.cells[header] = str(line.cells[header]).translate(FULL)
    for header in [export.role["id"]] if export.table == "tickets" else []:
        for line in export.cells_of(header):
            line.cells[header] = str(line.cells[header]).translate(FULL)


def thousands(export: Export, rng: random.Random) -> None:
    """Thousands separators in text."""
    sign = rng.choice(("{}", "¥{}", "{}元", "￥{}", " {} "))
    _amounts(export, lambda v: sign.format(_money(v)))


def text_numbers(export: Export, rng: random.Random) -> None:
    """Amounts as text, some of them only."""
    _amounts(export, lambda v: str(v) if rng.random() < 0.5 else v)


def ten_thousands(export: Export, rng: random.Random) -> None:
    """Amounts in 万元, said in the header or above the table; declared or not."""
    where = rng.choice(("header", "above", "cell"))
    declared = rng.random() < 0.5
    if where == "cell":
        _amounts(export, lambda v: f"{v / 10_000:.6f}万")
        return
    _amounts(export, lambda v: round(v / 10_000, 6))
    if where == "header":
        form = rng.choice(("{}(万元)", "{}（万元）", "{}(单位：万元)", "{}/万元", "{}_万元"))
        for header in list(export.role["amounts"]):
            export.rename(header, form.format(header))
    else:
        said = rng.choice(
            ("单位：万元", "（单位：万元）", "2024年收费台账　单位:万元", "金额单位：万元")
        )
        for sheet in export.sheets:
            sheet.above.append([said])
    if declared:
        for column in ("receivable", "collected"):
            export.option(column, factor=10_000)


def odd_spaces(export: Export, rng: random.Random) -> None:
    """Spaces before, behind and inside names, and invisible characters."""
    forms = ("{} ", " {}", "\u3000{}", "{}\u00a0", "{}\u200b", "{}\n", "{}\t")
    headers = [h for h in (export.role.get("site"), *export.role["text"]) if h]
    for header in headers:
        for line in export.cells_of(header):
            if rng.random() < 0.6:
                cell = rng.choice(forms).format(line.cells[header])
                if rng.random() < 0.2 and not cell.isascii():
                    cell = cell.replace("园", " 园").replace("城", "　城")
                line.cells[header] = cell


def apostrophes(export: Export, rng: random.Random) -> None:
    """Identifiers with an apostrophe, or as the formula of a text."""
    form = rng.choice(("'{}", '="{}"'))
    for line in export.cells_of(export.role["id"]):
        line.cells[export.role["id"]] = form.format(line.cells[export.role["id"]])


def zeros_lost(export: Export, rng: random.Random) -> None:
    """Staff numbers as numbers, all or some; their width declared or not."""
    everywhere = rng.random() < 0.5
    for line in export.cells_of("工号"):
        if everywhere or rng.random() < 0.6:
            line.cells["工号"] = int(line.cells["工号"])
    if everywhere or rng.random() < 0.5:
        export.option("staff_id", width=5)


def scientific_ids(export: Export, rng: random.Random) -> None:
    """Long numbers of tickets in scientific notation, or as numbers that lost their last digits."""
    long = rng.choice(("text", "float", "exact"))
    for number, line in enumerate(export.cells_of("工单编号"), start=1):
        whole = 202_400_000_000 + number if long == "exact" else 2024_0000_0000_0000_000 + number
        name = str(whole)
        truth = next(t for t in export.truth if t["ticket_id"] == line.cells["工单编号"])
        truth["ticket_id"] = name
        cell = {"text": f"{whole:.5E}", "float": float(whole), "exact": whole}[long]
        line.cells["工单编号"] = cell


def date_spellings(export: Export, rng: random.Random) -> None:
    """Days and times in any of the usual spellings, mixed."""
    mixed, forms = rng.random() < 0.5, list(_DAYS)
    one = rng.choice(forms)
    for header in (*export.role.get("dates", ()), *export.role.get("times", ())):
        for line in export.cells_of(header):
            cell = line.cells[header]
            if cell is not None:
                form = rng.choice(forms) if mixed else one
                line.cells[header] = _DAYS[form](cell)


def _clock(cell: dt.date, sign: str = ":") -> str:
    if not isinstance(cell, dt.datetime):
        return ""
    return f" {cell.hour:02d}{sign}{cell:%M}" + ("分" if sign == "时" else "")


def _halves(cell: dt.date) -> str:
    day = f"{cell.year}-{cell.month:02d}-{cell.day:02d}"
    if not isinstance(cell, dt.datetime):
        return day
    half = "上午" if cell.hour < 12 else "下午"
    hour = cell.hour if cell.hour in (0, 12) or cell.hour < 12 else cell.hour - 12
    return f"{day} {half}{hour}:{cell:%M}"


def _serial(cell: dt.date, epoch: dt.date = dt.date(1899, 12, 30)) -> float | int:
    days = (dt.date(cell.year, cell.month, cell.day) - epoch).days
    if not isinstance(cell, dt.datetime):
        return days
    return days + (cell.hour * 60 + cell.minute) / 1440


_DAYS = {
    "typed": lambda d: d,
    "iso": lambda d: f"{d:%Y-%m-%d}{_clock(d)}",
    "iso_t": lambda d: d.isoformat(),
    "seconds": lambda d: f"{d:%Y-%m-%d}" + (f" {d:%H:%M:%S}" if _clock(d) else ""),
    "chinese": lambda d: f"{d.year}年{d.month}月{d.day}日{_clock(d)}",
    "chinese_clock": lambda d: f"{d.year}年{d.month}月{d.day}日{_clock(d, '时')}",
    "slashes": lambda d: f"{d.year}/{d.month}/{d.day}{_clock(d)}",
    "dots": lambda d: f"{d.year}.{d.month}.{d.day}{_clock(d)}",
    "compact": lambda d: f"{d:%Y%m%d}" + (f"{d:%H%M%S}" if _clock(d) else ""),
    "weekday": lambda d: f"{d:%Y-%m-%d} 星期{'一二三四五六日'[d.weekday()]}{_clock(d)}",
    "serial": _serial,
    "serial_text": lambda d: str(round(_serial(d), 6)),
    "halves": _halves,
    "full_width": lambda d: f"{d:%Y-%m-%d}{_clock(d)}".translate(FULL),
    "offset": lambda d: f"{d:%Y-%m-%dT%H:%M:%S}+08:00" if _clock(d) else f"{d:%Y-%m-%d}",
    "utc": lambda d: (
        f"{d - dt.timedelta(hours=8):%Y-%m-%dT%H:%M:%S}Z" if _clock(d) else f"{d:%Y-%m-%d}"
    ),
}


def foreign_dates(export: Export, rng: random.Random) -> None:
    """Days in the order of other countries, declared or not."""
    order = rng.choice(("mdy", "dmy"))
    sign, year = rng.choice("/-."), rng.choice(("%Y", "%y"))
    form = sign.join(("%m", "%d", year) if order == "mdy" else ("%d", "%m", year))
    for header in (*export.role.get("dates", ()), *export.role.get("times", ())):
        for line in export.cells_of(header):
            cell = line.cells[header]
            if cell is not None:
                line.cells[header] = f"{cell:{form}}{_clock(cell)}"
    if rng.random() < 0.6:
        for column, mapping in list(export.source["columns"].items()):
            header = mapping if isinstance(mapping, str) else mapping["from"]
            if header in (*export.role.get("dates", ()), *export.role.get("times", ())):
                export.option(column, order=order)


def mac_serials(export: Export, rng: random.Random) -> None:
    """Serial numbers counted from 1904 in a workbook that counts so, or says nothing."""
    export.container = rng.choice(("xlsx_1904", "xlsx_1904", "xlsx"))
    plain = rng.random() < 0.5
    for header in (*export.role.get("dates", ()), *export.role.get("times", ())):
        for line in export.cells_of(header):
            if line.cells[header] is not None and (plain or export.container == "xlsx"):
                line.cells[header] = _serial(line.cells[header], dt.date(1904, 1, 1))


def split_time(export: Export, rng: random.Random) -> None:
    """The day and the time of day in two columns."""
    header = export.role["times"][0]
    for sheet in export.sheets:
        at = sheet.headers.index(header)
        sheet.headers[at : at + 1] = ["日期", "时间"]
    for line in export.cells_of(header):
        cell = line.cells.pop(header)
        typed = rng.random() < 0.3
        line.cells["日期"] = cell.date() if typed else f"{cell:%Y-%m-%d}"
        line.cells["时间"] = f"{cell:%H:%M}" if rng.random() < 0.7 else f"{cell:%H:%M:%S}"
    column = next(
        c for c, m in export.source["columns"].items() if (m if isinstance(m, str) else 0) == header
    )
    export.source["columns"][column] = {"from": ["日期", "时间"], "join": " "}


def month_spellings(export: Export, rng: random.Random) -> None:
    """Months in any usual spelling, also 2024.1 as a number."""
    mixed, forms = rng.random() < 0.4, list(_MONTHS)
    one = rng.choice(forms)
    declared = rng.random() < 0.7
    for line in export.cells_of("账期"):
        form = rng.choice(forms) if mixed else one
        line.cells["账期"] = _MONTHS[form](line.cells["账期"])
    if declared:
        export.option("month", year=2024)


_MONTHS = {
    "iso": lambda d: f"{d:%Y-%m}",
    "chinese": lambda d: f"{d.year}年{d.month}月",
    "chinese_padded": lambda d: f"{d.year}年{d.month:02d}月",
    "slash": lambda d: f"{d.year}/{d.month}",
    "compact": lambda d: f"{d:%Y%m}",
    "compact_number": lambda d: int(f"{d:%Y%m}"),
    "dotted": lambda d: f"{d.year}.{d.month}",
    "dotted_padded": lambda d: f"{d.year}.{d.month:02d}",
    "dotted_number": lambda d: float(f"{d.year}.{d.month}"),
    "alone": lambda d: f"{d.month}月",
    "alone_long": lambda d: f"{d.month}月份",
    "typed": lambda d: d,
    "last_day": lambda d: (
        (d.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
    ),
    "serial": lambda d: (d - dt.date(1899, 12, 30)).days,
    "short": lambda d: f"{d:%y}年{d.month}月",
    "english": lambda d: f"{d:%b-%y}",
}


def number_and_label(export: Export, rng: random.Random) -> None:
    """A number and a label in one cell; the numbers of the labels, or those of a list."""
    form = rng.choice(("{n}-{w}", "{n}分 {w}", "{w}({n})", "{w}（{n}分）", "{a}.{w}", "{n}、{w}"))
    listed = rng.random() < 0.4
    declared = rng.random() < 0.6
    for header in export.role["scores"]:
        for line in export.cells_of(header):
            score = line.cells[header]
            if score is not None:
                number = 6 - score if listed else score
                line.cells[header] = form.format(n=number, w=WORDS[score], a="EDCBA"[score - 1])
    if declared:
        export.source["unpivot"]["labels"] = "five"


def labels(export: Export, rng: random.Random) -> None:
    """Answers in words; declared, not declared, or one of them missing from the map."""
    how = rng.choice(("declared", "declared", "undeclared", "in_part"))
    for header in export.role["scores"]:
        for line in export.cells_of(header):
            score = line.cells[header]
            if score is not None and rng.random() < 0.9:
                line.cells[header] = WORDS[score]
    if how != "undeclared":
        export.source["unpivot"]["labels"] = "five"
    if how == "in_part":
        export.top["labels"] = {"five": {k: v for k, v in LABELS.items() if v != 4}}


def reversed_codes(export: Export, rng: random.Random) -> None:
    """Codes that run from best to worst, declared."""
    for header in export.role["scores"]:
        for line in export.cells_of(header):
            if isinstance(line.cells[header], int):
                line.cells[header] = 6 - line.cells[header]
    for item in ("q1", "q2"):
        export.option(item, reversed=True)


def markers(export: Export, rng: random.Random) -> None:
    """Markers of no value where there is none; codes declared or not."""
    code = rng.choice(("—", "/", "N/A", "无", "-", "未填写", "-3", "99", "说不清", "待定", "#N/A"))
    headers = export.role.get("scores") or [export.role["optional"]]
    for header in headers:
        for line in export.cells_of(header):
            if line.cells[header] is None:
                line.cells[header] = int(code) if code == "99" and rng.random() < 0.5 else code
    if rng.random() < 0.5:
        for column in ("q1", "q2") if export.table == "surveys" else ("rating",):
            export.option(column, missing_codes={code: "skipped"})


def percents(export: Export, rng: random.Random) -> None:
    """Shares as cells of a per cent format, as text, as numbers of 100, or mixed."""
    how = rng.choice(("format", "text", "hundred", "mixed", "hundred_mixed"))
    for line in export.cells_of("进度"):
        value = line.cells["进度"]
        said = f"{round(value * 100, 1):g}"
        line.cells["进度"] = {
            "format": Shown(value, rng.choice(("0%", "0.0%")), f"{said}%"),
            "text": f"{said}{rng.choice('%％')}",
            "hundred": round(value * 100, 1),
            "mixed": rng.choice((f"{said}%", value)),
            "hundred_mixed": rng.choice((f"{said}%", round(value * 100, 1))),
        }[how]
    unit = rng.choice((None, "percent", "share"))
    export.source["columns"]["completion"] = {"from": "进度", **({"unit": unit} if unit else {})}


def durations(export: Export, rng: random.Random) -> None:
    """Hours as people write them; bare minutes with the unit in the header or declared."""
    how = rng.choice((*_HOURS, "mixed", "minutes_declared", "minutes_header", "minutes_both"))
    for line in export.cells_of("学时"):
        value = line.cells["学时"]
        if how.startswith("minutes_"):
            line.cells["学时"] = round(value * 60)
        else:
            line.cells["学时"] = _HOURS[rng.choice(list(_HOURS)) if how == "mixed" else how](value)
    if how in ("minutes_header", "minutes_both"):
        export.rename(
            "学时", rng.choice(("学时(分钟)", "学习时长（分钟）", "时长(min)", "学时/分钟"))
        )
    if how in ("minutes_declared", "minutes_both"):
        export.option("hours", unit="minutes")


def _parts(value: float) -> tuple[int, int]:
    return divmod(round(value * 60), 60)


_HOURS = {
    "chinese": lambda v: "{}小时{}分".format(*_parts(v)),
    "minutes": lambda v: f"{round(v * 60)}分钟",
    "clock": lambda v: "{:02d}:{:02d}:00".format(*_parts(v)),
    "short_clock": lambda v: "{}:{:02d}".format(*_parts(v)),
    "latin": lambda v: f"{v:g}h",
    "latin_parts": lambda v: "{}h{}m".format(*_parts(v)),
    "primes": lambda v: f"{round(v * 60)}'",
    "typed": lambda v: Shown(dt.timedelta(hours=v), "[h]:mm:ss", "{}:{:02d}:00".format(*_parts(v))),
    "time": lambda v: dt.time(*_parts(v)),
}


def approximate(export: Export, rng: random.Random) -> None:
    """Numbers said to be approximate, in a cell or two."""
    header = export.role["amounts"][0]
    line = rng.choice(list(export.cells_of(header)))
    line.cells[header] = rng.choice(("约{}", "{}左右", "{}余")).format(line.cells[header])


def failed_formulas(export: Export, rng: random.Random) -> None:
    """A failed formula, or a formula as text, where an amount should be."""
    header = rng.choice(export.role["amounts"])
    line = rng.choice(list(export.cells_of(header)))
    line.cells[header] = rng.choice(("#DIV/0!", "#REF!", "#VALUE!", "=SUM(D2:D3)", "####", "待定"))


def other_spellings(export: Export, rng: random.Random) -> None:
    """Sites spelled in another way in some rows; told by aliases or not."""
    header, aliases = export.role["site"], {}
    for line in export.cells_of(header):
        if rng.random() < 0.4:
            plain = line.cells[header]
            line.cells[header] = rng.choice(("{}项目", "{}服务中心", "物业·{}")).format(plain)
            aliases[line.cells[header]] = plain
    if not aliases:
        return
    known = {t["site_id"] for t in export.truth}
    if rng.random() < 0.6:
        export.top["aliases"] = {"sites": {**aliases, **{s: s for s in known}}}
        export.option("site_id", aliases="sites")
    else:
        export.top["sites"] = [
            {"site_id": s, "site_name": s, "households": 100} for s in sorted(known)
        ]


def other_kinds(export: Export, rng: random.Random) -> None:
    """Kinds of work orders with numbers, spaces or a word that nobody declared."""
    form = rng.choice(("{} ", "{}类", "01-{}", "{}（业主）"))
    for line in export.cells_of("类型"):
        if rng.random() < 0.5:
            line.cells["类型"] = form.format(line.cells["类型"])


def digits_lost(export: Export, rng: random.Random) -> None:
    """Buildings such as 1-2 that a spreadsheet turned into days."""
    for line in export.cells_of("楼栋"):
        number = int(line.cells["楼栋"].strip().removesuffix("栋"))
        line.cells["楼栋"] = dt.date(2024, 1, number)
