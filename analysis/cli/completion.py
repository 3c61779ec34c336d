"""What Tab offers after a command: the clients there are, and the stages."""

from __future__ import annotations

import click


def known_clients(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Return the clients whose name begins so; none where there is no project."""
    from analysis.errors import RunError
    from analysis.files import project_root

    try:
        data = project_root() / "data"
    except RunError:
        return []
    found = sorted(path.parent.name for path in data.glob("*/client.yml"))
    return [name for name in found if name.startswith(begun)]


def known_stages(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Return the stages whose name begins so, in the order they run."""
    from analysis.parameters import STAGES

    return [stage.name for stage in STAGES if stage.name.startswith(begun)]
