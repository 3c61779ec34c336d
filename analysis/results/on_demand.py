"""Stored tables of a stage, each read when somebody asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import StoredFileError
from analysis.keywords import meant

if TYPE_CHECKING:
    import pandas as pd


class StoredTables(Mapping[str, "pd.DataFrame"]):
    """Tables by name; of the hundred or more of a stage most readers ask for a few.

    Parameters
    ----------
    stage : str
        Whose tables they are.
    files : Mapping of str to Path
        Parquet file by the name of its table.

    Raises
    ------
    StoredFileError
        When a table is asked for whose file is damaged.
    """

    def __init__(self, stage: str, files: Mapping[str, Path]) -> None:
        self.stage = stage
        self._files = dict(files)
        self._read: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._read:
            if name not in self._files:
                raise KeyError(f"no table of {self.stage} under {name!r}{meant(name, self)}")
            self._read[name] = _frame(self._files[name])
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def get(self, name: str, default: Any = None) -> Any:
        """Return a table, or ``default`` where there is none, without looking for near names."""
        known = name in self
        return self[name] if known else default

    def __reduce__(self) -> tuple[Any, ...]:
        """Take the tables along: their files may be gone where somebody reads them again."""
        return dict, (dict(self),)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)


def _frame(path: Path) -> pd.DataFrame:
    import pyarrow.parquet as pq

    try:
        # pandas reads a data set of files, by threads, which for small ones takes twice as long.
        with pq.ParquetFile(path) as file:
            return file.read(use_threads=False).to_pandas()
    except (OSError, ValueError) as error:
        raise StoredFileError(path) from error
