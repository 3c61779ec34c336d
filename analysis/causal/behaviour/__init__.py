"""Rated behaviour: who changed, and whether its sources agree."""
