"""Which step of a stage gets which table: one module per stage."""
