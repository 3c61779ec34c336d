"""Planted people stand in the raw exports and in nothing that is made from them."""

from __future__ import annotations

import base64
import gzip
import json
import urllib.parse

import pandas as pd
import pytest
from searching import files_with, found_in, matches_in

from analysis.simulation import CANARIES
from analysis.simulation.comments import PHRASES, PLAIN
from analysis.tables import TABLES

WORDS = [word for person in CANARIES for word in person]
COMMENTS = [said for phrases in (*PHRASES.values(), PLAIN) for said in phrases]
NAME = "欧阳喆堃"

WRAPPED = {
    "utf-8": NAME.encode(),
    "gb18030": NAME.encode("gb18030"),
    "utf-16": NAME.encode("utf-16"),
    "gzip": gzip.compress(NAME.encode()),
    "json": json.dumps({"text": NAME}).encode(),
    "svg": f"<svg><text>{''.join(f'&#{ord(c)};' for c in NAME)}</text></svg>".encode(),
    "data uri": b'href="data:text/csv,' + urllib.parse.quote(f"a,b\n{NAME},1").encode() + b'"',
    "base64": b'src="data:text/html;base64,'
    + base64.b64encode(f"<html><p>{NAME} and some more</p></html>".encode())
    + b'"',
    "base64 in json": json.dumps(
        {"image/svg+xml": base64.b64encode(f"<svg>{NAME} and some more</svg>".encode()).decode()}
    ).encode(),
}


@pytest.mark.parametrize("wrapping", WRAPPED)
def test_the_search_sees_through(wrapping):
    assert found_in(WRAPPED[wrapping], WORDS) == {NAME}


@pytest.mark.parametrize("compression", ["snappy", "zstd"])
def test_the_search_reads_parquet(tmp_path, compression):
    frame = pd.DataFrame({"a": ["x"] * 500 + [NAME], "b": range(501)})
    frame.to_parquet(tmp_path / "a.parquet", compression=compression)
    assert files_with(tmp_path, WORDS) == {"a.parquet": {NAME}}


def test_all_twenty_are_in_the_exports(finished):
    hits = files_with(finished.client.raw, WORDS)
    assert set().union(*hits.values()) == set(WORDS)


def test_none_is_in_any_report(finished):
    written = [path for path in finished.folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in written} >= {".parquet", ".json", ".ipynb", ".html"}
    assert files_with(finished.client.root / "reports", WORDS) == {}


def test_no_comment_is_quoted_anywhere(finished):
    """Pages, tables, notebooks, logs and kept sheets hold themes of comments and no text."""
    hits = files_with(finished.client.raw, COMMENTS)
    assert set().union(*hits.values()) == set(COMMENTS)
    themes = pd.read_parquet(finished.folder / "canonical" / "comments.parquet")["themes"]
    assert themes.str.contains("parking").any()
    assert files_with(finished.client.root / "reports", COMMENTS) == {}


def test_what_is_passed_on_names_nobody_but_lecturers_of_alerts(finished):
    people: dict[str, set[str]] = {}
    for name, table in TABLES.items():
        path = finished.folder / "canonical" / f"{name}.parquet"
        columns = [c for c, spec in table.columns.items() if spec.kind == "person"]
        for column in columns if path.is_file() else []:
            given = pd.read_parquet(path, columns=[column])[column].dropna()
            for pseudonym in given.unique():
                people.setdefault(pseudonym, set()).add(column)
    assert len(people) > 100
    sheets = {"alerts.csv", "alerts.json", "alerts_to_decide.xlsx", "actions_to_decide.xlsx"}
    alerts = {*sheets, "monitoring.html"}  # the page offers its list of alerts for download
    for path in (p for f in ("zh", "en") for p in (finished.folder / f).rglob("*.*")):
        named = matches_in(path.read_bytes(), "[0-9a-f]{32}") & set(people)
        assert not named or path.name in alerts, path.name
        assert all("lecturer_id" in people[pseudonym] for pseudonym in named)
