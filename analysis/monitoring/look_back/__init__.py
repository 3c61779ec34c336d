"""What was known on a day of the past."""
