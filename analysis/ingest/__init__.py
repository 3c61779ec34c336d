"""Raw exports of a client become canonical tables here."""
