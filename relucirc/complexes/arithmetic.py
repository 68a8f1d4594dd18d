# ruff: noqa: ANN001, ANN201, ANN202, ARG001
# (Compiled functions: numba infers their types, and those it dispatches on share a signature.)
"""Two number systems for the compiled walk: int64 with a check of sizes, float64 with error bounds.

*Integers*: rays and rows in int64, with a float64 estimate of every result's size; anything that
might not fit is not certified.  Zeros are exact, which small integer weights, degenerate by nature,
want.  *Balls*: rays and rows in float64, each with a bound on its distance (max-norm) from the exact
value.

The bounds (u = 2^-53, d entries per vector, all quantities by absolute value):

* ``z = p . r`` with p known to ``a`` and r to ``e``: the error is at most
  ``sum|p| e + a sum|r| + d a e + (d + 2) u sum|p_i r_i|``.
* a new ray ``zp q - zq p`` with errors ``dp, dq`` of the values and ``ep, eq`` of the rays: at most
  ``zp eq + dp |q| + dp eq + zq ep + dq |p| + dq ep + 4 u (zp |q| + zq |p|)``.
* a row of the next layer ``b + sum w_j r_j``: ``sum w_j a_j + (m + 4) u (|b| + sum |w_j r_j|)``,
  where m is the number of terms; two of the four are for weights rounded to float64.

Every bound is inflated by 1 % for its own rounding.  Underflow cannot hide an error: rays are
rescaled by powers of two to a largest entry near 1, and values below 1e-200 are never certified.
Overflow gives an infinite bound or no number at all, and neither passes a comparison.
The proofs are in docs/regions.md.
"""

import math
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload

from relucirc.complexes.refinement import INFLATE, TINY, UNIT, refine

LIMIT = 2.0**61
REFINE = 2.0**-43
"""Rays with a larger error bound are refined."""


def value_of(row, row_error, ray, ray_error) -> Any:
    """Returns ``row . ray`` and a bound on its error, infinite where an integer might not fit."""
    raise AssertionError("compiled only")


def _integer_value(row, row_error, ray, ray_error):
    total, size = np.int64(0), 0.0
    for i in range(row.shape[0]):
        total += row[i] * ray[i]
        size += abs(float(row[i])) * abs(float(ray[i]))
    return total, np.inf if size > LIMIT else 0.0


def _ball_value(row, row_error, ray, ray_error):
    d = row.shape[0]
    total, products, row_size, ray_size = 0.0, 0.0, 0.0, 0.0
    for i in range(d):
        product = row[i] * ray[i]
        total += product
        products += abs(product)
        row_size += abs(row[i])
        ray_size += abs(ray[i])
    error = row_size * ray_error + row_error * ray_size + d * row_error * ray_error + (d + 2) * UNIT * products
    return total, INFLATE * error + TINY


@overload(value_of)
def _choose_value(row, row_error, ray, ray_error):
    return _integer_value if isinstance(row.dtype, types.Integer) else _ball_value


def new_ray(p, ep, zp, dp, q, eq, zq, dq, out) -> Any:
    """Writes the ray between two adjacent ones; returns its error, infinite where it does not fit."""
    raise AssertionError("compiled only")


def _integer_ray(p, ep, zp, dp, q, eq, zq, dq, out):
    divisor = np.int64(0)
    for i in range(p.shape[0]):
        if abs(float(zp)) * abs(float(q[i])) + abs(float(zq)) * abs(float(p[i])) > LIMIT:
            return np.inf
        value = zp * q[i] - zq * p[i]
        out[i] = value
        a, b = divisor, abs(value)
        while b:
            a, b = b, a % b
        divisor = a
    if divisor > 1:
        for i in range(p.shape[0]):
            out[i] //= divisor
    return 0.0


def _ball_ray(p, ep, zp, dp, q, eq, zq, dq, out):
    largest, size_p, size_q = 0.0, 0.0, 0.0
    for i in range(p.shape[0]):
        out[i] = zp * q[i] - zq * p[i]
        largest = max(largest, abs(out[i]))
        size_p = max(size_p, abs(p[i]))
        size_q = max(size_q, abs(q[i]))
    low = abs(zq)
    error = zp * eq + dp * size_q + dp * eq + low * ep + dq * size_p + dq * ep + 4 * UNIT * (zp * size_q + low * size_p)
    error = INFLATE * error + TINY
    if not (largest > 1e-100 and largest < 1e100):
        return np.inf
    _, exponent = math.frexp(largest)
    scale = math.ldexp(1.0, -exponent)
    for i in range(p.shape[0]):
        out[i] *= scale
    return error * scale


@overload(new_ray)
def _choose_ray(p, ep, zp, dp, q, eq, zq, dq, out):
    return _integer_ray if isinstance(p.dtype, types.Integer) else _ball_ray


def settled(ray, error, mask, rows, row_errors, normals, normal_errors, work) -> Any:
    """Refines a ball that has grown too far."""
    raise AssertionError("compiled only")


def _integer_settled(ray, error, mask, rows, row_errors, normals, normal_errors, work):
    return error


def _ball_settled(ray, error, mask, rows, row_errors, normals, normal_errors, work):
    if error < REFINE:
        return error
    return refine(ray, error, mask, rows, row_errors, normals, normal_errors, work)


@overload(settled)
def _choose_settled(ray, error, mask, rows, row_errors, normals, normal_errors, work):
    return _integer_settled if isinstance(ray.dtype, types.Integer) else _ball_settled


@njit(cache=True, error_model="numpy")
def enter_layer(weights, start, width, below, rows, errors, signs, exact):
    """Works out the rows of the layer that begins at ``start``; False where one might overflow."""
    d = rows.shape[1]
    under = start - below
    for i in range(width):
        w = weights[start + i]
        bound, largest = 0.0, 0.0
        terms = 0
        for j in range(below):
            if signs[under + j] > 0 and w[j + 1] != 0:
                terms += 1
                bound += abs(float(w[j + 1])) * errors[under + j]
        for c in range(d):
            value = w[0] if c == 0 else w[0] - w[0]
            size = abs(float(value))
            for j in range(below):
                if signs[under + j] > 0 and w[j + 1] != 0:
                    value += w[j + 1] * rows[under + j, c]
                    size += abs(float(w[j + 1])) * abs(float(rows[under + j, c]))
            rows[start + i, c] = value
            largest = max(largest, size)
        if exact:
            if largest > LIMIT:
                return False
        else:
            errors[start + i] = INFLATE * (bound + (terms + 4) * UNIT * largest) + TINY
    return True
