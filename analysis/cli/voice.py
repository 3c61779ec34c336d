"""What the command line says, in the language of the session."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from analysis.settings import Language

LANGUAGES: dict[str, Language] = {"zh": "zh_CN", "en": "en"}


class Voice:
    """Speaks the wording catalogue's section ``cli`` to a terminal."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def text(self, key: str, **params: Any) -> str:
        """Return a sentence by its full key."""
        from analysis import wording

        plain = {name: str(v) if isinstance(v, Path) else v for name, v in params.items()}
        return wording.text(key, self.language, **plain)

    def step(self, name: str) -> str:
        """Return what a step of a run is called."""
        from analysis import wording

        key, told = wording.step_key(name)
        return self.text(key, **told)

    def title(self, indicator: str) -> str:
        """Return what an indicator is called."""
        from analysis import wording

        return wording.indicator_title(indicator, self.language)

    def size(self, value: float, unit: str) -> str:
        """Return the size of a difference with its unit."""
        from analysis import wording

        return wording.format_value(value, "size", self.language, unit=unit)

    def chance(self, value: float) -> str:
        """Write a probability."""
        from analysis import wording

        return wording.format_value(value, "chance", self.language)

    def say(self, key: str, *, err: bool = False, **params: Any) -> None:
        """Print the sentence ``cli.<key>``."""
        click.echo(self.text(f"cli.{key}", **params), err=err)


def print_table(header: list[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table as wide as the terminal lets it be."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*header)
    for row in rows:
        table.add_row(*(cell.replace("[", r"\[") for cell in row))
    Console().print(table)
