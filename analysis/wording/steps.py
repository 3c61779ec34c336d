"""What the steps of a run are called."""

from __future__ import annotations

from analysis.manifest import CHAPTER


def step_key(step: str) -> tuple[str, dict[str, str]]:
    """Return the key of a step's name, and what fills it: a client's own chapter has its own."""
    if step.startswith(CHAPTER):
        return "cli.step.chapter", {"name": step.removeprefix(CHAPTER)}
    return f"cli.step.{step}", {}
