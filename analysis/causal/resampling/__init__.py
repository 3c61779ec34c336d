"""Wild cluster bootstrap and randomisation inference."""
