"""Exact polyhedral geometry and linear algebra: cones by double description, Farkas multipliers, rows, relations."""
