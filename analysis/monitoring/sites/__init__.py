"""Each site by itself: what was measured there, against its own past and against its peers."""
