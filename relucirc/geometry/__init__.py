"""Exact polyhedral geometry: cones by double description, and Farkas multipliers."""
