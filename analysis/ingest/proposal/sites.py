"""How the exports spell the sites, beside what the list of sites calls them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
from rapidfuzz import fuzz, process

from analysis.ingest.cleaning import close
from analysis.ingest.headers import folded
from analysis.ingest.privacy import looks_personal
from analysis.ingest.proposal.text import Say, quoted, values
from analysis.ingest.readers import RawTable
from analysis.ingest.totals import named_as_total

_MOST_SPELLINGS = 200


@dataclass(frozen=True, slots=True)
class Spellings:
    """Identifiers of the sites by name, and the spellings met that are no identifier.

    ``names`` maps the folded name or identifier to the identifier; empty where no export lists
    the sites.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    met: dict[str, str] = field(default_factory=dict)

    def needed(self, group: Sequence[RawTable], header: str) -> bool:
        """Return whether a column needs aliases; the spellings that are no identifier are kept."""
        identifiers = {close(identifier) for identifier in self.names.values()}
        strange = [v for v in values(group, header) if close(v) not in identifiers]
        of_several = set(named_as_total(pd.Series(strange, dtype=object)))
        strange = [v for v in strange if v not in of_several and not looks_personal(v)]
        if not self.names or not strange or len(strange) > _MOST_SPELLINGS:
            return False
        for spelling in strange:
            self.met.setdefault(folded(spelling), spelling)
        return True

    def block(self, say: Say) -> str:
        """Return ``aliases``: names that are equal are filled in, the others are to be decided.

        The nearest name stands in a comment only: nothing is matched by similarity.
        """
        if not self.met:
            return ""
        lines = [f"aliases:    # {say('aliases')}", "  sites:"]
        for word, spelling in sorted(self.met.items()):
            known = self.names.get(word)
            text = quoted(known) if known else f"DECIDE    # {self._nearest(word, say)}"
            lines.append(f"    {quoted(spelling)}: {text}")
        return "\n".join([*lines, ""])

    def _nearest(self, word: str, say: Say) -> str:
        name, _, _ = process.extractOne(word, list(self.names), scorer=fuzz.WRatio)
        return f"{say('nearest')} {self.names[name]} {name}"


def known_sites(columns: Iterable[tuple[Sequence[RawTable], str, str | None]]) -> Spellings:
    """Return the sites that the exports list.

    Parameters
    ----------
    columns : iterable of tuple
        For each export of sites its tables, the header of the identifier and that of the name.
        A name that two sites share tells neither.
    """
    called: dict[str, set[str]] = {}
    for group, identifier, name in columns:
        for table in group:
            for header in filter(None, (identifier, name)):
                pairs = table.frame[[identifier, header]].dropna()
                for id_, spelling in zip(pairs.iloc[:, 0], pairs.iloc[:, 1], strict=True):
                    called.setdefault(folded(str(spelling)), set()).add(str(id_).strip())
    return Spellings({word: ids.pop() for word, ids in called.items() if len(ids) == 1})
