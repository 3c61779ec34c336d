"""Made-up clients with a known truth: worlds, their truth, and their raw exports."""

from analysis.simulation.demo import write_client, write_demo
from analysis.simulation.exports import CANARIES, write_exports
from analysis.simulation.parameters import (
    DEMO,
    NOTHING_PLANTED,
    PlantedEvents,
    WorldParameters,
    attrition_by_arm,
    fading,
    no_effect,
    one_treated,
    small,
    two_clusters,
)
from analysis.simulation.truth import Truth
from analysis.simulation.world import World, simulate

__all__ = [
    "CANARIES",
    "DEMO",
    "NOTHING_PLANTED",
    "PlantedEvents",
    "Truth",
    "World",
    "WorldParameters",
    "attrition_by_arm",
    "fading",
    "no_effect",
    "one_treated",
    "simulate",
    "small",
    "two_clusters",
    "write_client",
    "write_demo",
    "write_exports",
]
