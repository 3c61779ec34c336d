"""Estimators for roll-outs whose timing was drawn by lot."""
