"""``crmeval``: the command line a consultant uses.

Only :mod:`click` is imported at the top, so that ``crmeval --help`` answers at once.
"""

from analysis.cli import clients, outputs, people, runs
from analysis.cli.ends import told_in_one_line
from analysis.cli.group import main
from analysis.cli.voice import LANGUAGES, Voice

__all__ = ["LANGUAGES", "Voice", "clients", "main", "outputs", "people", "runs", "told_in_one_line"]
