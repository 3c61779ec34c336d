"""One client opened for one stage, with its locks and its earlier runs."""
