"""What is said: networks, formulas, domains, claims, and the ways in from SymPy and JAX."""
