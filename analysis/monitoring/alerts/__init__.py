"""Alerts: their rules, their history across runs, and what to do first."""
