"""Small made-up clients of programmes in which nothing is rolled out: an appraisal, a process."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from small_client import NAME, ROOT, SmallClient

SITES = tuple(f"{name}苑" for name in "松竹梅兰菊荷桂枫杉柏榆槐")
WEAK, STRONG = SITES[0], SITES[1]
"""Sites that are far below and far above the others."""

MONTHS = 18
RISE = 0.5
"""Points (of 0 to 10) by which satisfaction of every site rises in the last period."""


def write_appraisal(root: Path, *, seed: int = 3, **changes: Any) -> SmallClient:
    """Write a client that appraises the service of its sites each quarter.

    Parameters
    ----------
    root : Path
        Project folder.
    seed : int
        Of the made-up answers.
    **changes
        Keys of the client file in place of those written.
    """
    rng = np.random.default_rng(seed)
    level = dict(zip(SITES, rng.normal(7.0, 0.4, len(SITES)), strict=True))
    level[WEAK], level[STRONG] = 5.2, 8.6
    answers, ratings = [], []
    for number, site in enumerate(SITES):
        for month in range(MONTHS):
            rise = RISE if month >= MONTHS - 3 else 0.0
            for _ in range(14):
                who = level[site] + rise + rng.normal(0, 0.6)
                scores = [int(np.clip(round(who + rng.normal(0, 0.9)), 0, 10)) for _ in range(3)]
                sheet = [f"D{len(answers):06d}", site, f"{_day(month, rng)} 10:00", "微信"]
                answers.append([*sheet, *scores])
            for occasion, lift in (("定期考核", 0.4), ("不定期抽查", 0.0)):
                if occasion == "定期考核" or (month + number) % 2:
                    base = 2.0 + level[site] / 4 + lift
                    scores = [
                        int(np.clip(round(base + rng.normal(0, 0.5)), 1, 5)) for _ in range(4)
                    ]
                    name = [f"K{len(ratings):05d}", site, f"C{month % 3}", occasion]
                    ratings.append([*name, _day(month, rng), *scores])
    appeals = [
        [f"S{n}", "考核", _day(n % MONTHS, rng), _day(n % MONTHS + 1, rng),
         _day(n % MONTHS + 1, rng), "维持"] for n in range(12)
    ]  # fmt: skip
    tables = {
        "项目清单.csv": (["项目", "业态", "户数"], [[s, "普通住宅", 500 + 40 * n]
                                                for n, s in enumerate(SITES)]),
        "业主问卷.csv": (["答卷编号", "项目", "提交时间", "渠道", "总体", "态度", "处理"], answers),
        "考核评分.csv": (_RATED, ratings),
        "申诉登记.csv": (["申诉编号", "事项", "提出日期", "答复期限", "答复日期", "结果"], appeals),
        "工单.csv": _tickets(rng, within=0.8),
    }  # fmt: skip
    document = {
        **head("appraisal", "service_appraisal"),
        "labels": {
            **_LABELS,
            "occasion": {"定期考核": "regular", "不定期抽查": "spot"},
            "about": {"考核": "appraisal"},
            "outcome": {"维持": "upheld"},
        },
        "instruments": {
            "owners_v1": {
                "title": {"zh_CN": "业主满意度问卷", "en": "Owner questionnaire"},
                "scale": [0, 10],
                "satisfied": [8, 10],
                "items": {
                    "q1": {"wording": "总体满意度", "role": "overall"},
                    "q2": {"wording": "服务态度"},
                    "q3": {"wording": "问题处理"},
                },
            },
            "check_v1": {
                "title": {"zh_CN": "服务质量考核表", "en": "Service checklist"},
                "scale": [1, 5],
                "items": {
                    "k1": {"wording": "仪容仪表"},
                    "k2": {"wording": "话术规范"},
                    "k3": {"wording": "响应速度"},
                    "k4": {"wording": "跟进到办结"},
                },
            },
        },
        "sources": [
            _sites(),
            {
                "table": "surveys",
                "files": ["业主问卷.csv"],
                "columns": {
                    "response_id": "答卷编号",
                    "site_id": "项目",
                    "answered_at": "提交时间",
                    "channel": "渠道",
                },
                "constants": {"instrument": "owners_v1"},
                "unpivot": {"items": {"q1": "总体", "q2": "态度", "q3": "处理"}},
            },
            {
                "table": "ratings",
                "files": ["考核评分.csv"],
                "columns": {
                    "rating_id": "评分编号",
                    "site_id": "项目",
                    "rater_id": "考核员",
                    "occasion": {"from": "考核方式", "labels": "occasion"},
                    "rated_on": "日期",
                },
                "constants": {"instrument": "check_v1", "rater_role": "supervisor"},
                "unpivot": {"items": {"k1": "仪容", "k2": "话术", "k3": "响应", "k4": "跟进"}},
            },
            {
                "table": "appeals",
                "files": ["申诉登记.csv"],
                "columns": {
                    "appeal_id": "申诉编号",
                    "about": {"from": "事项", "labels": "about"},
                    "filed_on": "提出日期",
                    "due_on": "答复期限",
                    "decided_on": "答复日期",
                    "outcome": {"from": "结果", "labels": "outcome"},
                },
            },
            _ticket_source(),
        ],
        "appraisal": {"csat_mean": 0.6, "response_within_30min": 0.4},
        "design": {"primary_outcome": "csat_mean", "smallest_effect": 0.3},
        "goals": [
            {"indicator": "csat_mean", "target": 7.5, "unit": "level", "deadline": "2025-06-30"}
        ],
    }
    return write_tables(root, tables, document | changes)


def write_process(root: Path, *, seed: int = 4, **changes: Any) -> SmallClient:
    """Write a client that follows its service process by work orders alone."""
    rng = np.random.default_rng(seed)
    sites = [[s, "普通住宅", 500 + 40 * n] for n, s in enumerate(SITES)]
    tables = {
        "项目清单.csv": (["项目", "业态", "户数"], sites),
        "工单.csv": _tickets(rng, within=0.7),
    }
    document = {
        **head("service", "crm_process"),
        "standards": {
            "set": "crm_process",
            "lines": {
                "sla_response_minutes": {"all": 30},
                "sla_resolution_hours": {"repair": 24, "complaint": 48},
                "sla_share": 0.9,
            },
        },
        "labels": _LABELS,
        "sources": [_sites(), _ticket_source()],
        "design": {"primary_outcome": "response_within_30min", "smallest_effect": 0.05},
        "goals": [
            {"indicator": "response_within_30min", "target": 0.9, "unit": "level",
             "deadline": "2025-06-30"}
        ],
    }  # fmt: skip
    return write_tables(root, tables, document | changes)


_RATED = ["评分编号", "项目", "考核员", "考核方式", "日期", "仪容", "话术", "响应", "跟进"]
_LABELS = {
    "property_type": {"普通住宅": "ordinary"},
    "kind": {"报修": "repair", "投诉": "complaint", "表扬": "praise"},
    "reported_by": {"电话": "phone", "业主App": "platform"},
}


def head(programme: str, standards: str) -> dict[str, Any]:
    """Return what each of these client files begins with."""
    return {
        "client": {
            "id": NAME,
            "name": {"zh_CN": "松竹物业", "en": "Songzhu Property"},
            "timezone": "Asia/Shanghai",
            "simulated": True,
        },
        "programme": programme,
        "period": {"first": "2024-01", "last": "2025-06"},
        "privacy": {
            "demo_key": "made-up-people-need-no-secret",
            "purpose": "Appraisal of service",
            "legal_basis": {"default": "made-up people"},
            "notice_version": "2024-01",
            "retain_until": "2030-12-31",
        },
        "standards": standards,
    }


def _sites() -> dict[str, Any]:
    return {
        "table": "sites",
        "files": ["项目清单.csv"],
        "columns": {
            "site_id": "项目",
            "site_name": "项目",
            "property_type": {"from": "业态", "labels": "property_type"},
            "households": "户数",
        },
    }


def _ticket_source() -> dict[str, Any]:
    return {
        "table": "tickets",
        "files": ["工单.csv"],
        "columns": {
            "ticket_id": "工单号",
            "site_id": "项目",
            "kind": {"from": "类型", "labels": "kind"},
            "channel": {"from": "渠道", "labels": "reported_by"},
            "opened_at": "报事时间",
            "first_response_at": "响应时间",
            "due_at": "承诺时间",
            "resolved_at": "办结时间",
        },
    }


def _tickets(rng: np.random.Generator, *, within: float) -> tuple[list[str], list[list[Any]]]:
    """Return work orders: most answered within half an hour, at the weak site fewer."""
    rows = []
    for site in SITES:
        fast = within - 0.3 * (site == WEAK) + 0.1 * (site == STRONG)
        for month in range(MONTHS):
            for _ in range(30):
                opened = np.datetime64(f"{_day(month, rng)}T08:00", "m")
                opened += int(rng.integers(0, 12 * 60))
                wait = int(rng.integers(3, 30) if rng.random() < fast else rng.integers(31, 300))
                solved = opened + int(rng.integers(60, 60 * 40))
                late = month == MONTHS - 1 and rng.random() < 0.1
                kind = str(rng.choice(["报修", "报修", "投诉", "表扬"]))
                times = [opened, opened + wait, opened + 24 * 60, "" if late else solved]
                cells = [str(t).replace("T", " ") for t in times]
                channel = "电话" if rng.random() < 0.6 else "业主App"
                rows.append([f"W{len(rows):06d}", site, kind, channel, *cells])
    header = ["工单号", "项目", "类型", "渠道", "报事时间", "响应时间", "承诺时间", "办结时间"]
    return header, rows


def _day(month: int, rng: np.random.Generator) -> str:
    return f"{2024 + month // 12}-{month % 12 + 1:02d}-{int(rng.integers(1, 27)):02d}"


def write_tables(
    root: Path, tables: Mapping[str, tuple[list[str], Iterable[list[Any]]]], document: Any
) -> SmallClient:
    """Write tables as CSV files, and the client file that describes them."""
    raw = root / "data" / NAME / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, (header, rows) in tables.items():
        with (raw / name).open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    (root / "data" / NAME / "client.yml").write_text(text, encoding="utf-8")
    if not (root / "notebooks").exists():
        (root / "notebooks").symlink_to(ROOT / "notebooks", target_is_directory=True)
    return SmallClient(root)
