"""The estimation frame: what it must hold, and the faults it can have."""
