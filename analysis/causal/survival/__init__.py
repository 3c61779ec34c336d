"""Times to an event, with what is still open censored."""
