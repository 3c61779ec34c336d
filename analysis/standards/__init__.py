"""What a programme is held to: lines, alert lines, gates, goals of quarters, documents.

None of it stands in code. The source documents' values are ready-made sets
(``analysis/standards/sets/*.yml``); a client file names one and draws its own lines beside it.
"""

from analysis.standards.lines import (
    DEFAULT,
    SECTIONS,
    Document,
    Drawn,
    Lines,
    Name,
    course,
    measures,
    merged,
    names,
    ready_made,
    resolved,
    set_names,
    whole,
)

__all__ = [
    "DEFAULT",
    "SECTIONS",
    "Document",
    "Drawn",
    "Lines",
    "Name",
    "course",
    "measures",
    "merged",
    "names",
    "ready_made",
    "resolved",
    "set_names",
    "whole",
]
