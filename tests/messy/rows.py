"""Ways to put other lines among the cases: totals, blanks, headers again, sections, notes."""

from __future__ import annotations

import copy
import random

from messy.tidy import Export, Line, Sheet
from messy.writing import shown


def _amounts_of(export: Export, sheet: Sheet) -> list[str]:
    return [h for h in export.role.get("amounts", ()) if h in sheet.headers]


def _sum(sheet: Sheet, amounts: list[str], lines: list[Line], label: dict) -> Line:
    cases = [line for line in lines if line.kind == "data"]
    cells = {h: round(sum(line.cells.get(h) or 0 for line in cases), 2) for h in amounts}
    return Line({**cells, **label}, "total")


_WORDS = ("合计", "总计", "小计", "合 计", "共计：", "Total", "全部合计", "【合计】", "总 计")
_ODD = ("累计", "汇总", "平均", "全部项目", "公司整体", "平均值", "总和", "合计数")


def total_at_end(export: Export, rng: random.Random) -> None:
    """A total below all lines, with one of many words for it."""
    word = rng.choice((*_WORDS, *_ODD))
    everything = rng.random() < 0.5
    for sheet in export.sheets:
        if not sheet.lines:
            continue
        at = rng.choice([h for h in sheet.headers if h not in _amounts_of(export, sheet)][:2])
        total = _sum(sheet, _amounts_of(export, sheet), sheet.lines, {at: word})
        if "平均" in word:
            for h in _amounts_of(export, sheet):
                total.cells[h] = round(total.cells[h] / len(sheet.lines), 2)
        if everything and "账期" in sheet.headers and at != "账期":
            total.cells["账期"] = sheet.lines[-1].cells.get("账期")
        sheet.lines.append(total)


def total_at_top(export: Export, rng: random.Random) -> None:
    """A total right below the header."""
    for sheet in export.sheets:
        label = {sheet.headers[0]: rng.choice(_WORDS)}
        sheet.lines.insert(0, _sum(sheet, _amounts_of(export, sheet), sheet.lines, label))


def totals_between(export: Export, rng: random.Random) -> None:
    """A total below the lines of each site, marked in one way or another, or not at all."""
    how = rng.choice(("word", "site_word", "second", "second_end", "blank", "other"))
    for sheet in export.sheets:
        header = export.role["site"]
        if header not in sheet.headers:
            continue
        done: list[Line] = []
        sheet.lines.sort(key=lambda line: str(line.cells.get(header)))
        sites = list(dict.fromkeys(line.cells.get(header) for line in sheet.lines))
        for site in sites:
            lines = [line for line in sheet.lines if line.cells.get(header) == site]
            done += lines
            second = next(h for h in sheet.headers if h != header)
            label = {
                "word": {header: rng.choice(_WORDS)},
                "site_word": {header: f"{site}{rng.choice(('合计', '小计', ' 小计', '（小计）'))}"},
                "second": {header: site, second: "小计"},
                "second_end": {header: site, second: "1-3栋小计"},
                "blank": {header: site},
                "other": {header: site, second: "全部"},
            }[how]
            done.append(_sum(sheet, _amounts_of(export, sheet), lines, label))
            if "账期" in sheet.headers and "账期" not in label and rng.random() < 0.5:
                done[-1].cells["账期"] = lines[-1].cells.get("账期")
        sheet.lines = done


def blank_lines(export: Export, rng: random.Random) -> None:
    """Empty lines among the others."""
    for sheet in export.sheets:
        for _ in range(rng.randint(1, 3)):
            cells = {sheet.headers[0]: rng.choice((None, "", "  ", "\u3000"))}
            sheet.lines.insert(rng.randint(0, len(sheet.lines)), Line(cells, "blank"))


def header_again(export: Export, rng: random.Random) -> None:
    """The header once more among the lines, as printed pages have it."""
    for sheet in export.sheets:
        cells = {h: shown(h) for h in sheet.headers}
        if sheet.group:
            lower = {h: h.split("·")[-1] if h in sheet.group else None for h in sheet.headers}
            upper, last = {}, None
            for h in sheet.headers:
                now = sheet.group.get(h, h)
                upper[h], last = (None if now == last else now), now
            at = rng.randint(1, len(sheet.lines))
            sheet.lines[at:at] = [Line(upper, "header"), Line(lower, "header")]
            continue
        for _ in range(rng.randint(1, 2)):
            at = rng.randint(1, len(sheet.lines)) if sheet.lines else 0
            sheet.lines.insert(at, Line(dict(cells), "header"))


def merged_sites(export: Export, rng: random.Random) -> None:
    """Cells of equal neighbours merged downward; to text their lines come out blank."""
    header = export.role["site"]
    for sheet in export.sheets:
        if header in sheet.headers:
            sheet.lines.sort(key=lambda line: str(line.cells.get(header)))
            sheet.merged.add(header)
    if rng.random() < 0.6 and all(header in sheet.headers for sheet in export.sheets):
        export.source["fill_down"] = [header]


def blank_repeats(export: Export, rng: random.Random) -> None:
    """A site named only where it begins; filled down or not."""
    header = export.role["site"]
    for sheet in export.sheets:
        if header not in sheet.headers:
            continue
        sheet.lines.sort(key=lambda line: str(line.cells.get(header)))
        before = object()
        for line in sheet.lines:
            now = line.cells.get(header)
            if now == before:
                line.cells[header] = None
            before = now
    if rng.random() < 0.6 and all(header in sheet.headers for sheet in export.sheets):
        export.source["fill_down"] = [header]


def hidden_lines(export: Export, rng: random.Random) -> None:
    """Lines that a filter hides."""
    for sheet in export.sheets:
        for line in sheet.lines:
            line.hidden = rng.random() < 0.4


def units_below(export: Export, rng: random.Random) -> None:
    """A line of units below the header."""
    word = rng.choice(("元", "(元)", "万元"))
    for sheet in export.sheets:
        cells = dict.fromkeys(_amounts_of(export, sheet), word)
        first = sheet.headers[0]
        if rng.random() < 0.5:
            cells[first] = "单位"
        sheet.lines.insert(0, Line(cells, "units"))


def sections(export: Export, rng: random.Random) -> None:
    """A line with a site's name alone above its lines, which do not name it."""
    header = export.role["site"]
    for sheet in export.sheets:
        if header not in sheet.headers:
            continue
        done = []
        sites = list(dict.fromkeys(line.cells.get(header) for line in sheet.lines))
        for site in sites:
            done.append(Line({sheet.headers[0]: site}, "section"))
            for line in sheet.lines:
                if line.cells.get(header) == site:
                    line.cells[header] = None
                    done.append(line)
        sheet.lines = done
    if rng.random() < 0.6 and all(header in sheet.headers for sheet in export.sheets):
        export.source["fill_down"] = [header]


def second_table(export: Export, rng: random.Random) -> None:
    """Another small table below, behind an empty line."""
    for sheet in export.sheets:
        sheet.below += [[], ["楼盘", "户数", "备注"], ["A园", 320, ""], ["阳光城", 510, "含商铺"]]


def repeated_lines(export: Export, rng: random.Random) -> None:
    """Lines that stand twice, next to each other or at the end; said what to do, or not."""
    for sheet in export.sheets[:1]:
        chosen = rng.sample(sheet.lines, min(len(sheet.lines), rng.randint(1, 2)))
        for line in chosen:
            again = copy.deepcopy(line)
            at = sheet.lines.index(line) + 1 if rng.random() < 0.5 else len(sheet.lines)
            sheet.lines.insert(at, again)
    if rng.random() < 0.5 and "aggregate" not in export.source:
        export.source["duplicates"] = {"keep": rng.choice(("first", "last"))}


def newer_states(export: Export, rng: random.Random) -> None:
    """A case that stands twice, the second time with another value."""
    line = rng.choice(export.sheets[0].lines)
    again = copy.deepcopy(line)
    header = next(
        h for h in (*export.role.get("amounts", ()), *export.role.get("scores", ()),
                    export.role.get("optional"), export.role.get("hours")) if h
    )  # fmt: skip
    old = again.cells.get(header)
    again.cells[header] = 4 if old in (None, 5) else 5
    export.sheets[0].lines.append(again)
    if rng.random() < 0.4 and "aggregate" not in export.source:
        export.source["duplicates"] = {"keep": rng.choice(("first", "last"))}


def titles(export: Export, rng: random.Random) -> None:
    """Lines above the header: a title, a period, an empty line."""
    for sheet in export.sheets:
        lines = [["2024年度物业数据台账"], ["统计期间：2024年1月至12月"], [], ["单位：元"],
                 ["导出时间：2024-12-31 10:00", None, "制表人：客服部"]]  # fmt: skip
        sheet.above += rng.sample(lines, rng.randint(1, 3))


def notes(export: Export, rng: random.Random) -> None:
    """Lines below the table: notes, who made it, signatures."""
    for sheet in export.sheets:
        if rng.random() < 0.5:
            sheet.below.append([])
        lines = [
            ["注：本表不含空置房"],
            ["制表：客服部", "审核：财务部"],
            ["1. 数据来源：ERP 系统"],
            ["审核人：", None, None],
            ["打印时间：2024-12-31"],
            ["以上数据仅供参考"],
            ["", "", "—— 完 ——"],
        ]
        sheet.below += rng.sample(lines, rng.randint(1, 2))


def odd_headers(export: Export, rng: random.Random) -> None:
    """Headers with line breaks, spaces and other widths."""
    for sheet in export.sheets:
        if sheet.group:
            continue
        for old in list(sheet.headers):
            if len(old) < 2 or not old.isalpha() or rng.random() < 0.4:
                continue
            new = rng.choice(("{a}\n{b}", " {a}{b}", "{a} {b}", "{a}{b}\u3000", "{a}{b}\u200b"))
            new = new.format(a=old[:1], b=old[1:])
            sheet.headers[sheet.headers.index(old)] = new
            for line in sheet.lines:
                if old in line.cells:
                    line.cells[new] = line.cells.pop(old)
