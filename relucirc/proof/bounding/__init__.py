"""Bounding: branch and bound over hinges, in which floats propose and rationals decide."""
