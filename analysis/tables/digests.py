"""Keys as numbers: whether one can stand twice, found without a look at the keys themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

_FEW = 50_000


def key_digests(frame: pd.DataFrame, key: Sequence[str]) -> np.ndarray:
    """Return a 64-bit number for the key of each row; equal keys have equal ones.

    Parameters
    ----------
    frame : DataFrame
        Columns as Arrow has them.
    key : sequence of str
        Columns of the key; NULL is a value like others.

    Returns
    -------
    ndarray of uint64
        Shape (rows,).
    """
    import duckdb

    rows = pa.table({column: pa.array(frame[column], from_pandas=True) for column in key})
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("rows", rows)
        names = ", ".join(f'"{column}"' for column in key)
        found = connection.execute(f"SELECT hash({names}) AS digest FROM rows").fetchnumpy()
    return np.asarray(found["digest"], dtype=np.uint64)


def may_repeat(frame: pd.DataFrame, key: Sequence[str]) -> bool:
    """Return False where no key stands twice; True says that the rows have to be compared.

    Parameters
    ----------
    frame : DataFrame
        Columns as Arrow has them; short ones are not looked at here.
    key : sequence of str
        Columns of the key.
    """
    return len(frame) < _FEW or any_twice(np.sort(key_digests(frame, key)))


def rows_alike(frame: pd.DataFrame, key: Sequence[str]) -> np.ndarray:
    """Return the positions of the rows whose key may stand twice, in order; of a few rows all.

    Parameters
    ----------
    frame, key
        As of :func:`may_repeat`.

    Returns
    -------
    ndarray of int
        Every row that shares its key with another is among them.
    """
    if len(frame) < _FEW:
        return np.arange(len(frame))
    digests = key_digests(frame, key)
    order = np.argsort(digests, kind="stable")
    same = np.diff(digests[order]) == 0
    return np.sort(order[np.r_[False, same] | np.r_[same, False]])


def any_twice(ordered: np.ndarray) -> bool:
    """Return whether any of some numbers in order stands twice."""
    return bool((ordered[1:] == ordered[:-1]).any())
