"""Damage exports and client files in thousands of ways, and hold what an import may never do.

Each case takes one file of a small client, changes it by one to three mutations that its seed
draws, and loads, checks and imports the client in a process of its own. A case fails that

* ends in anything but faults with a sentence in both languages (``unforeseen``, ``killed``),
* takes more than 30 seconds of one core (``hang``) or 2 GB (``memory``),
* reads fewer or more rows than the file has, and neither counts nor tells it (``silent``).

The rows of a file are counted here by other means than the import's own.

``python benchmarks/mutations.py 10000 --jobs 2`` runs the seeds 0 to 9999;
``python benchmarks/mutations.py --seed 17 --keep FOLDER`` runs one and keeps its files.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import dataclasses
import datetime as dt
import io
import json
import os
import queue
import random
import re
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]
SECONDS, MEGABYTES = 30, 2048
HEAD = """client: {id: acme, name: {zh_CN: 测试物业, en: Acme}, simulated: true}
period: {first: 2023-01, last: 2024-12}
privacy: {demo_key: not-a-secret-at-all}
"""
NASTY = (
    "", " ", "\u3000", "0", "-1", "1e999", "nan", "inf", "-0", "1e-320", "=1+1", "@SUM(A1)", "+a",
    "2024-02-30", "0000-00-00", "9999-12-31", "99999999999999999999999999", "1,2,3", "1.2.3",
    "24:00", "12:61", "2024-13", "45356", "2958466", "\x00", "\x0b", "\ufffd", "锟斤拷", "\ufeff",
    "\u202e", "𠮷𠮷", "👩\u200d👧", "合计", "小计", "total", "备注：", "13800138000", "a@b.cn",
    '"', '"""', "'", "a\nb", "a\r\nb", "\t", ",", ";", "|", "<script>", "&lt;", "&#0;", "&#xD800;",
    "{0}", "{name}", "%s", "#DIV/0!", "#REF!", "１２３", "٣", "三", "十", "约30", "待定", "是", "N",
    "null", "None", "~", "true", "50%", "150%", "0.5%", "5分", "3天", "1/0", "x" * 40_000,
    "9" * 5_000,
    "$file", "*", "../../etc/passwd", "C:\\\\x", "\x1b[31m", "-", "—", "1900-02-29", "1899-12-30",
    "2024/2/3 25:00",
)  # fmt: skip
FAR = ("1048576", "16384", "99999999999", "-1", "0", "x", "", "1e9", "XFD1048576", "A0", "ZZZZ9")


@dataclasses.dataclass
class Subject:
    """One file to be damaged, in the client that reads it; ``others`` are its other files."""

    name: str
    content: bytes
    client: str
    others: dict[str, bytes]
    delimiter: str | None = None
    encoding: str | None = None


@dataclasses.dataclass
class Case:
    """What a case is given: the damaged client, and what was done to it."""

    subject: Subject
    files: dict[str, bytes]
    client: bytes
    name: str
    seed: int
    kinds: list[str] = dataclasses.field(default_factory=list)


# --- the clients --------------------------------------------------------------------------------


def subjects() -> list[Subject]:
    """Return the files of a small simulated client, and one file of every other format."""
    from analysis.simulation import DEMO, PlantedEvents, simulate, write_exports

    world = dataclasses.replace(
        DEMO, seed=3, n_sites=8, n_months=4, wave_months=(dt.date(2023, 3, 1),), n_staff=16,
        invited=2.0, tickets_per_1000=1.0, n_late=1, n_spill_over=0,
        planted=PlantedEvents(falling_site_from=dt.date(2023, 4, 1)),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder)
        write_exports(simulate(world), raw)
        files = {
            path.relative_to(raw).as_posix(): path.read_bytes()
            for path in sorted(raw.rglob("*"))
            if path.is_file()
        }
    document = YAML(typ="safe").load((ROOT / "data" / "demo" / "client.yml").read_text("utf-8"))
    document["client"]["id"] = "acme"
    document["period"] = {"first": "2023-01", "last": "2023-04"}
    made = []
    for name, content in files.items():
        reading = [s for s in document["sources"] if any(_matches(name, f) for f in s["files"])]
        needed = [s for s in document["sources"] if s["table"] == "sites"]
        kept = [*needed, *(s for s in reading if s not in needed)]
        others = {n: files[n] for s in needed for n in s["files"] if n != name}
        out = io.StringIO()
        YAML(typ="safe").dump(_cut_down(document, kept, whole="工单" in name), out)
        text = content.decode(_encoding(content), errors="replace")[:4000]
        delimiter = max(",\t", key=text.count) if name.endswith((".csv", ".txt")) else None
        made.append(Subject(name, content, out.getvalue(), others, delimiter))
    return made + list(_other_formats())


def _cut_down(document: dict, kept: list[dict], *, whole: bool) -> dict:
    """Return the client file with some sources only, and what they name; YAML is slow to read."""
    if whole:
        return document | {"sources": kept}
    said = json.dumps(kept, default=str)
    short = {key: document[key] for key in ("client", "period", "privacy", "aliases")}
    for part in ("labels", "instruments"):
        short[part] = {k: v for k, v in document[part].items() if f'"{k}"' in said}
    return short | {"sources": kept}


def _matches(name: str, pattern: str) -> bool:
    return Path(name).match(pattern)


ROWS = [
    ["项目", "账期", "应收", "实收"],
    *([f"{s}园", f"2024-{m:02d}", 100 + m, 90 + m] for s in "ABC" for m in range(1, 7)),
]
FEES = """sources:
  - table: fees
    files: ["FILE"]
    columns: {site_id: 项目, month: 账期, receivable: 应收, collected: 实收}
"""


def _other_formats() -> list[Subject]:
    import pandas as pd

    old = ROOT / "tests" / "ingest_readers" / "data"
    biff = FEES.partition("    columns")[0] + (
        "    columns: {site_id: 项目名称, month: 收款日期, collected: 本期实收}\n"
        "    constants: {receivable: 100}\n    drop: [序列]\n    duplicates: {keep: first}\n"
    )
    flat = "\n".join(",".join(map(str, row)) for row in ROWS) + "\n"
    parquet = io.BytesIO()
    pd.DataFrame(ROWS[1:], columns=ROWS[0]).to_parquet(parquet, index=False)
    formats = [
        ("旧版.xls", (old / "fees_1900.xls").read_bytes(), biff),
        ("旧版1904.xls", (old / "fees_1904.xls").read_bytes(), biff),
        ("列式.parquet", parquet.getvalue(), FEES),
        ("开放.ods", _ods(), FEES),
        ("标记.xml", _xml(), FEES),
        ("宽字符.csv", flat.encode("utf-16"), FEES),
        ("国标.csv", flat.encode("gb18030"), FEES),
        ("分号.csv", ("\ufeff" + flat.replace(",", ";")).encode(), FEES),
    ]
    return [
        Subject(
            name,
            content,
            HEAD + text.replace("FILE", name),
            {},
            {"分号.csv": ";"}.get(name, ",") if name.endswith(".csv") else None,
        )
        for name, content, text in formats
    ]


def _ods() -> bytes:
    rows = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="float" office:value="{c}"><text:p>{c}</text:p>'
            "</table:table-cell>"
            if isinstance(c, int)
            else f'<table:table-cell office:value-type="string"><text:p>{c}</text:p>'
            "</table:table-cell>"
            for c in row
        )
        + "</table:table-row>"
        for row in ROWS
    )
    names = "".join(
        f' xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"'
        for n in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{names}><office:body>'
        f'<office:spreadsheet><table:table table:name="一月">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", content)
    return out.getvalue()


def _xml() -> bytes:
    rows = "".join(
        "<Row>" + "".join(f'<Cell><Data ss:Type="String">{c}</Data></Cell>' for c in row) + "</Row>"
        for row in ROWS
    )
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    return (
        f'<?xml version="1.0"?><Workbook xmlns="{space}" xmlns:ss="{space}">'
        f'<Worksheet ss:Name="一月"><Table>{rows}</Table></Worksheet></Workbook>'
    ).encode()


# --- the mutations ------------------------------------------------------------------------------


def on_bytes(content: bytes, draw: random.Random) -> tuple[str, bytes]:
    """Change the bytes of a file, whatever they mean."""
    kind = draw.choice(
        ["bit", "bytes", "cut", "hole", "doubled", "noise", "zeros", "swapped", "before", "empty"]
    )
    at, size = draw.randrange(len(content) + 1), draw.choice([1, 4, 40, 400, 4000])
    end = min(at + size, len(content))
    block = content[at:end]
    changed = bytearray(content)
    if kind in ("bit", "bytes") and content:
        for _ in range(1 if kind == "bit" else draw.randrange(2, 30)):
            changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    made = {
        "cut": content[:at],
        "hole": content[:at] + content[end:],
        "doubled": content[:end] + block * draw.choice([1, 1, 5]) + content[end:],
        "noise": content[:at] + draw.randbytes(size) + content[at:],
        "zeros": content[:at] + bytes(len(block)) + content[end:],
        "swapped": content[end:] + content[:end],
        "before": draw.choice(
            [b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", b"PK\x03\x04", b"<", b"\n" * 70]
        )
        + content,
        "empty": draw.choice([b"", b"\n", b" ", b"\x00"]),
    }
    return f"bytes {kind}", made.get(kind, bytes(changed))


def on_text(case: Case, content: bytes, draw: random.Random) -> tuple[str, bytes]:
    """Change cells, headers and rows of delimited text."""
    encoding = _encoding(content)
    text = content.decode(encoding, errors="replace")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=case.subject.delimiter or ","))
    kind = draw.choice(
        ["cell", "cell", "cells", "column", "header", "lost header", "no column", "twice a column",
         "rows lost", "rows twice", "shuffled", "header only", "blank rows", "header again",
         "ragged", "one column of one value", "delimiter", "encoding", "line ends", "no rows",
         "total"]
    )  # fmt: skip
    head = max(range(min(len(rows), 5)), key=lambda i: len(rows[i]), default=0) if rows else 0
    width = len(rows[head]) if rows else 0
    body = range(head + 1, len(rows))
    if rows and width and len(body):
        r, c = draw.choice(body), draw.randrange(width)
        if kind == "cell" and c < len(rows[r]):
            rows[r][c] = draw.choice(NASTY)
        elif kind == "cells":
            for _ in range(draw.randrange(2, 40)):
                row = rows[draw.choice(body)]
                if row:
                    row[draw.randrange(len(row))] = draw.choice(NASTY)
        elif kind in ("column", "one column of one value"):
            value = draw.choice(NASTY)
            for i in body:
                if c < len(rows[i]):
                    rows[i][c] = value if kind != "column" else draw.choice(NASTY)
        elif kind == "header":
            rows[head][c] = draw.choice([*NASTY, rows[head][c] + " ", rows[head][c] * 2])
        elif kind == "lost header":
            rows[head][c] = rows[head][c][:-1] + "\ufffd"
        elif kind == "no column":
            rows = [row[:c] + row[c + 1 :] for row in rows]
        elif kind == "twice a column":
            rows = [row[: c + 1] + row[c : c + 1] + row[c + 1 :] for row in rows]
        elif kind == "rows lost":
            rows = rows[: head + 1] + [rows[i] for i in body if draw.random() < 0.5]
        elif kind == "rows twice":
            rows = rows[: head + 1] + [rows[i] for i in body for _ in range(draw.choice([1, 1, 2]))]
        elif kind == "shuffled":
            mixed = [rows[i] for i in body]
            draw.shuffle(mixed)
            rows = rows[: head + 1] + mixed
        elif kind in ("header only", "no rows"):
            rows = rows[: head + (kind == "header only")]
        elif kind == "blank rows":
            rows[r:r] = [draw.choice([[], [""], [""] * width])] * draw.choice([1, 70])
        elif kind == "header again":
            rows.insert(r, list(rows[head]))
        elif kind == "ragged":
            rows[r] = rows[r][: draw.randrange(width + 1)] + [draw.choice(NASTY)] * draw.randrange(
                4
            )
        elif kind == "total":
            rows.insert(r, ["合计", *["1"] * (width - 1)])
    delimiter = case.subject.delimiter or ","
    if kind == "delimiter":
        delimiter = draw.choice([";", "\t", "|", " ", ":"])
    out = io.StringIO(newline="")
    ends = draw.choice(["\r", "\n", "\r\n"]) if kind == "line ends" else "\r\n"
    csv.writer(out, delimiter=delimiter, lineterminator=ends).writerows(rows)
    if kind == "encoding":
        encoding = draw.choice(
            ["utf-8", "gb18030", "utf-16", "utf-16-le", "utf-8-sig", "big5", "cp1252"]
        )
    return f"text {kind}", out.getvalue().encode(encoding, errors="replace")


def on_archive(content: bytes, draw: random.Random) -> tuple[str, bytes]:
    """Change the parts of a zip archive and keep its checksums right."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except Exception:  # an archive that an earlier mutation broke
        return on_bytes(content, draw)
    kind = draw.choice(
        ["cell", "cell", "cell", "attribute", "attribute", "attribute", "tag", "lost part",
         "cut part", "empty part", "noisy part", "part twice", "rows", "far", "renamed sheet",
         "strings"]
    )  # fmt: skip
    sheets = [
        n
        for n in parts
        if ("sheet" in n and n.endswith(".xml")) or n in ("content.xml", "xl/sharedStrings.xml")
    ]
    name = draw.choice(sheets if kind not in ("lost part", "cut part") and sheets else list(parts))
    part = parts[name]
    if kind in ("cell", "strings"):
        value = (
            draw.choice(NASTY)
            .translate({0: None, 11: None})
            .replace("&", "&amp;")
            .replace("<", "&lt;")
        )
        part = _one(rb"(?<=>)[^<>]+(?=</(?:t|v|text:p)>)", part, value.encode(), draw)
    elif kind == "attribute":
        value = draw.choice(
            [*FAR, "s", "str", "inlineStr", "e", "b", "n", "d", "1", "2", "hidden"]
        ).encode()
        part = _one(rb'(?<==")[^"]*(?=")', part, value, draw)
    elif kind == "tag":
        part = _one(
            rb"</?[\w:]+", part, draw.choice([b"<c", b"</row", b"<v", b"<x", b"<!--", b""]), draw
        )
    elif kind == "cut part":
        part = part[: draw.randrange(len(part) + 1)]
    elif kind == "empty part":
        part = b""
    elif kind == "noisy part":
        _, part = on_bytes(part, draw)
    elif kind == "rows":
        rows = re.findall(rb"<row .*?</row>", part, re.DOTALL)
        if rows:
            row = draw.choice(rows)
            part = part.replace(row, draw.choice([b"", row * 2, row * 50]), 1)
    elif kind == "far":
        part = _one(rb'\br="[A-Z]+\d+"', part, b'r="%s"' % draw.choice(FAR).encode(), draw)
    elif kind == "renamed sheet" and "xl/workbook.xml" in parts:
        name, part = "xl/workbook.xml", parts["xl/workbook.xml"]
        part = _one(
            rb'(?<=sheet name=")[^"]*', part, draw.choice(["2023", "x", "", "年"]).encode(), draw
        )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, old in parts.items():
            if each == name and kind == "lost part":
                continue
            archive.writestr(each, part if each == name else old)
        if kind == "part twice":
            import warnings

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                archive.writestr(name, part[: len(part) // 2])
    return f"archive {kind}", out.getvalue()


def on_markup(content: bytes, draw: random.Random) -> tuple[str, bytes]:
    """Change tags, attributes and cells of HTML and XML."""
    kind = draw.choice(["cell", "tag", "cut", "spans", "nested", "index", "rows", "charset"])
    if kind == "cell":
        content = _one(rb"(?<=>)[^<>\r\n]+(?=</)", content, draw.choice(NASTY).encode(), draw)
    elif kind == "tag":
        tags = [b"<table", b"</table", b"<tr", b"</tr", b"<td", b"<!--", b"", b"<script", b"</Row"]
        content = _one(rb"</?\w+", content, draw.choice(tags), draw)
    elif kind == "cut":
        content = content[: draw.randrange(len(content) + 1)]
    elif kind == "spans":
        name = draw.choice(["colspan", "rowspan", "ss:MergeAcross", "ss:MergeDown"])
        extra = f' {name}="{draw.choice(["2", "9", "1000000000", "-1", "x", "1" * 5000])}"'
        content = _one(rb"(?<=<td)|(?<=<Cell)", content, extra.encode(), draw)
    elif kind == "nested":
        inner = b"<table><tr><td>1</td><td>2</td></tr></table>"
        content = _one(rb"(?<=<td>)|(?<=<Data)", content, inner * draw.choice([1, 50]), draw)
    elif kind == "index":
        extra = f' ss:Index="{draw.choice(FAR)}"'
        content = _one(rb"(?<=<Row)|(?<=<Cell)", content, extra.encode(), draw)
    elif kind == "rows":
        rows = re.findall(rb"<tr>.*?</tr>|<Row>.*?</Row>", content, re.DOTALL)
        if rows:
            row = draw.choice(rows)
            content = content.replace(row, draw.choice([b"", row * 2]), 1)
    else:
        content = content.replace(b"utf-8", draw.choice([b"gbk", b"x-none", b"utf-16", b"hex"]), 1)
    return f"markup {kind}", content


def on_client(case: Case, draw: random.Random) -> tuple[str, bytes]:
    """Change the client file: its lines as text, or its entries as a document."""
    text = case.client.decode("utf-8", errors="replace")
    kind = draw.choice(
        ["value", "value", "value", "lost", "moved", "wrapped", "line lost", "line twice", "indent",
         "character", "bytes", "anchor", "glob", "key"]
    )  # fmt: skip
    lines = text.splitlines(keepends=True)
    at = draw.randrange(len(lines)) if lines else 0
    if kind == "line lost":
        del lines[at : at + draw.choice([1, 3])]
    elif kind == "line twice":
        lines.insert(at, lines[at])
    elif kind == "indent":
        lines[at] = draw.choice([" ", "\t", "  - "]) + lines[at]
    elif kind == "character":
        place = draw.randrange(len(text) + 1)
        return "client character", (
            text[:place] + draw.choice("\x07{}[]:#&*!|>'\"%@`\u2028\ufeff\x85é") + text[place:]
        ).encode()
    elif kind == "bytes":
        kind, made = on_bytes(case.client, draw)
        return f"client {kind}", made
    elif kind == "anchor":
        lines.append(
            draw.choice(
                ["x: &a [*a]\n", "aliases: *none\n", "labels: &a {a: *a}\n", "<<: {a: 1}\n"]
            )
        )
    if kind in ("line lost", "line twice", "indent", "anchor"):
        return f"client {kind}", "".join(lines).encode()
    try:
        document = YAML(typ="safe").load(text)
        json.dumps(document, default=str)  # refuses what contains itself
    except Exception:  # a client file that an earlier mutation broke
        return on_bytes(case.client, draw)
    places = list(_places(document))
    if not places:
        return on_bytes(case.client, draw)
    if kind == "glob":
        places = [p for p in places if p[1] == "files"] or places
    holder, key = draw.choice(places)
    values: list[Any] = [
        None, True, -1, 0, 10**30, 1.5, float("inf"), float("nan"), [], {}, [[]], {"a": {"b": 1}},
        dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.datetime(2024, 1, 1, 1), b"bytes",
        "[", "(?P<head>", "(a+)+$", ".*", "$head", "$cell", "../*", "**", "/etc/*", "[", "\n",
        *NASTY,
    ]  # fmt: skip
    if kind == "glob":
        holder[key] = draw.choice(
            ["[", "**/*", "../*", "", "*", "//", "a/../b", "~/*", ["*.csv", "*.csv"], "?" * 300]
        )
    elif kind == "lost":
        del holder[key]
    elif kind == "moved":
        other, name = draw.choice(places)
        if name in (other if isinstance(other, dict) else range(len(other))):
            holder[key] = json.loads(json.dumps(other[name], default=str))
    elif kind == "wrapped":
        holder[key] = draw.choice([[holder[key]], {"from": holder[key]}])
    elif kind == "key" and isinstance(holder, dict):
        holder[draw.choice([*NASTY[:40], "from", "table", "wide", "unpivot", 1, True])] = (
            holder.pop(key)
        )
    else:
        holder[key] = draw.choice(values)
    out = io.StringIO()
    try:
        YAML(typ="safe").dump(document, out)
    except Exception:  # what YAML cannot say needs no test
        return on_bytes(case.client, draw)
    return f"client {kind}", out.getvalue().encode("utf-8", errors="replace")


def _places(node: Any) -> list[tuple[Any, Any]]:
    entries = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    found = []
    for key, value in entries:
        found.append((node, key))
        found += _places(value)
    return found


def on_name(case: Case, draw: random.Random) -> str:
    """Give the file another name."""
    folder, _, name = case.name.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    other = draw.choice(["csv", "xls", "xlsx", "txt", "parquet", ""])
    made = draw.choice(
        [
            f"{stem}{dot}{other}",
            f"{stem} (1){dot}{ending}",
            f"~${name}",
            "{" + name + "}",
            f"{stem}\n{dot}{ending}",
            name.upper(),
            os.fsdecode(b"\xd0\xa1.csv"),
            name + ".",
            "a" * 200,
        ]
    )
    return f"{folder}/{made}" if folder else made


def _one(pattern: bytes, content: bytes, put: bytes, draw: random.Random) -> bytes:
    """Replace one of the matches of a pattern."""
    found = list(re.finditer(pattern, content))
    if not found:
        return content
    match = draw.choice(found)
    return content[: match.start()] + put + content[match.end() :]


def _encoding(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    for name in ("utf-8-sig", "gb18030"):
        try:
            content.decode(name)
        except UnicodeDecodeError:
            continue
        return name
    return "utf-8-sig"


def case_of(seed: int, known: list[Subject]) -> Case:
    """Return the case that a seed draws."""
    draw = random.Random(seed)
    subject = draw.choice(known)
    case = Case(subject, {}, subject.client.encode(), subject.name, seed)
    content = subject.content
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        where = draw.choices(["content", "bytes", "client", "name"], [6, 3, 4, 0.4])[0]
        if where == "client":
            kind, case.client = on_client(case, draw)
        elif where == "name":
            kind, case.name = "name", on_name(case, draw)
        elif where == "bytes":
            kind, content = on_bytes(content, draw)
        elif content.startswith(b"PK"):
            kind, content = on_archive(content, draw)
        elif b"<table" in content[:3000] or b"<Workbook" in content[:3000]:
            kind, content = on_markup(content, draw)
        elif subject.delimiter:
            kind, content = on_text(case, content, draw)
        else:
            kind, content = on_bytes(content, draw)
        case.kinds.append(kind)
    case.files = {**subject.others, case.name: content}
    return case


# --- one case -----------------------------------------------------------------------------------


def put(case: Case, root: Path) -> Path:
    """Write the files of a case below a folder and return the client's."""
    folder = root / "data" / "acme"
    for name, content in case.files.items():
        path = folder / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "client.yml").write_bytes(case.client)
    return folder


def attempt(case: Case, root: Path) -> dict[str, Any]:
    """Load, check and import a case; say how it ended."""
    from analysis import client as clients
    from analysis import ingest, tables, wording, workspace
    from analysis.errors import InputError
    from analysis.ingest.prepare import prepare
    from analysis.ingest.privacy import open_key

    folder = put(case, root)

    def told(faults: Any) -> None:
        for fault in faults:
            for language in wording.LANGUAGES:
                wording.fault_sentence(fault, language)
                wording.fault_example(fault, language)

    try:
        try:
            opened = clients.load(folder / "client.yml")
        except InputError as error:
            told(error.faults)
            return {"how": "refused", "rules": [f.rule for f in error.faults]}
        prepared = prepare(opened, open_key(opened), root)
        told(prepared.faults)
        rules = sorted({f.rule for f in prepared.faults})
        if prepared.blocking:
            return {"how": "refused", "rules": rules}
        if lost := silent(case, prepared, {f.file for f in prepared.faults}):
            return {"how": "silent", "rules": rules, "why": lost}
        for name, frame in prepared.frames.items():
            tables.conform(name, frame)
        if case.seed % 10 == 0:
            ingest.ingest(opened, root / "canonical")
            workspace.look_ahead(opened, ingest.examine(opened).frames)
    except Exception:
        return {"how": "unforeseen", "why": traceback.format_exc(limit=-6)}
    return {"how": "taken", "rules": rules}


def silent(case: Case, prepared: Any, told: set[str | None]) -> str:
    """Return how rows of a file came not to be counted; empty where all are."""
    read: dict[str, dict[str | None, Any]] = {}
    for table in prepared.records.values():
        for source in table.sources:
            for found in source.files:
                read.setdefault(found.file, {})[found.sheet] = found
    unread = {entry.file for entry in prepared.unread if entry.sheet is None}
    for name, content in case.files.items():
        file = f"raw/{name}"
        if file in told or file in unread:
            continue
        sheets = read.get(file, {})
        counted = filled_rows(case, name, content)
        if counted is None:
            continue
        mine = sum(
            f.rows - f.left_out.get("blank", 0) + len(f.header_rows)
            - (1 if f.format == "parquet" else 0)
            for f in sheets.values()
        ) + sum(entry.rows or 0 for entry in prepared.unread if entry.file == file)  # fmt: skip
        if counted != mine:
            return f"{file}: {counted} rows in the file, {mine} accounted for"
    return ""


def filled_rows(case: Case, name: str, content: bytes) -> int | None:
    """Count the rows with something in them; None where this cannot be told simply."""
    if content.startswith(b"PK"):
        return _rows_of_archive(content)
    head = content[:3000].lower()
    if b"<workbook" in head:
        return None
    if b"<table" in head or b"<html" in head:
        text = content.decode(_encoding(content), errors="replace")
        if text.lower().count("<table") != 1 or text.count("<!--"):
            return None
        rows = re.split(r"<tr\b", text, flags=re.IGNORECASE)[1:]
        cells = (re.findall(r"<t[dh]\b[^>]*>(.*?)(?=<t[dhr]\b|</|$)", r, re.S | re.I) for r in rows)
        return sum(any(unescape(re.sub("<[^>]*>", "", c)).strip() for c in row) for row in cells)
    if name == case.name and (case.subject.delimiter is None or "text delimiter" in case.kinds):
        return None
    text = content.decode(_encoding(content), errors="replace")
    if text.count('"') % 2 or "\x00" in text:
        return None
    delimiter = ","
    if name == case.name:
        delimiter = case.subject.delimiter or ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return sum(any(cell.strip("\u200b\ufeff \t\r\n\u3000") for cell in row) for row in rows)


def _rows_of_archive(content: bytes) -> int | None:
    """Count the rows of an xlsx file that hold a value, by the text of its sheets."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if "xl/workbook.xml" not in names or len(set(names)) != len(names):
                return None
            strings = []
            if "xl/sharedStrings.xml" in names:
                shared = archive.read("xl/sharedStrings.xml").decode("utf-8", errors="replace")
                strings = [
                    "".join(re.findall(r"<t\b[^>]*>([^<]*)", entry))
                    for entry in re.findall(r"<si>(.*?)</si>|<si/>", shared, re.S)
                ]
            rows = 0
            for name in names:
                if not re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name):
                    continue
                sheet = archive.read(name).decode("utf-8", errors="replace")
                for row in re.findall(r"<row\b.*?(?=<row\b|</sheetData>|$)", sheet, re.S):
                    rows += any(
                        _filled(cell, strings)
                        for cell in re.findall(r"<c\b.*?(?=<c\b|$)", row, re.S)
                    )
            return rows
    except Exception:  # what this cannot count, the import has to refuse or tell
        return None


def _filled(cell: str, strings: list[str]) -> bool:
    found = re.search(r"<v>([^<]*)</v>|<t\b[^>]*>([^<]*)</t>", cell)
    if found is None:
        return False
    value = found[1] if found[1] is not None else found[2]
    if 't="s"' in cell.partition(">")[0]:
        value = strings[int(value)]
    return bool(unescape(value).strip("\u200b\ufeff \t\r\n\u3000"))


# --- many cases ---------------------------------------------------------------------------------


def _cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used; other jobs on the machine do not count."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Worker:
    """A forked process that runs cases one after another; one that dies or hangs is replaced."""

    def __init__(self, known: list[Subject]) -> None:
        self.known = known
        self._start()

    def _start(self) -> None:
        asked, self.ask = os.pipe()
        self.answers, answer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.ask)
            os.close(self.answers)
            resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            with os.fdopen(asked) as requests, os.fdopen(answer, "w") as replies:
                for line in requests:
                    print(json.dumps(self._attempt(int(line))), file=replies, flush=True)
            os._exit(0)
        os.close(asked)
        os.close(answer)

    def _attempt(self, seed: int) -> dict[str, Any]:
        with open("/proc/self/clear_refs", "w") as peak:
            peak.write("5")  # the largest size is counted anew
        with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
            try:
                found = attempt(case_of(seed, self.known), Path(folder))
            except BaseException as error:
                found = {"how": "unforeseen", "why": f"{type(error).__name__}: {error}"}
        status = Path("/proc/self/status").read_text()
        return {**found, "megabytes": int(re.search(r"VmHWM:\s+(\d+)", status)[1]) >> 10}

    def run(self, seed: int) -> dict[str, Any]:
        """Run one case and say how it ended."""
        case = case_of(seed, self.known)
        began, spent = time.monotonic(), _cpu_seconds(self.pid)
        os.write(self.ask, f"{seed}\n".encode())
        answer, hung = b"", False
        while not answer.endswith(b"\n"):
            hung = _cpu_seconds(self.pid) - spent > SECONDS or time.monotonic() - began > 600
            if hung:
                break
            if not select.select([self.answers], [], [], 2)[0]:
                continue
            if not (chunk := os.read(self.answers, 1 << 16)):
                break
            answer += chunk
        found: dict[str, Any] = {"megabytes": 0}
        seconds = round(_cpu_seconds(self.pid) - spent, 2)
        if answer.endswith(b"\n"):
            found = json.loads(answer)
            if found["megabytes"] > MEGABYTES:
                found |= {"how": "memory", "why": f"{found['megabytes']} MB"}
        else:
            if hung:
                os.kill(self.pid, signal.SIGKILL)
            _, status = os.waitpid(self.pid, 0)
            why = f"signal {os.WTERMSIG(status)}"
            found |= {"how": "hang"} if hung else {"how": "killed", "why": why}
        if found["how"] in ("hang", "killed") or found["megabytes"] > MEGABYTES // 2:
            self.stop()
            self._start()
        return {"seed": seed, "file": case.subject.name, "kinds": case.kinds, "seconds": seconds,
                **found}  # fmt: skip

    def stop(self) -> None:
        """End the process; closing its pipe would not, for workers forked later hold it open."""
        os.close(self.ask)
        os.close(self.answers)
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


FAILURES = ("unforeseen", "killed", "hang", "memory", "silent")


def warm() -> None:
    """Import what a case needs, so that every fork has it."""
    import analysis.ingest
    import analysis.wording
    import analysis.workspace

    analysis.wording.keys("en"), analysis.wording.keys("zh_CN")


def run(seeds: range, jobs: int = 1, tell: Callable[[dict], object] = lambda _: None) -> list[dict]:
    """Run the cases of some seeds, ``jobs`` at a time."""
    warm()
    known = subjects()
    workers = [Worker(known) for _ in range(jobs)]
    idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def one(seed: int) -> dict:
        worker = idle.get()
        try:
            return worker.run(seed)
        finally:
            idle.put(worker)

    found = []
    with ThreadPoolExecutor(jobs) as pool:
        for each in pool.map(one, seeds):
            found.append(each)
            tell(each)
    for worker in workers:
        worker.stop()
    return found


def main() -> None:
    """Run cases and print how they ended, by kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="?", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, help="run this one only")
    parser.add_argument("--keep", type=Path, help="keep its files here")
    parser.add_argument("--log", type=Path, help="write every case here, a line each")
    asked = parser.parse_args()
    if asked.seed is not None:
        case = case_of(asked.seed, subjects())
        if asked.keep:
            put(case, asked.keep)
        (found,) = run(range(asked.seed, asked.seed + 1))
        print("\n".join(f"{name}: {value}" for name, value in found.items()))
        return
    began = time.monotonic()
    log = asked.log.open("w") if asked.log else None

    def tell(each: dict) -> None:
        if each["how"] in FAILURES:
            print(json.dumps(each, ensure_ascii=False), flush=True)
        if log:
            print(json.dumps(each, ensure_ascii=False), file=log, flush=True)

    found = run(range(asked.first, asked.first + asked.cases), asked.jobs, tell)
    kinds = Counter((kind, each["how"]) for each in found for kind in each["kinds"])
    ends = ("taken", "refused", *FAILURES)
    print(f"\n| mutation | {' | '.join(ends)} |\n|{'---|' * (1 + len(ends))}")
    for kind in sorted({kind for kind, _ in kinds}):
        print(f"| {kind} | {' | '.join(str(kinds[kind, how]) for how in ends)} |")
    every = Counter(each["how"] for each in found)
    last = asked.first + asked.cases - 1
    print(f"\n{len(found)} cases, seeds {asked.first} to {last}: "
          + ", ".join(f"{how} {every[how]}" for how in ends))  # fmt: skip
    largest = max(each["megabytes"] for each in found)
    spent = [each["seconds"] for each in found]
    print(f"slowest {max(spent):.1f} s and all {sum(spent):.0f} s of one core, largest {largest} "
          f"MB, {time.monotonic() - began:.0f} s on the clock")  # fmt: skip


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
