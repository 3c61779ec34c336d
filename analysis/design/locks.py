"""What was fixed before results were seen, kept with its history, and what differs from it now.

A lock holds versions. The first is what was promised; a later one needs a reason. Contents are
JSON objects of objects: ``{part: value}`` or ``{part: {item: {leaf: value}}}``.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import pandas as pd

from analysis.errors import DesignError
from analysis.results import Check, StageResults, Topic, collect

Kind = Literal["plan", "baseline"]
KINDS: tuple[Kind, ...] = ("plan", "baseline")
CHECKS: Mapping[Kind, str] = {"plan": "plan_lock", "baseline": "baseline_seal"}
"""Identifier of the check that every later stage carries, by what was locked."""
COLUMNS = ["lock", "part", "item", "leaf", "locked", "now", "since", "reason"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One sealed state.

    Attributes
    ----------
    locked_on : str
        ISO date.
    by : str
        Who locked it.
    reason : str
        Why a version after the first was needed; empty for the first.
    simulated : bool
        Whether the date is made up together with the client.
    hash : str
        SHA-256 of the canonical JSON of ``content``.
    content : Mapping
        What was fixed; JSON values only.
    """

    locked_on: str
    by: str
    hash: str
    content: Mapping[str, Any]
    reason: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Lock:
    """All versions of what was locked, the first one first."""

    kind: Kind
    versions: tuple[Version, ...]

    @property
    def first(self) -> Version:
        """What was promised."""
        return self.versions[0]

    @property
    def current(self) -> Version:
        """The version that holds."""
        return self.versions[-1]

    @property
    def intact(self) -> bool:
        """Whether every version still has the hash it was sealed with."""
        return all(fingerprint(version.content) == version.hash for version in self.versions)

    def to_json(self) -> str:
        """Return the lock as a file's text; equal locks give equal bytes."""
        body = {"kind": self.kind, "versions": [asdict(version) for version in self.versions]}
        return json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def from_json(text: str) -> Lock:
    """Rebuild what :meth:`Lock.to_json` wrote.

    Raises
    ------
    DesignError
        When the text is no lock.
    """
    try:
        body = json.loads(text)
        return Lock(body["kind"], tuple(Version(**version) for version in body["versions"]))
    except (ValueError, KeyError, TypeError) as error:
        raise DesignError(
            f"This is no lock ({error}). Correct: restore the file that crmeval lock wrote."
        ) from error


def fingerprint(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a content's canonical JSON."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def seal(
    kind: Kind,
    content: Mapping[str, Any],
    *,
    on: dt.date,
    by: str,
    again: str = "",
    before: Lock | None = None,
    simulated: bool = False,
) -> Lock:
    """Seal a content, as the first version or as one more.

    Parameters
    ----------
    kind : {"plan", "baseline"}
        What is sealed.
    content : Mapping
        JSON values only.
    on : date
        Day of the lock.
    by : str
        Who locks.
    again : str
        Why it is locked again; needed when ``before`` is given.
    before : Lock, optional
        The lock that stands.
    simulated : bool
        Whether the date is made up.

    Raises
    ------
    DesignError
        When a lock stands and no reason is given, or a reason is given and none stands.
    """
    if before is not None and not again.strip():
        raise DesignError(
            f"The {kind} was locked on {before.current.locked_on}; a lock is not overwritten. "
            "Correct: give the reason for a new version, --again 'wave 2 moved to May'."
        )
    if before is None and again:
        raise DesignError(f"No {kind} was locked yet. Correct: lock it without --again.")
    body = json.loads(json.dumps(content))
    version = Version(
        locked_on=on.isoformat(),
        by=by,
        reason=again.strip(),
        simulated=simulated,
        hash=fingerprint(body),
        content=body,
    )
    return Lock(kind, (*(before.versions if before else ()), version))


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> pd.DataFrame:
    """List what differs between two contents.

    Returns
    -------
    DataFrame
        One row per difference: ``part, item, leaf`` (empty where the content has no such depth),
        ``locked, now`` as JSON text; ``""`` where the item is on one side only.
    """
    rows = list(_differences(then, now))
    return pd.DataFrame(rows, columns=["part", "item", "leaf", "locked", "now"], dtype=object)


def _differences(then: Mapping, now: Mapping) -> Iterator[tuple[str, str, str, str, str]]:
    for part in sorted(set(then) | set(now)):
        old, new = then.get(part), now.get(part)
        if isinstance(old or new, Mapping):
            old, new = old or {}, new or {}
        if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
            if old != new:
                yield part, "", "", json.dumps(old), json.dumps(new)
            continue
        for item in sorted(set(old) | set(new)):
            a, b = old.get(item), new.get(item)
            if a == b:
                continue
            if not (isinstance(a, Mapping) and isinstance(b, Mapping)):
                yield part, item, "", _text(a, item in old), _text(b, item in new)
                continue
            for leaf in sorted(set(a) | set(b)):
                if a.get(leaf) != b.get(leaf):
                    yield part, item, leaf, json.dumps(a.get(leaf)), json.dumps(b.get(leaf))


def _text(value: Any, present: bool) -> str:
    return "" if not present else json.dumps(value) if not isinstance(value, Mapping) else "{}"


def assess_lock(
    kind: Kind,
    lock: Lock | None,
    now: Mapping[str, Any] | None,
    *,
    first_start: dt.date | None = None,
    seen: pd.DataFrame | None = None,
    today: dt.date | None = None,
) -> StageResults:
    """Compare what stands now with what was locked.

    Parameters
    ----------
    kind : {"plan", "baseline"}
        What was to be locked.
    lock : Lock, optional
        None when nothing was.
    now : Mapping, optional
        Content as it stands; not needed without a lock.
    first_start : date, optional
        First training day; a first lock after it is a caution.
    seen : DataFrame, optional
        Table ``deviations`` of the last complete report: a deviation that was in it keeps
        the day since which it is known.
    today : date, optional
        Since when new deviations are known.

    Returns
    -------
    StageResults
        Check ``plan_lock`` or ``baseline_seal``; table ``deviations`` (:data:`COLUMNS`): a row a
        difference from the version that holds, and one for each difference between
        versions, which has a ``reason``.
    """
    check = Check(
        id=CHECKS[kind],
        topic=Topic.LOCK,
        question=f"locks.{kind}.question",
        status="passed",
        dims={"lock": kind},
    )
    if lock is None:
        open_ = {"reason": f"locks.{kind}.none", "remedy": f"locks.{kind}.remedy"}
        return _result(replace(check, status="caution", **open_), pd.DataFrame(columns=COLUMNS))
    late = first_start is not None and dt.date.fromisoformat(lock.first.locked_on) >= first_start
    changed = _since(differences(lock.current.content, now or {}), seen, today)
    rows = pd.concat([changed, _amendments(lock)], ignore_index=True).assign(lock=kind)[COLUMNS]
    params = {
        "locked_on": lock.first.locked_on,
        "again_on": lock.current.locked_on,
        "first_start": None if first_start is None else first_start.isoformat(),
        "hash": lock.current.hash[:12],
        "changed": len(changed),
        "amended": len(rows) - len(changed),
        "versions": len(lock.versions),
        "simulated": lock.first.simulated,
        "late": late,
    }
    if not lock.intact:
        state, reason = "failed", "edited"
    elif len(changed):
        state, reason = "failed", "changed"
    elif len(lock.versions) > 1:
        state, reason = "caution", "amended"
    else:
        state, reason = ("caution", "late") if late else ("passed", "kept")
    return _result(
        replace(
            check,
            status=state,
            reason=f"locks.{kind}.{reason}",
            remedy=_REMEDIES.get(reason),
            params=params,
        ),
        rows,
    )


_REMEDIES = {"edited": "locks.remedy", "changed": "locks.remedy", "late": "locks.remedy_late"}


def _result(check: Check, rows: pd.DataFrame) -> StageResults:
    return collect("locks", [check], tables={"deviations": rows.astype(object)})


def _since(changed: pd.DataFrame, seen: pd.DataFrame | None, today: dt.date | None) -> pd.DataFrame:
    keys = ["part", "item", "leaf", "now"]
    known = {}
    if seen is not None and len(seen):
        rows = seen[seen["reason"] == ""]
        known = {tuple(row[keys]): row["since"] for _, row in rows.iterrows()}
    day = "" if today is None else today.isoformat()
    since = [known.get(tuple(row[keys]), day) for _, row in changed.iterrows()]
    return changed.assign(since=since, reason="")


def _amendments(lock: Lock) -> pd.DataFrame:
    parts = [
        differences(old.content, new.content).assign(since=new.locked_on, reason=new.reason)
        for old, new in zip(lock.versions, lock.versions[1:], strict=False)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
