"""Weeks, months, quarters, half-years and years, each beside the one before."""
