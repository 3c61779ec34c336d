"""Standard errors, intervals and the rule that says which inference leads."""
