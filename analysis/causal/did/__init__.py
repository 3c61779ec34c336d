"""Difference in differences: group-time effects, aggregates and the estimators beside them."""
