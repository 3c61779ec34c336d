"""Random clients: made-up worlds of any shape, and random but valid client files."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import small_client

from analysis import client as clients
from analysis.client.plan import Design
from analysis.client.readings import READINGS
from analysis.client.references import known_indicators, possible_outcomes
from analysis.errors import InputError
from analysis.simulation import DEMO, PlantedEvents, World, WorldParameters
from analysis.tables import RATER_ROLES, TABLES, TICKET_KINDS

OPTIONAL = ("surveys", "tickets", "ratings", "fees", "contracts", "reactions", "assessments",
            "enrolments", "crm_usage", "costs", "milestones", "risks", "actions", "invitations",
            "lecturers", "appeals", "documents", "events", "test_answers", "skill_use", "coaching",
            "task_scores", "needs_asked", "attributions", "reply_reports", "comments",
            "staff")  # fmt: skip
NEEDED: Mapping[str, tuple[str, ...]] = {
    "surveys": ("invitations",),
    "staff": (
        "enrolments",
        "ratings",
        "assessments",
        "test_answers",
        "appeals",
        "reactions",
        "skill_use",
        "coaching",
        "task_scores",
        "needs_asked",
        "attributions",
    ),
}
"""Tables that nobody exports without another."""

ZONE = "Asia/Shanghai"


class InvalidFileError(Exception):
    """A client file that this module made and the loader refuses: a fault of this module."""


@dataclasses.dataclass(frozen=True)
class Shape:
    """A world, what is taken from it, and what is changed in its client file.

    Attributes
    ----------
    name : str
        Kind and seed.
    world : WorldParameters
        What is simulated.
    kinds : tuple of str
        What is special about it, by which results are counted.
    without : tuple of str
        Tables that the client does not have.
    asked : frozenset of int or None
        Months, counted from 0, in which customers are asked; all of them when None.
    spilling : bool
        Whether late answers of a round come in the month after it.
    silent : mapping of str to frozenset of int
        Months of which a table has no row.
    equal : bool
        Whether everybody gives the same scores, so that no effect on satisfaction is true.
    change : callable
        Changes the parsed client file.
    language : str
        Of the notebooks.
    """

    name: str
    world: WorldParameters
    kinds: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    asked: frozenset[int] | None = None
    spilling: bool = False
    silent: Mapping[str, frozenset[int]] = dataclasses.field(default_factory=dict)
    equal: bool = False
    change: Callable[[dict], object] = lambda document: None
    language: str = "zh_CN"

    @property
    def untrue(self) -> frozenset[str]:
        """Outcomes whose stored truth does not hold for what was changed."""
        scores = ("csat_mean", "csat_top2", "nps", "recommend_share")
        return frozenset(scores if self.equal else ())


def plain(**changes: Any) -> WorldParameters:
    """Return the demo's world with other numbers, without planted events and spill-over."""
    return dataclasses.replace(
        DEMO, n_late=0, n_spill_over=0, spill_over=0.0, planted=PlantedEvents(), **changes
    )


def month(year: int, number: int) -> dt.date:
    """Return the first day of a month."""
    return dt.date(year, number, 1)


def smallest(effect: float) -> Callable[[dict], object]:
    """Return a change of the client file: the smallest effect worth knowing."""
    return lambda document: document["design"].update(smallest_effect=effect)


CASES = (
    Shape(
        "precise",
        plain(n_sites=120, n_months=24, n_staff=600, treated_share=0.2, site_sd=0.5, shock_sd=0.005,
              seed=15, wave_months=(month(2023, 6), month(2023, 7), month(2023, 9),
                                    month(2024, 8))),
        change=smallest(0.05),
    ),
    Shape(
        "precise_short",
        plain(n_sites=120, n_months=9, n_staff=600, treated_share=0.2, site_sd=0.02, seed=20,
              wave_months=(month(2023, 5), month(2023, 9))),
        change=smallest(1.0),
    ),
    Shape(
        "large_effect",
        plain(n_sites=14, n_months=20, n_staff=84, treated_share=0.6, seed=5,
              wave_months=(month(2023, 10), month(2024, 2))),
        change=smallest(5.0),
    ),
    Shape("six_hundred_sites", dataclasses.replace(DEMO, n_sites=600, n_staff=12000)),
    Shape(
        "three_sites",
        plain(n_sites=3, n_months=6, n_staff=18, treated_share=0.2, invited=3.0, shock_sd=0.2,
              tickets_per_1000=2.0, seed=11, wave_months=(month(2023, 4), month(2023, 5))),
    ),
    Shape(
        "eight_sites",
        plain(n_sites=8, n_months=9, n_staff=48, treated_share=2 / 3, invited=10.0, seed=24,
              wave_months=(month(2023, 3), month(2023, 5), month(2023, 6), month(2023, 8))),
    ),
    Shape(
        "no_surveys",
        plain(n_sites=8, n_months=18, n_staff=48, seed=6, wave_months=(month(2023, 9),)),
        without=("surveys", "invitations"),
    ),
    Shape(
        "nobody_trained",
        plain(n_sites=2, n_months=12, n_staff=12, treated_share=0.2, seed=27,
              wave_months=(month(2023, 8),)),
    ),
)  # fmt: skip
"""Shapes that stopped a stage once."""


SITES: Mapping[int, float] = {
    2: 2, 3: 4, 4: 4, 5: 4, 6: 6, 8: 6, 10: 6, 12: 6, 16: 5, 24: 4, 30: 2, 40: 2, 60: 1, 80: 0.5,
    120: 0.5,
}  # fmt: skip
"""Numbers of sites and how likely each is; ordinary clients are small."""

WHO = ("share", "share", "share", "share", "one_a_wave", "one_site", "nobody", "everybody")
"""How it comes about which sites are trained."""


def random_shape(seed: int) -> Shape:
    """Return the shape of a seed: sites, months, waves, answers, tables, rounds, gaps."""
    rng = np.random.default_rng([seed, 7])
    kinds: list[str] = []
    sizes = np.array(list(SITES.values()))
    sites = int(rng.choice(list(SITES), p=sizes / sizes.sum()))
    months = int(rng.integers(6, 31))
    waves = int(rng.integers(1, min(5, months - 1) + 1))
    who = str(rng.choice(WHO))
    treated = {"one_a_wave": min(waves, sites), "one_site": 1, "nobody": 0}.get(who)
    if who == "one_site":
        waves = 1
    starts = np.sort(rng.choice(np.arange(1, months), waves, replace=False))
    kinds += [who] if who != "share" else []
    share = 1.0 if who == "everybody" else float(rng.choice([0.2, 0.34, 0.5, 0.67, 0.9]))
    without = [t for t in OPTIONAL if rng.random() < (0.12 if rng.random() < 0.7 else 0.0)]
    for table, others in NEEDED.items():
        if table in without:
            without += [other for other in others if other not in without]
    kinds += ["tables_missing"] if without else []
    world = plain(
        n_sites=sites,
        n_months=months,
        n_staff=max(6, sites * int(rng.integers(2, 8))),
        wave_months=tuple(month(2023 + int(t) // 12, int(t) % 12 + 1) for t in starts),
        treated_share=share,
        n_treated=treated,
        invited=float(rng.choice([3, 5, 10, 20, 50])),
        tickets_per_1000=float(rng.choice([0.5, 2, 5, 10])) * (0.3 if sites > 60 else 1.0),
        shock_sd=float(rng.choice([0.005, 0.05, 0.2])),
        site_sd=float(rng.choice([0.02, 0.2, 0.5])),
        seed=seed,
    )
    if rng.random() < 0.2:
        world, kinds = world.without_effects(), [*kinds, "no_effect"]
    asked, spilling = _rounds(rng, months)
    kinds += ["rounds"] if asked is not None else []
    kinds += ["spilling_rounds"] if spilling else []
    silent = _silent(rng, months)
    kinds += ["months_missing"] if silent else []
    equal = bool(rng.random() < 0.06) and "surveys" not in without
    kinds += ["equal_scores"] if equal else []
    kinds += ["few_asked"] if world.invited <= 5 else []
    kinds += ["many_sites"] if sites >= 60 else []
    worth = float(rng.choice([0.05, 0.15, 1.0])) if rng.random() < 0.5 else None
    return Shape(
        f"shape{seed}",
        world,
        tuple(kinds) or ("ordinary",),
        tuple(without),
        asked,
        spilling,
        silent,
        equal,
        change=(lambda document: None) if worth is None else smallest(worth),
        language=str(rng.choice(["zh_CN", "en"])),
    )


def _rounds(rng: np.random.Generator, months: int) -> tuple[frozenset[int] | None, bool]:
    """Return the months of the survey's rounds, evenly or oddly spaced, or every month."""
    number = int(rng.choice([0, 0, 0, 0, 1, 2, 3, 4, 6]))
    if not number:
        return None, False
    if rng.random() < 0.4:
        asked = np.linspace(0, months - 1, number).round().astype(int)
    else:
        asked = rng.choice(months, min(number, months), replace=False)
    return frozenset(int(m) for m in asked), bool(rng.random() < 0.4)


def _silent(rng: np.random.Generator, months: int) -> dict[str, frozenset[int]]:
    """Return months of which nothing is there for anybody, by table."""
    tables = [t for t in ("surveys", "tickets", "fees", "crm_usage") if rng.random() < 0.12]
    return {
        table: frozenset(
            int(m) for m in rng.choice(months, int(rng.integers(1, months // 2 + 1)), replace=False)
        )
        for table in tables
    }


def make(root: Path, shape: Shape) -> small_client.SmallClient:
    """Write one client.

    Raises
    ------
    InvalidFileError
        When the loader refuses the client file.
    """

    def change_file(document: dict) -> None:
        document["sources"] = [s for s in document["sources"] if s["table"] not in shape.without]
        shape.change(document)
        if "key_file" in document["privacy"]:  # outside of the project, as of real clients
            document["privacy"]["key_file"] = str(root.parent.resolve() / f"{root.name}.key")

    made = small_client.write_client(
        root, shape.world, change_world=lambda world: _changed(world, shape),
        change_file=change_file,
    )  # fmt: skip
    try:
        clients.load(made.root / "data" / small_client.NAME)
    except InputError as error:
        raise InvalidFileError(f"{shape.name}: {error}") from error
    return made


def _changed(world: World, shape: Shape) -> World:
    """Take from a world's tables what the shape does not have."""
    tables, first = dict(world.tables), world.parameters.first
    counted = {"surveys": "answered_at", "tickets": "opened_at"}

    def months_of(table: str) -> pd.Series:
        moments = pd.to_datetime(tables[table][counted.get(table, "month")], utc=True)
        local = moments.dt.tz_convert(ZONE)
        return local.dt.year * 12 + local.dt.month - 1 - first

    def keep(table: str, rows: pd.Series) -> None:
        tables[table] = tables[table][rows.to_numpy(bool)].reset_index(drop=True)

    if shape.asked is not None:
        for table in ("surveys", "invitations"):
            keep(table, months_of(table).isin(shape.asked))
    for table, months in shape.silent.items():
        for also in (table, "invitations") if table == "surveys" else (table,):
            keep(also, ~months_of(also).isin(months))
    surveys = tables.get("surveys")
    if surveys is None:
        return world
    if shape.spilling:
        moments = pd.to_datetime(surveys["answered_at"], utc=True)
        late = (moments.dt.day > 18) & (months_of("surveys") < shape.world.n_months - 1)
        moved = moments.where(~late, moments + pd.Timedelta(days=16))
        surveys = surveys.assign(answered_at=moved.astype(surveys["answered_at"].dtype))
    if shape.equal:
        answered = surveys["score"].notna()
        surveys = surveys.assign(score=surveys["score"].mask(answered, 4))
    return dataclasses.replace(world, tables={**tables, "surveys": surveys})


FILE_WORLD = dataclasses.replace(
    small_client.SMALL, n_sites=10, n_months=16, n_staff=60,
    wave_months=(month(2023, 9), month(2023, 12)), planted=PlantedEvents(),
)  # fmt: skip
"""The world behind the random client files, but its seed: every table of the demo, ten sites."""


def random_file(seed: int) -> Shape:
    """Return a small client with a random, valid client file."""
    rng = np.random.default_rng([seed, 11])
    return Shape(
        f"file{seed}",
        dataclasses.replace(FILE_WORLD, seed=seed),
        ("file",),
        change=lambda document: _Rewriter(rng, document).rewrite(),
        language=str(rng.choice(["zh_CN", "en"])),
    )


class _Rewriter:
    """Rewrites a parsed client file at random, key by key, within what the schema takes."""

    def __init__(self, rng: np.random.Generator, document: dict) -> None:
        self._rng, self._document = rng, document

    def rewrite(self) -> None:
        """Change every part that has been drawn."""
        self._identity()
        self._privacy()
        self._instruments()
        self._sources()
        self._document["outcomes"] = self._outcomes()
        self._plan()
        self._design()
        self._value()
        self._document["min_cell"] = int(self._rng.integers(2, 51))
        for key in ("goals", "claims", "coverage", "appraisal", "finances", "choices", "outcomes",
                    "value", "ignore", "min_cell", "engine"):  # fmt: skip
            if self._chance(0.15):
                self._document.pop(key, None)
        named = set(self._document.get("outcomes") or {})
        self._forget(named)

    def _chance(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def _one(self, of: Sequence[Any]) -> Any:
        return of[int(self._rng.integers(len(of)))]

    def _some(self, of: Sequence[Any], least: int = 0, most: int | None = None) -> list[Any]:
        most = len(of) if most is None else min(most, len(of))
        number = int(self._rng.integers(min(least, most), most + 1))
        return [of[int(i)] for i in self._rng.permutation(len(of))[:number]]

    def _between(self, low: float, high: float, digits: int = 4) -> float:
        return round(float(self._rng.uniform(low, high)), digits)

    def _words(self) -> dict[str, str]:
        chinese = self._one(
            ["客户更满意", "投诉减少、收费提高", "“管家”与《规范》", "及时响应（30分钟）"]
        )
        english = self._one(
            ["More satisfied owners", "Fewer complaints & better fees", "A {goal}%"]
        )
        return {"zh_CN": chinese, "en": english.replace("{goal}", "15")}

    def _day(self, first: int = 2023, last: int = 2027) -> str:
        return f"{self._rng.integers(first, last + 1)}-{self._rng.integers(1, 13):02d}-15"

    def _identity(self) -> None:
        client = self._document["client"]
        zone = self._one(["Asia/Shanghai", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Singapore"])
        client["timezone"] = zone
        client["name"] = {
            "zh_CN": self._one(["绿林物业", "万科·城市花园（一期）"]),
            "en": "O'Brien & Sons <Ltd>",
        }
        if self._chance(0.3):
            client["simulated"] = False
        period = self._document["period"]
        last = pd.Period(str(period["last"]), "M") + int(self._one([0, 0, 0, 1, 3]))
        first = pd.Period(str(period["first"]), "M") - int(self._one([0, 0, 0, 1, 6]))
        period["first"], period["last"] = str(first), str(last)

    def _privacy(self) -> None:
        privacy = self._document["privacy"]
        if not self._document["client"]["simulated"]:
            privacy.pop("demo_key")
            privacy["key_file"] = "somewhere.key"
        if self._chance(0.5):
            basis = dict.fromkeys(self._some(list(TABLES), 0, 4), "HR management (PIPL 13-2)")
            privacy["legal_basis"] = {**basis, "default": "同意"}
        for key in ("purpose", "notice_version", "retain_until", "legal_basis"):
            if self._chance(0.2):
                privacy.pop(key, None)
        if self._chance(0.3):
            day = self._day(2024, 2035)
            made_up = self._document["client"]["simulated"]
            privacy["retain_until"] = day if made_up else f"29{day[2:]}"  # past it, none may run
        if self._chance(0.3):
            digits = self._rng.integers(0, 16, 32)
            privacy["leave_out"] = ["".join(f"{int(d):x}" for d in digits)]

    def _instruments(self) -> None:
        instruments = self._document["instruments"]
        if self._chance(0.4):
            instruments["csat_v1"]["satisfied"] = [self._one([3, 4, 5]), 5]
        if self._chance(0.3):
            instruments["csat_v1"]["items"]["q6"]["satisfied"] = [self._one([7, 8, 9, 10]), 10]
        if self._chance(0.2):
            instruments["course_v1"]["items"]["c1"]["satisfied"] = [self._one([3, 5]), 5]
        if self._chance(0.15):
            instruments["csat_v1"]["reversed"] = True
        if self._chance(0.15):
            instruments["csat_v1"]["items"]["q2"]["reversed"] = True
        for instrument in instruments.values():
            if self._chance(0.15):
                instrument.pop("title")
            for item in instrument["items"].values():
                if self._chance(0.08):
                    item.pop(self._one(["wording", "dimension"]), None)
                if self._chance(0.05):
                    item.pop("role", None)
        if self._chance(0.2):
            instruments["unused"] = {"scale": [0, 100], "items": {"x": {"wording": "未使用"}}}

    def _sources(self) -> None:
        document = self._document
        gone = [t for t in OPTIONAL if self._chance(0.06)]
        for table, others in NEEDED.items():
            gone += others if table in gone else ()
        document["sources"] = [s for s in document["sources"] if s["table"] not in gone]
        for source in document["sources"]:
            if self._chance(0.2):
                source["name"] = f"来源 {source['table']}"
            if self._chance(0.2):
                source["accept"] = [
                    {"rule": "unmatched_reference", "max_rows": 500, "reason": "known"}
                ]
            if self._chance(0.2) and source.get("drop"):
                source["drop"] = list(source["drop"])
            for column in list(source["columns"]):
                if self._chance(0.06):
                    self._unmap(source, column)
        if self._chance(0.3):
            document["ignore"] = self._one([["旧版/*.xlsx"], {"旧版/*.xlsx": "superseded"}])
        if self._chance(0.2):
            document["aliases"]["unused"] = {"某小区": "云栖花园"}

    def _unmap(self, source: dict, column: str) -> None:
        """Leave a column that may be left out unread."""
        table = TABLES[source["table"]]
        ruled = {c for rule in source.get("aggregate", {}).values() for c in rule}
        kept = {*table.key, *ruled, source.get("duplicates", {}).get("order_by")}
        if table.columns[column].required or column in kept or column == "planned_start":
            return  # a trained site without its planned start is a fault of the exports
        entry = source["columns"][column]
        header = entry if isinstance(entry, str) else entry["from"]
        others = [e for c, e in source["columns"].items() if c != column]
        if header in [e if isinstance(e, str) else e["from"] for e in others]:
            return
        del source["columns"][column]
        drop = source.get("drop") or {}
        named = drop if isinstance(drop, dict) else dict.fromkeys(drop, "not needed")
        source["drop"] = {**named, header: "not needed"}

    def _outcomes(self) -> dict[str, Any]:
        kinds = ("item", "dimension", "rating", "ticket_rating", "on_time", "crm_usage", "test")
        chosen = self._some(kinds, 0, 4)
        return {f"own_{kind}_{i}": self._outcome(kind) for i, kind in enumerate(chosen)}

    def _outcome(self, kind: str) -> dict[str, Any]:
        titles = {"zh_CN": "自报的指标", "en": "An outcome of our own"}
        title = dict.fromkeys(self._some(list(titles), 1))
        entry: dict[str, Any] = {"of": kind, "title": {k: titles[k] for k in title}}
        csat = self._document["instruments"]["csat_v1"]
        share = kind == "on_time"
        if kind == "item":
            entry["item"] = self._one(["q1", "q2", "q4", "q6"])
            if self._chance(0.5):
                entry["statistic"], share = "satisfied", True
                if self._chance(0.5):
                    entry["satisfied"] = [8, 10] if entry["item"] == "q6" else [3, 5]
        if kind == "dimension":
            known = {i.get("dimension") for n, i in csat["items"].items() if n != "q6"} - {None}
            shared = [d for d in sorted(known) if d != "推荐"]
            entry["dimension"], entry["instruments"] = self._one(shared), "csat_v1"
        if kind == "rating":
            entry["rater_role"] = self._one(["self", "supervisor", "peer", "customer",
                                             "mystery_shopper", "expert"])  # fmt: skip
        if kind in ("ticket_rating", "on_time") and self._chance(0.6):
            entry["kinds"] = self._some(list(TICKET_KINDS), 1)
        if kind == "ticket_rating" and self._chance(0.5):
            entry["statistic"], share = "satisfied", True
        if kind == "crm_usage":
            entry["measure"] = self._one(["active_share", "active_days", "records_per_user",
                                          "functions"])  # fmt: skip
            share = entry["measure"] == "active_share"
        if kind == "test":
            entry["occasion"] = self._one(["pre", "post", "retest", "follow_up"])
            if self._chance(0.4):
                entry["form"] = self._one(["written", "practical", "role_play", "system"])
            if self._chance(0.3):
                entry["module"] = "客户沟通技巧"
            if entry["occasion"] == "follow_up" and self._chance(0.5):
                entry["statistic"] = "retained"
        if self._chance(0.3):
            entry["direction"] = self._one(["up", "down"])
        if self._chance(0.3):
            entry["level"] = int(self._rng.integers(1, 5))
        if self._chance(0.3):
            entry["evaluator"] = self._one(["customer", "trainee", "system", "finance"])
        if share and entry.get("direction", "up") == "up" and self._chance(0.5):
            entry["alert"] = {"value": self._between(0.05, 0.99)}
            if self._chance(0.5):
                entry["alert"] |= {"grade": self._one([1, 2, 3]), "min_n": self._one([8, 30]),
                                   "due_days": self._one([1, 30])}  # fmt: skip
        return entry

    def _indicators(self) -> list[str]:
        return [*known_indicators(), *(self._document.get("outcomes") or {})]

    def _plan(self) -> None:
        rng, document = self._rng, self._document
        document["goals"] = [self._goal() for _ in range(int(rng.integers(0, 7)))]
        document["claims"] = [
            {"name": self._one(["行业规模", "market"]), "start": self._between(0.1, 1e3),
             "end": self._between(0.1, 1e3), "years": self._one([0.5, 1, 5, 10]),
             "stated": self._between(-0.5, 2)}
            for _ in range(int(rng.integers(0, 3)))
        ]  # fmt: skip
        covered = document["coverage"]
        document["coverage"] = {module: covered[module] for module in self._some(list(covered))}
        if self._chance(0.3):
            document["coverage"]["新课程"] = {"没有指标的行为": []}
        if self._chance(0.6):
            named = self._some(self._indicators(), 1, 5)
            document["appraisal"] = {name: self._between(0.01, 10) for name in named}
        document["choices"] = {
            name: self._one(list(READINGS[name].readings)) for name in self._some(list(READINGS))
        }
        years = self._some([2019, 2022, 2023, 2024, 2025], 0, 3)
        document["finances"] = {year: self._books() for year in sorted(years)}

    def _goal(self) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "indicator": self._one(self._indicators()),
            "target": self._between(-1, 2),
            "unit": self._one(["points", "relative", "level"]),
            "deadline": self._day(),
        }
        if self._chance(0.6):
            entry["horizon"] = self._one(["short", "mid", "long"])
        if self._chance(0.2):
            entry["stratum"] = self._one(["old", "supervisor", "villa"])
        if self._chance(0.3):
            entry["baseline"] = self._between(0, 5)
        if self._chance(0.4):
            entry["evaluator"] = self._one(["customer", "trainer", "finance", "rater"])
        if self._chance(0.4):
            entry["requirement"] = f"R{self._rng.integers(1, 400):03d}"
        for key in ("aim", "behaviour"):
            if self._chance(0.5):
                entry[key] = self._words()
        return entry

    def _books(self) -> dict[str, float]:
        books = {"training": (0, 1e7), "costs": (1, 1e9), "labour": (0, 1e8), "upgrades": (0, 1e7)}
        given = {name: self._between(*books[name], 0) for name in self._some(list(books))}
        return {"revenue": self._between(1, 1e9, 0), **given}

    def _design(self) -> None:
        declared = self._document.get("outcomes") or {}
        levels = {n: e.get("level") or _LEVELS[e["of"]] for n, e in declared.items()}
        primary = [*possible_outcomes(), *(n for n, level in levels.items() if level >= 3)]
        design: dict[str, Any] = {
            "primary_outcome": self._one(primary),
            "secondary_outcomes": self._some(self._indicators(), 0, 6),
            "alpha": self._one([0.001, 0.01, 0.05, 0.1, 0.32]),
            "power": self._one([0.51, 0.8, 0.95, 0.999]),
            "smallest_effect": self._one([0.001, 0.01, 0.15, 2.0, 50.0]),
            "measure_at_months": self._one(
                [[1, 3, 6, 12], [3], [1], [2, 24], [6], [12, 1], [0, 1], [5, 4]]
            ),
            "anticipation_months": self._one([0, 0, 0, 1, 3, 12]),
            "base": self._one(["auto", "month_before", "all_before"]),
            "assignment": self._one(["randomised", "management", "volunteered", "unknown"]),
            "min_evaluators": {
                role: int(self._rng.integers(0, 9)) for role in self._some(RATER_ROLES, 0, 4)
            },
            "can_draw_lots": self._chance(0.5),
            "unit_costs": {
                name: self._between(0, 9999, 0) for name in self._some(["site", "answer", "visit"])
            },
            "visits_per_site": self._one([0, 1, 2, 12, 52]),
        }
        roles = self._some(RATER_ROLES, 0, 4)
        shares = self._rng.dirichlet(np.ones(len(roles))) if roles else []
        design["evaluator_weights"] = dict(zip(roles, map(float, shares), strict=True))
        left_out = [key for key in design if self._chance(0.15)]
        if missing := set(Design.model_fields) - set(design):
            raise InvalidFileError(f"keys of the design that are never varied: {sorted(missing)}")
        self._document["design"] = {k: v for k, v in design.items() if k not in left_out}

    def _value(self) -> None:
        value: dict[str, Any] = {
            "margin": self._one([0.01, 0.22, 1.0]),
            "horizon_months": int(self._rng.integers(1, 61)),
            "discount_rate": self._one([0.0, 0.05, 0.99]),
            "first_year_only": self._chance(0.5),
            "lower_bound_only": self._chance(0.5),
            "participant_time_cost": self._one([0, 32, 5000.0]),
            "benefits": [self._benefit() for _ in range(int(self._rng.integers(0, 5)))],
        }
        left_out = [key for key in value if self._chance(0.2)]
        self._document["value"] = {k: v for k, v in value.items() if k not in left_out}

    def _benefit(self) -> dict[str, Any]:
        worth = self._one([-180.0, 0.0, 0.5, 290.0, 420000.0])
        entry: dict[str, Any] = {
            "indicator": self._one(self._indicators()),
            "money_per_unit": worth,
        }
        if self._chance(0.5):
            entry["low"] = worth - abs(worth) * self._one([0, 0.4, 2])
        if self._chance(0.5):
            entry["high"] = worth + abs(worth) * self._one([0, 0.4, 2])
        if self._chance(0.7):
            entry["basis"] = self._one(["site_month", "household_month", "once"])
        if self._chance(0.3):
            entry["margin"] = True
        if self._chance(0.6):
            entry["source"] = "台账 2023 <ledger>"
        return entry

    def _forget(self, declared: set[str]) -> None:
        """Take out what names a declared outcome that has been left out."""
        document = self._document
        known = {*known_indicators(), *declared}
        document["goals"] = [g for g in document.get("goals", ()) if g["indicator"] in known]
        value = document.get("value") or {}
        if "benefits" in value:
            value["benefits"] = [b for b in value["benefits"] if b["indicator"] in known]
        if "appraisal" in document:
            kept = {k: v for k, v in document["appraisal"].items() if k in known}
            document["appraisal"] = kept
        design = document["design"]
        if design.get("primary_outcome", "csat_mean") not in known:
            del design["primary_outcome"]
        if "secondary_outcomes" in design:
            design["secondary_outcomes"] = [s for s in design["secondary_outcomes"] if s in known]


_LEVELS = {"item": 4, "dimension": 4, "rating": 3, "ticket_rating": 4, "on_time": 4,
           "crm_usage": 3, "test": 2}  # fmt: skip
