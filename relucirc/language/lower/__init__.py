"""Lowering: networks, formulas and JAX functions become graphs over affine forms."""
