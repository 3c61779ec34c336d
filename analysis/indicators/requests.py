"""Which tickets are requests: the one definition behind every number about waiting."""

from __future__ import annotations

import pandas as pd

NO_REQUEST = ("praise",)
"""Kinds of tickets that nobody waits for; an unknown kind counts as a request."""


def requests(tickets: pd.DataFrame) -> pd.DataFrame:
    """Return the tickets on which a customer waits for something.

    Parameters
    ----------
    tickets : DataFrame
        Canonical table ``tickets``; all rows are kept where it has no ``kind``.
    """
    if "kind" not in tickets:
        return tickets
    return tickets[~tickets["kind"].isin(NO_REQUEST)]
