"""Doubled keys of a long table are found among the rows that may share theirs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from analysis.client import Duplicates, Source
from analysis.ingest.draft import Draft, Origin
from analysis.ingest.shaping import shape
from analysis.tables import digests

_STRING, _INSTANT = pd.ArrowDtype(pa.string()), pd.ArrowDtype(pa.timestamp("us", tz="UTC"))


def tickets(rule):
    rng = np.random.default_rng(4)
    numbers = pd.array([None if n == 7 else f"T{n}" for n in rng.integers(0, 60, 90)], _STRING)
    days = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 9, 90), unit="D")
    opened = pd.Series(days).mask(rng.random(90) < 0.1).astype(_INSTANT)
    frame = pd.DataFrame({"ticket_id": numbers, "opened_at": opened})
    frame["site_id"] = pd.array(rng.choice(["a", "b"], 90), _STRING)
    source = Source.model_construct(
        table="tickets", duplicates=rule, columns={}, distinct=False, aggregate=None, unpivot=None
    )
    return Draft(
        source=source,
        frame=frame,
        origins=[Origin("a.csv")],
        origin=np.zeros(90, dtype=np.int64),
        row=np.arange(90),
        rows_in=90,
    )


@pytest.mark.parametrize("order_by", [None, "opened_at"])
@pytest.mark.parametrize("keep", ["first", "last", "error"])
def test_a_long_table_is_shaped_like_a_short_one(monkeypatch, keep, order_by):
    rule = Duplicates.model_construct(keep=keep, order_by=order_by, by=[], even_if_different=False)
    short, long = tickets(rule), tickets(rule)
    shape(short)
    monkeypatch.setattr(digests, "_FEW", 0)
    shape(long)
    pd.testing.assert_frame_equal(short.frame, long.frame)
    assert short.left_out == long.left_out
    told = [[(p.fault, p.rows.tolist()) for p in draft.problems] for draft in (short, long)]
    assert told[0] == told[1]
    assert told[0] or order_by  # other rows under an equal number, of which none is the newer


def test_every_row_that_shares_its_key_is_among_the_rows_alike(monkeypatch):
    frame = tickets(None).frame
    assert digests.rows_alike(frame, ["ticket_id"]).tolist() == list(range(90))
    monkeypatch.setattr(digests, "_FEW", 0)
    doubled = frame.duplicated(["ticket_id", "site_id"], keep=False)
    alike = digests.rows_alike(frame, ["ticket_id", "site_id"])
    assert alike.tolist() == np.flatnonzero(doubled).tolist()
