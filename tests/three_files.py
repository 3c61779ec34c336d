"""Three tidy files as an ordinary client sends them: sites, work orders, waves of training."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

SITES = 12
MONTHS = 18
START = 10
"""Month, counted from 0, in which the trained half of the sites begins."""

HEADERS = {
    "en": {
        "sites.csv": ["Site", "Property type", "Households"],
        "tickets.csv": ["Ticket ID", "Site", "Type", "Created at", "First response at",
                        "Solved at"],
        "waves.csv": ["Site", "Training wave", "Planned start", "Actual start"],
    },
    "zh": {
        "小区清单.csv": ["小区", "业态", "户数(户)"],
        "工单.csv": ["单号", "小区", "诉求", "报单时间", "响应时间", "办结时间"],
        "培训批次.csv": ["小区", "批次", "计划开始", "实际开始"],
    },
}  # fmt: skip

WORDS = {
    "en": {
        "site": "Green {}",
        "ordinary": "ordinary",
        "repair": "Repair",
        "complaint": "Complaint",
    },
    "zh": {"site": "绿林 {}", "ordinary": "普通住宅", "repair": "报修", "complaint": "投诉"},
}


def write_files(folder: Path, language: str, *, seed: int = 5) -> list[Path]:
    """Write the three files with the headers of a language and return their paths."""
    random = np.random.default_rng(seed)
    words, headers = WORDS[language], HEADERS[language]
    sites = [words["site"].format("ABCDEFGHIJKL"[n]) for n in range(SITES)]
    trained = {site for n, site in enumerate(sites) if n % 2 == 0}
    households = {site: 400 + 50 * n for n, site in enumerate(sites)}
    tickets = []
    for site in sites:
        level = random.normal(9.0, 1.0)
        for month in range(MONTHS):
            better = 2.0 if site in trained and month >= START else 0.0
            for kind, mean in (("complaint", level - better), ("repair", level)):
                for _ in range(random.poisson(mean)):
                    opened = np.datetime64(_month(month) + "-01T08:00", "m")
                    opened += int(random.integers(0, 27 * 1440))
                    replied = opened + int(random.integers(3, 90))
                    solved = opened + int(random.integers(60, 4000))
                    times = [str(t).replace("T", " ") for t in (opened, replied, solved)]
                    tickets.append([f"W{len(tickets):05d}", site, words[kind], *times])
    start = _month(START) + "-05"
    rows = (
        [[site, words["ordinary"], households[site]] for site in sites],
        tickets,
        [[s, 1, start, start] if s in trained else [s, 0, "", ""] for s in sites],
    )
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for (name, header), lines in zip(headers.items(), rows, strict=True):
        paths.append(folder / name)
        with paths[-1].open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([header, *lines])
    return paths


def _month(number: int) -> str:
    return f"{2023 + number // 12}-{number % 12 + 1:02d}"
