"""A page for each site, and the list of them: what one site manager needs, and nobody's ranking.

Pages lie in ``<language>/sites/``; everything on them is stored with the results.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import pandas as pd

from analysis import wording
from analysis.indicators import registry
from analysis.monitoring.alerts.rules import RECENT_MONTHS
from analysis.present import cards, people, sentences, strips, tables
from analysis.present.suppression import MARK
from analysis.report import brief, page
from analysis.report.notebook import Section
from analysis.report.run import FOLDERS, SITES
from analysis.report.sites import Sites, linked, records
from analysis.settings import TRAINING, Language

INDEX = "index.html"
Row = Mapping[str, Any]


def pages(sites: Sites, language: Language) -> Iterator[tuple[str, str]]:
    """Yield ``(file, markup)`` of the list of sites and of each page, without its font."""
    if sites.profiles.empty:
        return
    yield INDEX, _index(sites, language)
    for row in sites.rows:
        if row["site_id"] in sites.files:
            yield sites.files[row["site_id"]], _page(sites, row, language)


def _t(key: str, language: Language, **params: Any) -> str:
    return escape(wording.text(f"sites.{key}", language, **params))


def _render(
    sites: Sites, language: Language, *, name: str, title: str, body: str,
    contents: Sequence[Section] = (),
) -> str:  # fmt: skip
    run = sites.run
    return page.render(
        body,
        title=title,
        language=language,
        switch_href=f"../../{FOLDERS[page.other(language)]}/{SITES}/{name}",
        client=run.name(language),
        stages=page.stage_links(run, language, SITES if name == INDEX else "", "../"),
        contents=contents,
        simulated=run.simulated,
        # A picture of up to 3 MB on every one of many pages would be most of the report.
        look=replace(run.appearance, logo=""),
        provenance=page.provenance(run, language, files=False),
    )


def _index(sites: Sites, language: Language) -> str:
    run = sites.run
    trained = run.programme == TRAINING
    title = _t("title", language)
    lead = " · ".join(filter(None, (run.name(language), brief.through(run, language))))
    rows = [
        [
            people.hidden(str(row["site_name"])),
            _kind(row, language),
            *([_state(row, language)] if trained else []),
            str(len(sites.alerts.get(row["site_id"], ()))),
            str(sites.open_actions.get(row["site_id"], 0)),
        ]
        for row in sites.rows
    ]
    keys = ("site", "kind", *(["training"] if trained else []), "alerts", "actions")
    table = tables.render(
        [wording.text(f"sites.column.{key}", language) for key in keys],
        rows,
        caption=wording.text("sites.list", language),
        numeric=[key in ("alerts", "actions") for key in keys],
        anchor="sites",
        language=language,
    )
    body = f'<h1>{title}</h1><p class="lead">{escape(lead)}</p><p>{_t("intro", language)}</p>'
    if len(sites.told) < len(sites.profiles):
        words = _t("not_all", language, shown=len(sites.told), total=len(sites.profiles))
        body += f'<p class="notice">{words}</p>'
    body += linked(table, sites, "")
    return _render(sites, language, name=INDEX, title=title, body=body)


def _kind(row: Row, language: Language) -> str:
    kind = row["property_type"]
    if not isinstance(kind, str) or not kind:
        return tables.NOTHING
    return sentences.label(kind, language, "terms.property_type")


def _state(row: Row, language: Language, told: str = "state") -> str:
    """Return whether a site is trained, is yet to be, or waits; ``told`` in a sentence."""
    starts: int | None = None if pd.isna(row["starts"]) else int(row["starts"])
    return wording.text(f"sites.{told}.{row['state']}", language, month=starts)


def _page(sites: Sites, row: Row, language: Language) -> str:
    run, site = sites.run, row["site_id"]
    name = people.hidden(str(row["site_name"]))
    mine = sites.standing_of.get(site, ())
    requests = [r for r in mine if _of_requests(r["indicator"])]
    results = [r for r in mine if not _of_requests(r["indicator"])]
    parts = [
        ("do", _todo(sites, site, language)),
        ("alerts", cards.alerts(sites.alerts.get(site, []), "site-alerts", language)),
        ("results", _rows(sites, results, "results", language)),
        ("requests", _rows(sites, requests, "requests", language)),
        *(
            [("training", _training(row, run.min_cell, language))]
            if run.programme == TRAINING
            else []
        ),
        ("read", _how_to_read(mine, run.level, language)),
    ]
    sections = [
        Section(f"site-{key}-section", wording.text(f"sites.{key}", language), [
            f'<h2 id="site-{key}-section">{_t(key, language)}</h2>', html,
        ])
        for key, html in parts
    ]  # fmt: skip
    kind = [_kind(row, language)] if isinstance(row["property_type"], str) else []
    facts = [*kind, *([str(row["region"])] if isinstance(row["region"], str) else [])]
    if pd.notna(row["households"]):
        facts.append(wording.text("sites.households", language, n=int(row["households"])))
    body = f"<h1>{escape(name)}</h1>"
    lead = " · ".join(filter(None, (*facts, brief.through(run, language))))
    body += f'<p class="lead">{escape(lead)}</p>'
    body += f'<p><a href="{INDEX}">{_t("back", language)}</a></p>'
    if run.programme == TRAINING:
        body += f"<p>{escape(_state(row, language, 'told'))}</p>"
    if silent := _silent(sites, mine, language):
        body += f'<p class="notice">{silent}</p>'
    body += "\n".join(section.html(language) for section in sections)
    file = sites.files[site]
    return _render(sites, language, name=file, title=name, body=body, contents=sections)


def _silent(sites: Sites, mine: Sequence[Row], language: Language) -> str:
    """Return the line on a site of which nothing is known any more; empty otherwise."""
    if sites.newest is None:
        return ""
    if not mine:
        return _t("never_measured", language)
    last = max(int(row["last"]) for row in mine)
    return _t("silent", language, month=last) if sites.newest - last >= RECENT_MONTHS else ""


def _of_requests(indicator: str) -> bool:
    known = registry.known().get(indicator)
    return known is not None and "tickets" in known.sources


def _todo(sites: Sites, site: str, language: Language) -> str:
    """Return the actions of a site with owner, day and state."""
    mine = sites.actions[sites.actions["site_id"] == site]
    if mine.empty:
        return f"<p>{_t('do_none', language)}</p>"
    rows = [
        [
            sentences.label(row["action"], language),
            sentences.label(row["owner"], language),
            wording.format_value(row["due_on"], "date", language),
            wording.text(f"value.state.{row['state']}", language),
        ]
        for row in records(mine)
    ]
    return tables.render(
        [
            wording.text(f"sites.column.{key}", language)
            for key in ("what", "owner", "due", "state")
        ],
        rows,
        caption=wording.text("sites.do_caption", language),
        numeric=[False] * 4,
        whole=[False, False, True, False],
        anchor="site-actions",
        language=language,
    )


def _rows(sites: Sites, mine: Sequence[Row], part: str, language: Language) -> str:
    """Return the table of indicators of a site: value, interval, past and peers, in time."""
    if not mine:
        return f"<p>{_t(f'{part}_none', language)}</p>"
    cells, drawn, names = [], [], []
    for row in mine:
        title = sentences.indicator_title(row["indicator"], language)
        names.append(f"monitoring.site.{row['indicator']}.{row['site_id']}")
        if row["hidden"]:
            cells.append([title, *[MARK] * 4])
            drawn.append("")
            continue
        unit = row["unit"]
        months = range(int(row["first"]), int(row["last"]) + 1)
        cells.append(
            [
                title,
                wording.in_unit(row["value"], unit, language),
                _ends(row, "ci", unit, language),
                wording.text("sites.counted", language, n=row["n"], months=months),
                "\n".join(_against(row, of, language) for of in ("change", "apart")),
            ]
        )
        drawn.append(_history(sites, row, title, language))
    keys = ("indicator", "value", "interval", "months", "past")
    head = [wording.text(f"sites.column.{key}", language) for key in keys]
    head[2] = wording.text("terms.interval", language, level=sites.run.level)
    hidden = any(row["hidden"] for row in mine)
    note = wording.text("sites.few", language, min_cell=sites.run.min_cell)
    return tables.render(
        head,
        cells,
        caption=wording.text(f"sites.{part}_caption", language),
        numeric=[False, True, True, False, False],
        anchor=f"site-{part}",
        language=language,
        notes=[note] if hidden else [],
        drawn=(wording.text("sites.column.drawn", language), drawn),
        of=names,
    )


def _ends(row: Row, of: str, unit: str, language: Language, *, effect: bool = False) -> str:
    low, high = row[f"{of}_low"], row[f"{of}_high"]
    if pd.isna(low) or pd.isna(high):
        return tables.NOTHING
    return sentences.ends_text(low, high, unit, language, effect=effect)


def _against(row: Row, of: str, language: Language) -> str:
    """Return a difference in words: how large, how sure, and from what."""
    value = row[of]
    if pd.isna(value):
        return wording.text(f"sites.{of}.none", language)
    unit = row["unit"]
    known = registry.known().get(row["indicator"])
    sign = -1 if known is not None and known.direction == "down" else 1
    alone = row[f"{of}_low"] > 0 or row[f"{of}_high"] < 0
    side = "unclear" if not alone else "among_many"
    if alone and row[f"{of}_clear"]:
        side = "better" if sign * value > 0 else "worse"
    words = {
        "difference": wording.in_unit(value, unit, language, effect=True),
        "ends": _ends(row, of, unit, language, effect=True),
        "side": wording.text(f"sites.side.{side}", language),
    }
    if of == "change":
        months = range(int(row["past_first"]), int(row["past_last"]) + 1)
        was = wording.in_unit(row["past"], unit, language)
        return wording.text("sites.change.told", language, **words, was=was, months=months)
    level = wording.in_unit(row["peer_value"], unit, language)
    key = f"sites.apart.{row['among']}"
    return wording.text(key, language, **words, n=int(row["peers"]), level=level)


def _history(sites: Sites, row: Row, title: str, language: Language) -> str:
    history = sites.histories.get((row["site_id"], row["indicator"]))
    if history is None or len(history.points) < 2:
        return ""
    beside: float | None = row["peer_value"] if pd.notna(row["peer_value"]) else None
    words = wording.text(
        "sites.drawn", language, indicator=title, n=len(history.points), month=history.first
    )
    return strips.history(history.points, beside, words)


def _training(row: Row, min_cell: int, language: Language) -> str:
    if row["state"] == "waits":
        return f"<p>{_t('training_waits', language)}</p>"
    if pd.isna(row["people"]):
        return f"<p>{_t('training_none', language)}</p>"
    if row["hidden"]:
        return f"<p>{_t('training_few', language, min_cell=min_cell)}</p>"
    told = [("people", wording.format_value(row["people"], "int", language))]
    if pd.notna(row["value"]):
        share = wording.format_value(row["value"], "pct1", language)
        ends = sentences.ends_text(row["ci_low"], row["ci_high"], "share", language)
        words = wording.text("sites.attended", language, share=share, ends=ends,
                             came=row["attended"], n=row["n"])  # fmt: skip
        told.append(("attendance", words))
    if pd.notna(row["hours"]):
        each = row["hours"] / row["people"]
        told.append(("hours", wording.text("sites.hours", language, hours=row["hours"], each=each)))
    if isinstance(row["first_class"], str):
        days = (
            wording.format_value(d, "date", language)
            for d in (row["first_class"], row["last_class"])
        )
        told.append(("classes", wording.text("sites.classes", language, first=next(days),
                                             last=next(days))))  # fmt: skip
    if pd.notna(row["wave"]):
        told.append(("wave", wording.text("design.wave_numbered", language, wave=int(row["wave"]))))
    items = "".join(
        f'<div class="kpi"><dt>{_t(f"column.{key}", language)}</dt>'
        f'<dd class="kpi-note">{escape(value)}</dd></div>'
        for key, value in told
    )
    return f'<dl class="crm kpis">{items}</dl>'


def _how_to_read(mine: Sequence[Row], level: float, language: Language) -> str:
    shown = [row for row in mine if not row["hidden"]]
    compared = sum(pd.notna(row[of]) for row in shown for of in ("change", "apart"))
    words = f"<p>{_t('how', language)}</p>"
    if compared:
        words += f"<p>{_t('chance', language, n=compared, chance=1 - level)}</p>"
    return words
