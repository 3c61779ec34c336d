"""Influence of several outcomes' effects on one set of clusters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.causal.panel.frame import Prepared


def joint_influence(panels: Sequence[Prepared], columns: Sequence[np.ndarray]) -> np.ndarray:
    """Sum each effect's influence by the clusters of all panels together.

    Parameters
    ----------
    panels : sequence of J Prepared
        Units may differ; a unit is the same unit by its label, and clusters that share a unit in
        any panel are one.
    columns : sequence of J (N_j,)
        Influence of one effect on each panel.

    Returns
    -------
    (C, J)
        Zero where an outcome does not know the cluster.
    """
    parent: dict[object, object] = {}

    def root(node: object) -> object:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for j, panel in enumerate(panels):
        for label, code in zip(panel.units, panel.cluster, strict=True):
            parent[root(("unit", str(label)))] = root((j, int(code)))
    place: dict[object, int] = {}
    for panel in panels:
        for label in panel.units:
            place.setdefault(root(("unit", str(label))), len(place))
    total = np.zeros((len(place), len(panels)))
    for j, (panel, column) in enumerate(zip(panels, columns, strict=True)):
        rows = [place[root(("unit", str(label)))] for label in panel.units]
        np.add.at(total[:, j], rows, column)
    return total
