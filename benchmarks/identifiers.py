"""How many direct identifiers are recognised, and how often something harmless is taken for one.

Made-up values of every kind, written in the ways people write them, alone or within a sentence;
harmless values of the kinds that exports of property companies hold. None of them is drawn from
the rules under test.

    python benchmarks/identifiers.py --each 200
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable, Iterator, Mapping

from analysis.ingest.identifiers_seen import identifier_kind

Maker = Callable[[random.Random], str]

AROUND = (
    "{}", "{}", "{}", "请联系 {} 处理", "业主留言：{}", "{}（本人）", "电话/证件 {}，已核实",
    "张先生{}",
)  # fmt: skip
REGIONS = (
    "110105", "310104", "440305", "330106", "510107", "320102", "420106", "350203", "610113",
)  # fmt: skip
AREAS = ("010", "021", "0571", "0755", "020", "028", "025", "0531", "0592", "0411")
BANKS = ("622202", "621226", "622848", "621700", "623058")
HOSTS = ("163.com", "example.cn", "gmail.com", "mail.corp.com.cn")
PLATES = "京津沪粤浙苏川鲁闽渝"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
BUILDINGS = (
    "云栖花园", "翠湖花园", "城市之光", "滨江一号", "万象府", "京华苑", "沪西新村", "川香园",
    "浙商大厦",
)  # fmt: skip
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def number(rng: random.Random, length: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(length))


def day(rng: random.Random, first: int = 2019, last: int = 2026) -> str:
    return f"{rng.randint(first, last)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"


def filled(rng: random.Random, *templates: str) -> str:
    """Return one of the templates: # is a digit, @ a letter, <d> a day, <1-40> a whole number,
    <0.5~2:3> a number with three decimals, <b> a building, <r> the code of a region.
    """

    def one(match: re.Match[str]) -> str:
        what = match[0].strip("<>")
        if what == "#":
            return number(rng, 1)
        if what == "@":
            return rng.choice(LETTERS)
        if what in ("d", "b", "r"):
            return {"d": day(rng), "b": rng.choice(BUILDINGS), "r": rng.choice(REGIONS)}[what]
        if "~" in what:
            ends, _, places = what.partition(":")
            low, high = map(float, ends.split("~"))
            return f"{rng.uniform(low, high):.{places}f}"
        first, last = what.split("-")
        return f"{rng.randint(int(first), int(last)):0{len(first)}d}"

    return re.sub(r"<[^>]+>|#|@", one, rng.choice(templates))


def mobile(rng: random.Random) -> str:
    bare = f"1{rng.choice('3456789')}{number(rng, 9)}"
    gap = rng.choice(("", "", " ", "-"))
    cuts = rng.choice(((3, 7), (4, 7), (11, 11)))
    body = gap.join(
        part for part in (bare[: cuts[0]], bare[cuts[0] : cuts[1]], bare[cuts[1] :]) if part
    )
    full = rng.choice(("", "", "+86", "+86 ", "86-", "0086 ", "(86)", "(+86) ")) + body
    if rng.random() < 0.1:
        full = full.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)})
    return full


def landline(rng: random.Random) -> str:
    area, local = rng.choice(AREAS), filled(rng, "<2-8>#######")
    local = rng.choice((local, f"{local[:4]} {local[4:]}", f"{local[:4]}-{local[4:]}"))
    ways = (f"{area}-{local}", f"({area}){local}", f"{area} {local}", f"（{area}）{local}")
    body = f"+86 {area[1:]} {local}" if rng.random() < 0.2 else rng.choice(ways)
    return body + filled(rng, "", "", "-###", "转####")


def identity_18(rng: random.Random) -> str:
    body = rng.choice(REGIONS) + day(rng, 1935, 2012) + number(rng, 3)
    total = sum(w * int(d) for w, d in zip(WEIGHTS, body, strict=True))
    full = body + "10X98765432"[total % 11]
    if rng.random() < 0.1:  # one that was mistyped
        full = full[:-1] + rng.choice("0123456789X")
    parts = (full[:6], full[6:14], full[14:])
    return rng.choice((full, full.lower(), " ".join(parts), "-".join(parts)))


def identity_15(rng: random.Random) -> str:
    full = rng.choice(REGIONS) + day(rng, 1935, 1999)[2:] + number(rng, 3)
    return rng.choice((full, f"{full[:6]} {full[6:12]} {full[12:]}"))


def wechat(rng: random.Random) -> str:
    inner = "".join(rng.choice("abcdefghij0123456789_-") for _ in range(9))
    own = f"{rng.choice('abcdefgh')}{inner}k"
    ways = ("微信号:{}", "微信：{}", "微信 {}", "vx: {}", "WeChat ID: {}", "微信号是{}", "wx:{}")
    return rng.choice((*(way.format(own) for way in ways), f"wxid_{number(rng, 8)}{own[0]}2x"))


def qq(rng: random.Random) -> str:
    own = f"{rng.randint(1, 9)}{number(rng, rng.randint(5, 9))}"
    return rng.choice(("QQ:{}", "QQ号：{}", "qq {}", "{}@qq.com", "QQ{}", "扣扣{}")).format(own)


def bank(rng: random.Random) -> str:
    body, total = rng.choice(BANKS) + number(rng, rng.choice((9, 12))), 0
    for place, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    full = body + str(-total % 10)
    return rng.choice((full, " ".join(full[i : i + 4] for i in range(0, len(full), 4))))


def plate(rng: random.Random) -> str:
    tail = filled(rng, "#####", "##@##", "D#####", "@####")
    return rng.choice(PLATES) + rng.choice(LETTERS) + rng.choice(("", "·", " ", "-")) + tail


def ipv6(rng: random.Random) -> str:
    parts = [f"{rng.randrange(1, 65536):x}" for _ in range(8)]
    short = ":".join(parts[:4])
    return rng.choice((":".join(parts), f"{short}::{parts[7]}", f"fe80::{short}"))


def of(*templates: str) -> Maker:
    return lambda rng: filled(rng, *templates)


PERSONAL: Mapping[str, Maker] = {
    "mobile": mobile,
    "landline": landline,
    "identity number, 18": identity_18,
    "identity number, 15": identity_15,
    "WeChat id": wechat,
    "QQ id": qq,
    "bank card": bank,
    "passport": of("E########", "G########", "E@#######"),
    "licence plate": plate,
    "IPv4": of("<1-254>.<1-254>.<1-254>.<1-254>"),
    "IPv6": ipv6,
    "e-mail": lambda rng: f"user{number(rng, 4)}@{rng.choice(HOSTS)}",
}

HARMLESS: Mapping[str, Maker] = {
    "work order": of("WO<d>####", "<d>######", "GD-<d>-###", "BX##########", "########"),
    "order of 18 digits": of("<d><00-23><00-59>######"),
    "day and time": of(
        "<2019-2026>-<01-12>-<01-28> <00-23>:<00-59>:<00-59>",
        "<00-23>:<00-59>:<00-59>",
        "<2019-2026>年<1-12>月<1-28>日",
    ),
    "amount": of("<1~9999999:2>", "<1-999>,###,###", "¥<1~99999:2>", "<0~1:6>"),
    "room": of("<1-40>栋<1-4>单元<101-3399>", "<1-40>-<1-4>-<101-3399>", "<b>@座<101-3399>",
               "<b>@<1-20>栋"),
    "staff number": of("#####", "YG######", "A#####", "E<d>"),
    "part or asset": of("SB-####-@", "G######", "H######", "DT########", "XF-###/##"),
    "barcode": of("69###########"),
    "invoice": of("########", "0###########", "24##################"),
    "company code": of("91<r>MA#@###@#@"),
    "hot line": of("400-###-####", "12345", "12315", "95598", "400#######"),
    "version or section": of("v<1-9>.<0-20>.<0-9>", "<1-9>.<1-20>", "GB/T #####-<1990-2024>"),
    "hash": lambda rng: rng.randbytes(rng.choice((6, 16, 20, 32))).hex(),
    "place": of("<20~40:6>,<100~122:6>", "文三路<1-999>号", "<b>（<1-9>期）"),
    "words": of("微信渠道", "微信回访", "qq群通知", "苏州园区A组", "电话回访率 85%", "邮件 3 封",
                "京东快递", "新A类工单", "川菜馆油烟扰民"),
    "score and share": of("<1-5>分", "<0~100:1>%", "<1~5:2> (n = #,###)",
                          "−<0~9:2> (95% CI −<1~9:2> – <0~9:2>)"),
}  # fmt: skip


def told(
    makers: Mapping[str, Maker], rng: random.Random, each: int, around: tuple[str, ...]
) -> Iterator[tuple[str, int, str]]:
    """Yield kind, how many of its values are recognised, and one that was judged wrongly."""
    for kind, make in makers.items():
        values = [rng.choice(around).format(make(rng)) for _ in range(each)]
        hits = [identifier_kind(value) is not None for value in values]
        right = makers is PERSONAL
        wrong = next((v for v, hit in zip(values, hits, strict=True) if hit is not right), "")
        yield kind, sum(hits), wrong


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=200, help="values of each kind")
    parser.add_argument("--seed", type=int, default=20240101)
    parser.add_argument("--examples", action="store_true", help="show one wrong value a kind")
    given = parser.parse_args()
    rng = random.Random(given.seed)
    asked = (("made-up identifiers", PERSONAL, AROUND), ("harmless values", HARMLESS, ("{}",)))
    for title, makers, around in asked:
        rows = list(told(makers, rng, given.each, around))
        print(f"| {title} | values | recognised |\n|---|---|---|")
        for kind, hits, wrong in rows:
            print(f"| {kind} | {given.each} | {hits} |{f' {wrong}' if given.examples else ''}")
        total, found = given.each * len(rows), sum(hits for _, hits, _ in rows)
        print(f"| all | {total:,} | {found:,} ({found / total:.1%}) |\n")


if __name__ == "__main__":
    main()
