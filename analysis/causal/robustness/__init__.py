"""What could undo an effect: other variants, placebos, bounds, spill-over, several outcomes."""
