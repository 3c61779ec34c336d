"""Causal effects of training waves."""
