"""Control charts, their limits and their run rules."""
