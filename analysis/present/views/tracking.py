"""How the tables of the tracking report are put before the eye."""
