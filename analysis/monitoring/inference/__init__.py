"""Tests of noisy shares and means, right at every look."""
