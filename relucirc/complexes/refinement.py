# ruff: noqa: ANN001, ANN201
# (Compiled functions: numba infers their types, and those it dispatches on share a signature.)
"""Refinement of rays in float64: the error bounds that grow from ray to ray start again.

A ray is the solution of the linear system of the hyperplanes through it.  With an approximate
inverse C of its matrix A, and the residual rho of the approximate solution, the distance to the exact
one is at most ``|C rho| / (1 - |I - C A|)`` in the max-norm, whatever the ray's history (see
Rump, Verification methods, Acta Numerica 2010, section 10).  The proof is in docs/regions.md.
"""

import math

import numpy as np
from numba import njit

UNIT = 2.0**-53
"""Half of the distance between 1 and the next float64."""
INFLATE = 1.01
"""For the rounding of an error bound itself."""
TINY = 1e-200
"""More than all underflow of one result, and far less than anything that matters."""


@njit(cache=True, error_model="numpy")
def refine(ray, error, mask, rows, row_errors, normals, normal_errors, work):
    """Moves a ray closer to the intersection of the hyperplanes through it; returns its new error bound."""
    d = ray.shape[0]
    n = d - 1
    bit0 = normals.shape[0]
    at = 0
    for c in range(d):
        if abs(ray[c]) > abs(ray[at]):
            at = c
    chosen, chosen_errors, reduced, inverse = work  # (limit, d), (limit,), (limit, n), (n, n)
    count = 0
    for b in range(bit0 + rows.shape[0]):
        if mask[b // 64] >> np.uint64(b % 64) & np.uint64(1):
            if count == chosen.shape[0]:
                return error
            source = normals[b] if b < bit0 else rows[b - bit0]
            largest = 0.0
            for c in range(d):
                largest = max(largest, abs(source[c]))
            if not (largest > 1e-100 and largest < 1e300):
                return error
            _, exponent = math.frexp(largest)
            scale = math.ldexp(1.0, -exponent)
            for c in range(d):
                chosen[count, c] = source[c] * scale
                if c != at:
                    reduced[count, c - (c > at)] = chosen[count, c]
            chosen_errors[count] = (normal_errors[b] if b < bit0 else row_errors[b - bit0]) * scale + TINY
            count += 1
    # Gauss-Jordan elimination with row pivoting picks n independent rows and inverts them.
    for s in range(n):
        pivot = s
        for i in range(s, count):
            if abs(reduced[i, s]) > abs(reduced[pivot, s]):
                pivot = i
        if s >= count or abs(reduced[pivot, s]) < 1e-9:
            return error
        for c in range(d):
            chosen[s, c], chosen[pivot, c] = chosen[pivot, c], chosen[s, c]
        for c in range(n):
            reduced[s, c], reduced[pivot, c] = reduced[pivot, c], reduced[s, c]
        chosen_errors[s], chosen_errors[pivot] = chosen_errors[pivot], chosen_errors[s]
        for i in range(s + 1, count):
            factor = reduced[i, s] / reduced[s, s]
            for c in range(s, n):
                reduced[i, c] -= factor * reduced[s, c]
    for i in range(n):
        for c in range(d):
            if c != at:
                reduced[i, c - (c > at)] = chosen[i, c]
        for j in range(n):
            inverse[i, j] = 1.0 if i == j else 0.0
    for s in range(n):
        pivot = s
        for i in range(s, n):
            if abs(reduced[i, s]) > abs(reduced[pivot, s]):
                pivot = i
        for c in range(n):
            reduced[s, c], reduced[pivot, c] = reduced[pivot, c], reduced[s, c]
            inverse[s, c], inverse[pivot, c] = inverse[pivot, c], inverse[s, c]
        factor = 1.0 / reduced[s, s]
        for c in range(n):
            reduced[s, c] *= factor
            inverse[s, c] *= factor
        for i in range(n):
            if i != s:
                factor = reduced[i, s]
                for c in range(n):
                    reduced[i, c] -= factor * reduced[s, c]
                    inverse[i, c] -= factor * inverse[s, c]
    moved = reduced[0]  # n numbers of room: the new coordinates other than ``at``
    for j in range(n):
        moved[j] = ray[j + (j >= at)]
    for i in range(n):
        residual = 0.0
        for c in range(d):
            residual += chosen[i, c] * ray[c]
        for j in range(n):
            moved[j] -= inverse[j, i] * residual
    size = abs(ray[at])
    for j in range(n):
        size += abs(moved[j])
    beta, bound = 0.0, 0.0
    for j in range(n):
        row_beta, row_bound = 0.0, 0.0
        for k in range(n):
            product, products, spread = 0.0, 0.0, 0.0
            for i in range(n):
                term = inverse[j, i] * chosen[i, k + (k >= at)]
                product += term
                products += abs(term)
                spread += abs(inverse[j, i]) * chosen_errors[i]
            row_beta += abs((1.0 if j == k else 0.0) - product) + (n + 3) * UNIT * products + spread + UNIT
        for i in range(n):
            residual, products = chosen[i, at] * ray[at], abs(chosen[i, at] * ray[at])
            for k in range(n):
                term = chosen[i, k + (k >= at)] * moved[k]
                residual += term
                products += abs(term)
            row_bound += abs(inverse[j, i]) * (
                abs(residual) + (d + 3) * UNIT * products + chosen_errors[i] * size + TINY
            )
        if not (row_beta < 0.5 and row_bound < 1.0):  # also where either is no number
            return error
        beta = max(beta, row_beta)
        bound = max(bound, row_bound)
    refined = INFLATE * INFLATE * bound / (1.0 - INFLATE * beta) + TINY
    if not refined < error:
        return error
    for j in range(n):
        ray[j + (j >= at)] = moved[j]
    return refined
