"""Levels 1 and 2 of the training: attendance, reactions, learning, lecturers."""
