"""Models for counts, ordered answers, ratios and renewals."""
