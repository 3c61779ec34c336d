"""The programme: milestones, gates, budget, risks and the cycle of measurement."""
