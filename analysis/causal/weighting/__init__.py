"""Weights that make comparison sites alike before comparing."""
