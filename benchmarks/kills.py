"""Kill commands with -9 at random moments, finish them, and compare with what was never cut.

A small client is prepared once. Each case copies its home, starts one command in a process of its
own, kills it after a random part of the time the command takes, calls the command again to its
end, and compares every file with those of the same command never cut: ``new``, ``add``, ``lock``,
``run`` (import and design), ``purge`` of a person, a run and the client, ``share`` and ``prune``.
What differs by nature is left out: moments, names of runs, and the secret of who stays out.

    python benchmarks/kills.py 200
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

PHONE = "13800138017"
RUN = "20240101T000000.000-aaaa"
HEAD = """client: {id: acme, name: {zh_CN: 测试物业, en: Acme}, simulated: true}
period: {first: 2023-01, last: 2024-12}
privacy: {demo_key: not-a-secret-at-all}
"""
SOURCES = """sources:
  - table: sites
    files: [项目.csv]
    columns: {site_id: 项目, site_name: 项目, households: 户数}
  - table: staff
    files: [员工.csv]
    columns: {staff_id: {from: 手机号, form: phone}, site_id: 项目, role: 岗位}
    drop: {姓名: direct identifier}
  - table: tickets
    files: [工单*.csv]
    columns:
      ticket_id: 号
      site_id: 项目
      staff_id: {from: 处理人电话, form: phone}
      opened_at: 开
      kind: {from: 类, labels: {投诉: complaint, 报修: repair}}
"""
MOMENT = re.compile(
    rb"\d{4}-\d\d-\d\dT[\d:.+Z]*|\d{8}T\d{6}(?:\.\d{3})?-[0-9a-f]{4}|\"seconds\": [\d.]+"
    rb"|\"list_id\": \"[0-9a-f]*\""
)
SECRETS = (".left-out", ".lock")


def write_client(home: Path) -> None:
    """Write the exports and the client file of a made-up client."""
    rng, raw = random.Random(7), home / "data" / "acme" / "raw"
    raw.mkdir(parents=True)
    sites = [f"花园{i}" for i in range(8)]
    phones = [PHONE, *(f"1390013{i:04d}" for i in range(39))]
    rows = [f"员{i},{phone},{rng.choice(sites)},管家" for i, phone in enumerate(phones)]
    tickets = [
        f"W{i},{rng.choice(sites)},{rng.choice(phones)},"
        f"{rng.randint(2023, 2024)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d} 09:00,"
        f"{rng.choice(('投诉', '报修'))}"
        for i in range(4000)
    ]
    put(raw / "项目.csv", "项目,户数", [f"{site},{rng.randint(300, 900)}" for site in sites])
    put(raw / "员工.csv", "姓名,手机号,项目,岗位", rows)
    put(raw / "工单.csv", "号,项目,处理人电话,开,类", tickets)
    (home / "data" / "acme" / "client.yml").write_text(HEAD + SOURCES, encoding="utf-8")
    put(home / "exports" / "工单_新.csv", "号,项目,处理人电话,开,类",
        [f"N{i},{rng.choice(sites)},{rng.choice(phones)},2024-12-05 09:00,投诉"
         for i in range(300)])  # fmt: skip


def put(path: Path, header: str, rows: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\r\n".join([header, *rows, ""]), encoding="utf-8", newline="")


def write_runs(home: Path) -> None:
    """Write three complete runs: the tables of the import, and pages that may be passed on."""
    from analysis import client, ingest, manifest

    for number in range(3):
        name = RUN.replace("20240101", f"2024010{number + 1}")
        folder = home / "reports" / "acme" / name
        ingest.ingest(client.load("acme", home), folder / "canonical")
        who = pd.read_parquet(folder / "canonical" / "staff.parquet")["staff_id"][0]
        for page in ("index.html", "zh/index.html", "en/index.html", "en/monitoring.html"):
            (folder / page).parent.mkdir(parents=True, exist_ok=True)
            (folder / page).write_text(f"<p>3.97 (n = 1,391) {who}</p>" * 500, encoding="utf-8")
        (folder / "results").mkdir()
        pd.DataFrame({"who": [who, "x"]}).to_parquet(folder / "results" / "alerts.parquet")
        manifest.Manifest(client="acme", run_id=name, state="complete").save(folder)
    (home / "reports" / "acme" / "latest").symlink_to(name)


COMMANDS: dict[str, tuple[str, ...]] = {
    "new": ("new", "best", "data/acme/raw/项目.csv", "data/acme/raw/工单.csv"),
    "add": ("add", "acme", "exports/工单_新.csv"),
    "lock": ("lock", "acme", "plan", "--by", "somebody"),
    "run": ("run", "acme", "--stage", "design"),
    "purge --person": ("purge", "acme", "--person", PHONE, "--yes"),
    "purge --run": ("purge", "acme", "--run", RUN, "--yes"),
    "purge --all": ("purge", "acme", "--all", "--yes"),
    "share": ("share", "acme", "--to", "out/acme.zip"),
    "prune": ("prune", "acme", "--keep", "1", "--yes"),
}
GONE_THEN = {"new", "lock", "purge --run", "purge --all"}
"""Commands that refuse when they were cut at the very end, because all is done."""
RARE = {"run": 4}
"""Commands that take long are called in one of so many rounds."""


def call(home: Path, command: str) -> int:
    """Start a command in a child; return its process id."""
    child = os.fork()
    if child:
        return child
    os.setpgid(0, 0)
    os.chdir(home)
    os.environ |= {"CRMEVAL_HOME": str(home), "HOME": str(home.parent / "account")}
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    try:
        from analysis.cli import main

        main(["--lang", "en", *COMMANDS[command]], standalone_mode=False)
        os._exit(0)
    except SystemExit as ended:
        os._exit(ended.code if isinstance(ended.code, int) else 1)
    except BaseException:
        os._exit(99)


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def tree(home: Path) -> dict[str, str]:
    """Return a hash by path of every file of a home, without moments and names of runs."""
    return dict(_hashes(home))


def _hashes(home: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(p for p in home.rglob("*") if not p.is_dir()):
        name = path.relative_to(home).as_posix()
        if path.suffix in SECRETS or path.name in SECRETS or "unexpected-" in name:
            continue
        content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
        if path.suffix in (".json", ".yml", ".html", ".txt") or path.is_symlink():
            content = MOMENT.sub(b"-", content)
        if "reports/purged/" in name:
            content = _outcome(path)
        if (
            path.name in ("manifest.json", "made_of.json")
            or path.suffix == ".ipynb"
            or name.endswith("outcome.json")
        ):
            content = b""  # times and hashes of files with times
        where = MOMENT.sub(b"RUN", name.encode()).decode()
        yield where, hashlib.sha256(content).hexdigest()


def _outcome(path: Path) -> bytes:
    """Return what a receipt says in the end; what went by which call may differ."""
    body = json.loads(path.read_bytes())
    return json.dumps([body[k] for k in ("client", "what", "state", "pseudonyms")]).encode()


def main() -> None:
    """Print one row per command: cases, how many were killed in time, differences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=int, nargs="?", default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        os.environ |= {"HOME": str(place / "account"), "CRMEVAL_HOME": str(place / "base")}
        base = place / "base"
        write_client(base)
        write_runs(base)
        from analysis import pipeline, report, workspace  # noqa: F401 - loaded before the forks

        right, taken = {}, {}
        for command in COMMANDS:
            home = place / "whole" / "home"
            shutil.copytree(base, home, symlinks=True)
            start = time.monotonic()
            code = ended(call(home, command))
            taken[command] = time.monotonic() - start
            if code:
                sys.exit(f"{command} ended with {code}")
            right[command] = tree(home)
            shutil.rmtree(home.parent)
        done, cut, wrong = Counter(), Counter(), Counter()
        rounds = (
            command
            for turn in itertools.count()
            for command in COMMANDS
            if turn % RARE.get(command, 1) == 0
        )
        for number, command in zip(range(given.cases), rounds, strict=False):
            home = place / f"case{number}" / "home"
            shutil.copytree(base, home, symlinks=True)
            child = call(home, command)
            time.sleep(rng.random() * taken[command])
            os.kill(child, signal.SIGKILL)
            killed = ended(child) == -signal.SIGKILL
            code = ended(call(home, command))
            found = tree(home)
            done[command] += 1
            cut[command] += killed
            same = found == right[command] and (code == 0 or command in GONE_THEN)
            if not same:
                wrong[command] += 1
                names = {
                    n for n in {*found, *right[command]} if found.get(n) != right[command].get(n)
                }
                print(f"case {number} ({command}, exit {code}): {sorted(names)[:4]}", flush=True)
            shutil.rmtree(home.parent)
    print("| command | seconds | cases | killed in time | differences |\n|---|---|---|---|---|")
    for command in COMMANDS:
        row = (done[command], cut[command], wrong[command])
        print(f"| `{command}` | {taken[command]:.1f} | {' | '.join(map(str, row))} |")
    total = (sum(c.values()) for c in (done, cut, wrong))
    print(f"| all | {time.monotonic() - began:.0f} | {' | '.join(map(str, total))} |")


if __name__ == "__main__":
    main()
