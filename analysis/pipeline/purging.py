"""Purging a person, a run or a whole client, with a receipt."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from analysis import history, manifest, newest
from analysis.client import Client, load, no_client
from analysis.errors import InputError, RunError
from analysis.file_names import listed
from analysis.files import DRAWN, project_root, remove
from analysis.ingest import clearing, left_out, person, receipts, run
from analysis.ingest.privacy import Pseudonyms
from analysis.ingest.receipts import ByHand, Receipt, Removed
from analysis.newest import LINK, POINTER
from analysis.pipeline import folders
from analysis.pipeline.redaction import drop_prints, redact
from analysis.pipeline.steps import LOOKED_BACK, Setting, write_portfolio

OUTSIDE = ("systems", "copies", "backups", "shared", "browsers")
"""Where copies may lie that no program of this project can reach; sentences of the catalogue."""

_SHORTEST = 6
"""Signs of a number, or of a word of Latin letters, that does not stand everywhere."""


def purge_person(
    client: str, identifier: str, *, exports: bool = True, root: Path | None = None
) -> tuple[Path, Receipt]:
    """Take a person out of everything the project keeps, and out of every later import.

    Exports, decisions, histories, the canonical tables, results, pages, notebooks and workbooks of
    every run, and standalone copies. What was computed with the person is stale: the receipt names
    those runs. A purge that was killed goes on where it stopped.

    Parameters
    ----------
    client : str
        Folder name under ``data/``.
    identifier : str
        The person as any export writes it.
    exports : bool
        Clear the exports under ``raw/`` too; False lists their rows to be cleared by hand.
    root : Path, optional
        Project root.

    Returns
    -------
    Path, Receipt
        Where the receipt lies, and what it says.

    Raises
    ------
    InputError
        When the client file has faults or the key does not fit, so that nobody could be found.
    RunError
        When another process runs this client.
    """
    root = (root or project_root()).resolve()
    opened = load(client, root)
    key = person.key_to_look(opened)
    who = person.the_person(opened, identifier, key)
    if not who.spelled:
        raise RunError(
            f"No column of people of {client} can hold what was typed, so nobody was sought. "
            "Correct: the person as an export writes it (staff number, room, phone, name)."
        )
    with folders.only_one_run(root / "reports" / client):
        wanted = _receipt(client, "person", pseudonyms=tuple(who.pseudonyms))
        path, receipt = _begun(root, wanted)
        receipt.earlier = _earlier(root, receipt)
        kept_out = left_out.with_people(opened, who.spelled)
        receipt.list_id = kept_out.list_id
        receipt.by_hand = []
        receipt.outside += [t for t in _databases(opened) if t not in receipt.outside]
        receipt.save(path)
        kept = [root / "reports" / client / name for name in (newest.SHEETS, newest.REMEMBERED)]
        for copied in (*kept, opened.folder / DRAWN):
            if copied.is_dir():
                _take_away(root, copied, receipt, path)
        _clear_exports(opened, receipt, path, key, who, exports=exports)
        _clear_files(root, opened, receipt, path, who.pseudonyms)
        receipt.by_hand += _other_runs(opened, key)
        words = [identifier.strip(), *(value for value, _ in who.spelled)]
        told = {entry.path for entry in receipt.by_hand}
        for found in clearing.mentions(opened.folder, _telling(words)):
            name = found.relative_to(root).as_posix()
            if name not in told:
                receipt.by_hand.append(ByHand(name, "mentioned"))
        return path, _ended(receipt, path)


def purge_run(client: str, run_id: str, *, root: Path | None = None) -> tuple[Path, Receipt]:
    """Remove one run, what was copied from it and remembered, and its day of the history.

    A purge that was killed goes on where it stopped, also after the run itself went.

    Parameters
    ----------
    client : str
        Folder name under ``data/``.
    run_id : str
        Name of the run's folder, also of one that looked back.

    Raises
    ------
    RunError
        When there is no such run, or another process runs this client.
    """
    root = (root or project_root()).resolve()
    reports = _reports(root, client)
    every = [*reports.glob("*/"), *(reports / LOOKED_BACK).glob("*/*/")]
    found = [f for f in every if f.name == run_id and not f.is_symlink() and _is_run(f)]
    wanted = _receipt(client, "run", run=run_id)
    if not found and _killed(root, wanted) is None:
        names = ", ".join(f.name for f, _ in newest.runs(reports)[:5])
        raise RunError(f"{client} has no run {run_id}. Correct: one of {names or '(none)'}.")
    with folders.only_one_run(reports):
        path, receipt = _begun(root, wanted)
        receipt.save(path)
        for folder in found:
            _take_away(root, folder, receipt, path)
        for home in (reports, *(reports / LOOKED_BACK).glob("*/")):
            _point_anew(home)
        if (remembered := reports / newest.REMEMBERED).is_dir():
            _take_away(root, remembered, receipt, path)
        copied = reports / "standalone"
        if run_id in _text(copied / "made_of.json"):
            _take_away(root, copied, receipt, path)
        for day in listed(history.folder(root, client), "*.json"):
            if run_id in _text(day):
                _take_away(root, day, receipt, path)
        _tell_others(root, client)
        return path, _ended(receipt, path)


def purge_all(client: str, *, root: Path | None = None) -> tuple[Path, Receipt]:
    """Remove a client: its file, exports, locks, decisions, every run and the history.

    A purge that was killed goes on where it stopped. The key and the list of people left out lie
    outside the project and are named in the receipt.

    Parameters
    ----------
    client : str
        Folder name under ``data/`` or ``reports/``.
    """
    root = (root or project_root()).resolve()
    wanted, reports = _receipt(client, "all"), root / "reports" / client
    if _killed(root, wanted) is None:
        reports = _reports(root, client)
    with folders.only_one_run(reports):
        path, receipt = _begun(root, wanted)
        kept = [str(p) for p in _keys(root, client)]
        receipt.outside += [place for place in kept if place not in receipt.outside]
        receipt.save(path)
        held = reports / folders.LOCK
        inside = [p for p in sorted(reports.iterdir()) if p != held]
        for found in [root / "data" / client, *inside]:
            if found.exists() or found.is_symlink():
                _take_away(root, found, receipt, path)
    shutil.rmtree(reports, ignore_errors=True)
    _tell_others(root, client)
    return path, _ended(receipt, path)


def _reports(root: Path, client: str) -> Path:
    reports, data = root / "reports" / client, root / "data" / client
    if not data.is_dir() and not reports.is_dir():
        raise RunError(str(no_client(data / "client.yml")))
    return reports


def _is_run(folder: Path) -> bool:
    return (folder / manifest.FILE_NAME).exists() or (folder / "canonical").is_dir()


def _receipt(
    client: str, what: receipts.What, *, pseudonyms: tuple[str, ...] = (), run: str = ""
) -> Receipt:
    return Receipt(
        client=client,
        what=what,
        on=manifest.now(),
        pseudonyms=pseudonyms,
        run=run,
        outside=list(OUTSIDE),
    )


def _begun(root: Path, wanted: Receipt) -> tuple[Path, Receipt]:
    """Return the receipt of the same purge that was killed, else the one that is wanted."""
    return _killed(root, wanted) or (receipts.new_path(root, wanted.client), wanted)


def _killed(root: Path, wanted: Receipt) -> tuple[Path, Receipt] | None:
    """Return the receipt of the same purge that was killed, and where it lies."""
    alike = _alike(root, wanted)
    return next(((path, found) for path, found in alike if found.state == "begun"), None)


def _earlier(root: Path, wanted: Receipt) -> str:
    """Return the newest receipt of a finished purge that found the same person."""
    done = [
        path.relative_to(root).as_posix()
        for path, found in _alike(root, wanted)
        if found.state == "complete" and found.removed
    ]
    return done[-1] if done else ""


def _alike(root: Path, wanted: Receipt) -> list[tuple[Path, Receipt]]:
    """Return the receipts of the same person, run or client, oldest first."""

    def subject(receipt: Receipt) -> tuple:
        return receipt.what, receipt.pseudonyms, receipt.run

    every = receipts.kept(root, wanted.client)
    return [(path, found) for path, found in every if subject(found) == subject(wanted)]


def _ended(receipt: Receipt, path: Path) -> Receipt:
    receipt.state = "open" if receipt.by_hand else "complete"
    receipt.save(path)
    return receipt


def _clear_exports(
    client: Client,
    receipt: Receipt,
    path: Path,
    key: Pseudonyms,
    who: person.Person,
    *,
    exports: bool,
) -> None:
    def sought() -> Pseudonyms:
        return Pseudonyms(key.key, frozenset(who.pseudonyms))

    is_theirs = person.recogniser(client, who)
    places = run.taken_out(client, sought()).theirs
    if exports and places:
        removed = clearing.clear(client, places, is_theirs)
        receipt.removed += removed
        receipt.save(path)
        places = run.taken_out(client, sought()).theirs if removed else places
    receipt.by_hand += clearing.left(client, places)


def _clear_files(
    root: Path, client: Client, receipt: Receipt, path: Path, pseudonyms: Sequence[str]
) -> None:
    stale = set(receipt.stale)
    for found in _kept_files(root, client):
        kept = history.folder(root, client.id)
        try:
            count = redact(found, pseudonyms, entries=found.is_relative_to(kept))
        except (OSError, ValueError):
            receipt.by_hand.append(ByHand(found.relative_to(root).as_posix(), "unreadable"))
            continue
        if not count:
            continue
        receipt.removed.append(Removed(found.relative_to(root).as_posix(), count))
        run_folder = next((p for p in found.parents if _is_run(p)), None)
        if run_folder is not None:
            stale.add(run_folder.relative_to(root).as_posix())
            if drop_prints(run_folder):
                receipt.removed.append(Removed((run_folder / "*/pdf").relative_to(root).as_posix()))
        receipt.stale = sorted(stale)
        receipt.save(path)


def _kept_files(root: Path, client: Client) -> Iterator[Path]:
    """Yield every file of a client that may hold pseudonyms, and those of all clients."""
    for found in listed(client.folder, "**/*"):
        if not found.is_relative_to(client.raw_folder):
            yield found
    reports = root / "reports"
    for found in listed(reports / client.id, "**/*"):
        linked = any(p.name == LINK and p.is_symlink() for p in found.parents)
        if found.suffix != ".pdf" and not linked:
            yield found
    yield from (p for p in listed(reports) if p.suffix in (".html", ".txt"))


def _databases(client: Client) -> list[str]:
    """Return the databases whose rows stay: they are only read, and who owns them clears them."""
    titles = (s.database.title for s in client.sources if s.database is not None)
    return list(dict.fromkeys(titles))


def _other_runs(client: Client, key: Pseudonyms) -> list[ByHand]:
    """Return the runs of another key or without a readable record: nobody is known there."""
    root = client.folder.parents[1]
    told = {"other_key": "run_other_key", "unreadable": "run_unreadable"}
    return [
        ByHand(folder.relative_to(root).as_posix(), told[state])
        for folder in person.runs_with_tables(client)
        if (state := person.state_of(folder, key.key_id)) in told
    ]


def _telling(words: Sequence[str]) -> list[str]:
    """Return the words that name a person wherever they stand: no short number or word."""

    def tells(word: str) -> bool:
        mixed = any(map(str.isdigit, word)) and any(map(str.isalpha, word))
        return len(word) >= (2 if not word.isascii() else 3 if mixed else _SHORTEST)

    return [word for word in dict.fromkeys(words) if tells(word)]


def _take_away(root: Path, found: Path, receipt: Receipt, path: Path) -> None:
    """Remove a file or folder; the receipt names it first, for who is killed in between."""
    gone = Removed(found.relative_to(root).as_posix())
    if gone not in receipt.removed:
        receipt.removed.append(gone)
    receipt.save(path)
    try:
        remove(found)
    except OSError:
        receipt.removed.remove(gone)
        receipt.save(path)
        raise


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _point_anew(reports: Path) -> None:
    """Let ``latest`` lead to the newest complete run that is left, or to none."""
    left = next((f for f, found in newest.runs(reports) if found.state == "complete"), None)
    pointed = newest.pointed_at(reports)
    if pointed is not None and pointed.name != LINK:
        return  # another run than the one that went
    if left is not None:
        folders.point_latest(reports, left.name)
    else:
        remove(reports / LINK)
        remove(reports / POINTER)


def _tell_others(root: Path, client: str) -> None:
    """Write the page across clients anew, where there is one."""
    if (root / "reports" / "index.html").is_file():
        write_portfolio(Setting(root=root, client=client, values={}))


def _keys(root: Path, client: str) -> list[Path]:
    """Return the key and the list of people left out, which lie outside the project."""
    try:
        opened = load(client, root)
    except InputError:
        return []
    return [p for p in (opened.key_path(), left_out.list_path(opened)) if p and p.exists()]
