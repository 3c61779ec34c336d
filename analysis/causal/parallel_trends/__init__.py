"""Parallel trends: tested before training, and bounded where they may fail."""
