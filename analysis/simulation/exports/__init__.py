"""A world written out as the raw files that clients send, with their dirt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from analysis.simulation.exports import (
    customer_files,
    programme_files,
    record_files,
    staff_files,
)
from analysis.simulation.exports.persons import CANARIES
from analysis.simulation.world import World

WRITERS: Mapping[str, Callable[[World, Path], None]] = {
    "sites": customer_files.write_sites,
    "staff": staff_files.write_roster,
    "waves": staff_files.write_waves,
    "enrolments": staff_files.write_enrolments,
    "reactions": staff_files.write_reactions,
    "assessments": staff_files.write_assessments,
    "test_answers": staff_files.write_test_answers,
    "ratings": staff_files.write_ratings,
    "surveys": customer_files.write_surveys,
    "comments": customer_files.write_comments,
    "invitations": customer_files.write_invitations,
    "tickets": customer_files.write_tickets,
    "fees": customer_files.write_fees,
    "contracts": customer_files.write_contracts,
    "crm_usage": customer_files.write_crm_usage,
    "costs": programme_files.write_costs,
    "milestones": programme_files.write_plans,
    "lecturers": record_files.write_lecturers,
    "appeals": record_files.write_appeals,
    "documents": record_files.write_documents,
    "skill_use": record_files.write_skill_use,
    "coaching": record_files.write_coaching,
    "reply_reports": record_files.write_reply_reports,
    "task_scores": record_files.write_task_scores,
    "needs_asked": record_files.write_needs_asked,
    "attributions": record_files.write_attributions,
    "events": record_files.write_events,
}
"""What writes each canonical table; milestones, risks and actions share one workbook."""


def write_exports(world: World, folder: Path) -> list[Path]:
    """Write a world as raw exports.

    Parameters
    ----------
    world : World
        Any world; tables it does not have give no file.
    folder : Path
        Where to write, usually ``data/<client>/raw``; made when missing.

    Returns
    -------
    list of Path
        The files of the folder, sorted.

    Notes
    -----
    The files hold names and phone numbers of made-up people, among them
    :data:`CANARIES`. Equal worlds give equal bytes.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for table, write in WRITERS.items():
        if table in world.tables:
            write(world, folder)
    return sorted(path for path in folder.rglob("*") if path.is_file())


__all__ = ["CANARIES", "WRITERS", "write_exports"]
