# ruff: noqa: ANN001, ANN002, ANN201, ANN202, ARG001
# (Compiled functions: numba infers their types, and those it dispatches on share a signature.)
"""The compiled walk: the whole tree in machine arithmetic, certified leaf by leaf.

One walk in two number systems.  A sign is certified when the value is an exact integer or is farther
from zero than its error bound.  A cell with an uncertain sign is put aside, to be walked in the next
number system: integers, then balls, then exact integers of any size.  Which rays are adjacent is read
off bit masks, which certified signs alone have set.

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

A ball whose bound has grown too far is *refined*: the ray is the solution of the linear system of the
hyperplanes through it, and with an approximate left inverse C of its matrix A, and the residual rho of the
approximate solution, the distance to the exact one is at most ``|C rho| / (1 - |I - C A|)`` in the
max-norm, whatever the ray's history (Rump, Verification methods, Acta Numerica 2010, section 10).

Every bound is inflated by 1 % for its own rounding.  Underflow cannot hide an error: rays are
rescaled by powers of two to a largest entry near 1, and values below 1e-200 are never certified.
Overflow gives an infinite bound or no number at all, and neither passes a comparison.
The proofs are in docs/regions.md.

All of it is one file because numba's cache of compiled code watches only the file of the function that
was called: with the arithmetic elsewhere, an edit there would leave the old code in use.
"""

import math
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload

UNIT = 2.0**-53
"""Half of the distance between 1 and the next float64."""
INFLATE = 1.01
"""For the rounding of an error bound itself."""
TINY = 1e-200
"""More than all underflow of one result, and far less than anything that matters."""
LIMIT = 2.0**61
"""Integers up to this size are certainly exact: their float estimates are off by far less than a factor of 2."""
REFINE = 2.0**-43
"""Rays with a larger error bound are refined."""
MAX_RAYS = 4096
"""Cells with this many rays or more are left to the exact walk."""

FACETS, VERTICES = 0, 1
"""What :func:`run` lists for every leaf."""


def compiled(function) -> Any:
    """Compiles a function at its first call, and keeps the result where numba finds a folder that it can write."""
    try:
        return njit(cache=True, error_model="numpy", nogil=True)(function)
    except RuntimeError:  # no such folder
        return njit(error_model="numpy", nogil=True)(function)


def either(integers, balls) -> Any:
    """A function that numba compiles as one of two, by what the first array holds."""

    def function(*args):
        raise AssertionError("compiled only")

    @overload(function, strict=False)
    def _choose(*args):
        return integers if isinstance(args[0].dtype, types.Integer) else balls

    return function


@compiled
def _popcount(x):
    count = 0
    while x:
        x &= x - np.uint64(1)
        count += 1
    return count


@compiled
def refine(ray, error, mask, rows, row_errors, normals, normal_errors):
    """Moves a ray closer to the intersection of the hyperplanes through it; returns its new error bound."""
    d = ray.shape[0]
    n = d - 1
    bit0 = normals.shape[0]
    count = 0
    for w in range(mask.shape[0]):
        count += _popcount(mask[w])
    planes, errors = np.empty((count, d)), np.empty(count)
    count = 0
    for b in range(bit0 + rows.shape[0]):
        if mask[b // 64] >> np.uint64(b % 64) & np.uint64(1):
            source = normals[b] if b < bit0 else rows[b - bit0]
            largest = np.abs(source).max()
            if not (largest > 1e-100 and largest < 1e300 and np.isfinite(source).all()):
                return error
            _, exponent = math.frexp(largest)
            scale = math.ldexp(1.0, -exponent)
            planes[count] = source * scale
            errors[count] = (normal_errors[b] if b < bit0 else row_errors[b - bit0]) * scale + TINY
            count += 1
    at = np.abs(ray).argmax()
    inverse = np.zeros((n, n))  # first A^T A, where the rows of A are the planes without their column ``at``
    for i in range(n):
        for j in range(n):
            for k in range(count):
                inverse[i, j] += planes[k, i + (i >= at)] * planes[k, j + (j >= at)]
    for s in range(n):  # Gauss and Jordan; no pivots are chosen, the matrix is symmetric and positive
        factor = 1.0 / inverse[s, s]
        inverse[s, s] = 1.0
        for j in range(n):
            inverse[s, j] *= factor
        for i in range(n):
            if i != s:
                factor, inverse[i, s] = inverse[i, s], 0.0
                for j in range(n):
                    inverse[i, j] -= factor * inverse[s, j]
    left = np.zeros((n, count))  # (A^T A)^-1 A^T, about
    moved = np.empty(n)
    for j in range(n):
        moved[j] = ray[j + (j >= at)]
        for i in range(count):
            residual = 0.0
            for c in range(d):
                residual += planes[i, c] * ray[c]
            for k in range(n):
                left[j, i] += inverse[j, k] * planes[i, k + (k >= at)]
            moved[j] -= left[j, i] * residual
    size = abs(ray[at])
    for j in range(n):
        size += abs(moved[j])
    beta, bound = 0.0, 0.0
    for j in range(n):
        row_beta, row_bound = 0.0, 0.0
        for k in range(n):
            product, products, spread = 0.0, 0.0, 0.0
            for i in range(count):
                term = left[j, i] * planes[i, k + (k >= at)]
                product += term
                products += abs(term)
                spread += abs(left[j, i]) * errors[i]
            row_beta += abs((1.0 if j == k else 0.0) - product) + (count + 3) * UNIT * products + spread + UNIT
        for i in range(count):
            residual, products = planes[i, at] * ray[at], abs(planes[i, at] * ray[at])
            for k in range(n):
                term = planes[i, k + (k >= at)] * moved[k]
                residual += term
                products += abs(term)
            row_bound += abs(left[j, i]) * (abs(residual) + (d + 3) * UNIT * products + errors[i] * size + TINY)
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


def _integer_settled(ray, error, mask, rows, row_errors, normals, normal_errors):
    return error


def _ball_settled(ray, error, mask, rows, row_errors, normals, normal_errors):
    if error < REFINE:
        return error
    return refine(ray, error, mask, rows, row_errors, normals, normal_errors)


value_of = either(_integer_value, _ball_value)
"""Returns ``row . ray`` and a bound on its error, infinite where an integer might not fit."""
new_ray = either(_integer_ray, _ball_ray)
"""Writes the ray between two adjacent ones; returns its error, infinite where it does not fit."""
settled = either(_integer_settled, _ball_settled)
"""Returns the error of a ray, which is refined where it is a ball that has grown too far."""


@compiled
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


@compiled
def _adjacent(masks, count, p, q, needed):
    """Whether two rays share a two-dimensional face: no third ray is tight wherever both are."""
    words = masks.shape[1]
    shared = 0
    for w in range(words):
        shared += _popcount(masks[p, w] & masks[q, w])
    if shared < needed:
        return False
    for r in range(count):
        if r != p and r != q:
            inside = True
            for w in range(words):
                common = masks[p, w] & masks[q, w]
                if common & masks[r, w] != common:
                    inside = False
                    break
            if inside:
                return False
    return True


@compiled
def _push(stack, height, first, k, depth, start, signs, rows, errors, known):
    """Writes all of a frame but its rays, which begin at ``first`` and are counted later."""
    frames, frame_signs, frame_rows, frame_errors = stack[3], stack[4], stack[5], stack[6]
    frames[height] = first, 0, k, depth, start
    frame_signs[height, :k] = signs[:k]
    frame_rows[height, :known], frame_errors[height, :known] = rows[:known], errors[:known]


@compiled
def _push_ray(stack, height, source, source_errors, source_masks, r):
    """Adds one ray to the frame on top."""
    rays, ray_errors, masks, frames = stack[0], stack[1], stack[2], stack[3]
    at = frames[height, 0] + frames[height, 1]
    for c in range(rays.shape[1]):
        rays[at, c] = source[r, c]
    for w in range(masks.shape[1]):
        masks[at, w] = source_masks[r, w]
    ray_errors[at] = source_errors[r]
    frames[height, 1] += 1


@compiled
def run(
    exact,
    weights,
    normals,
    normal_errors,
    sizes,
    stack,
    height,
    lost,
    lost_height,
    out_signs,
    out_masks,
    out_owner,
    want,
    effort,
):
    """Walks until the stack is empty, an output is full, or the effort is spent.

    Args:
        exact: Whether the arrays hold integers.
        weights: The hidden rows of all layers, shape (neurons, 1 + widest below), bias first.
        normals: The domain's constraints that have mask bits, infinity first; neurons follow.
        normal_errors: Error bounds of their entries.
        sizes: Widths of the hidden layers.
        stack: Cells to do: rays, their errors and masks, and per frame its first ray, number of
            rays, next neuron, layer and that layer's first neuron; signs, rows and row errors.
        height: Number of frames.
        lost: A stack of the same form for cells with an uncertain sign.
        lost_height: Number of frames on it.
        out_signs: Signs of finished regions.
        out_masks: For every facet, or vertex, of a finished region the neurons that vanish there;
            facets from bit 0 on, vertices with the domain's own constraints, from ``bit0`` on.
        out_owner: The regions that they belong to, rows of ``out_signs``.
        want: FACETS or VERTICES.
        effort: Number of elementary steps after which to return.

    Returns:
        The numbers of leaves, of masks, of frames on ``lost``, and of frames left on the stack.
    """
    rays, ray_errors, masks, frames, frame_signs, frame_rows, frame_errors = stack
    bit0 = normals.shape[0]
    total = frame_signs.shape[1]
    words = masks.shape[1]
    d = rays.shape[1]
    leaves, listed = 0, 0
    tmp = np.zeros((MAX_RAYS, d), rays.dtype)
    tmp_errors = np.zeros(MAX_RAYS)
    tmp_masks = np.zeros((MAX_RAYS, words), np.uint64)
    fresh = np.zeros((MAX_RAYS, d), rays.dtype)
    fresh_errors = np.zeros(MAX_RAYS)
    fresh_masks = np.zeros((MAX_RAYS, words), np.uint64)
    values = np.zeros(MAX_RAYS, rays.dtype)
    deltas = np.zeros(MAX_RAYS)
    tight = np.zeros((bit0 + total, MAX_RAYS // 64), np.uint64)
    rows = np.zeros((total, d), rays.dtype)
    errors = np.zeros(total)
    signs = np.zeros(total, np.int8)
    lost_rays = 0
    if lost_height > 0:
        lost_rays = lost[3][lost_height - 1, 0] + lost[3][lost_height - 1, 1]
    while height > 0 and effort > 0:
        count = frames[height - 1, 1]
        if leaves >= out_signs.shape[0] or listed + max(total, count) > out_owner.shape[0]:
            break
        if lost_height >= lost[3].shape[0] or lost_rays + count > lost[0].shape[0]:
            break
        height -= 1
        first, _, k, depth, start = frames[height]
        signs[:] = frame_signs[height]
        known = start + sizes[depth]
        rows[:known], errors[:known] = frame_rows[height, :known], frame_errors[height, :known]
        tmp[:count], tmp_errors[:count] = rays[first : first + count], ray_errors[first : first + count]
        tmp_masks[:count] = masks[first : first + count]
        effort -= count
        certain = True
        split = False
        while k < total:
            if k == start + sizes[depth]:
                if not enter_layer(weights, k, sizes[depth + 1], sizes[depth], rows, errors, signs, exact):
                    certain = False
                    break
                depth += 1
                start = k
            above, below, zero = 0, 0, 0
            for r in range(count):
                value, delta = value_of(rows[k], errors[k], tmp[r], tmp_errors[r])
                values[r] = value
                deltas[r] = delta
                if abs(float(value)) > delta:
                    if value > 0:
                        above += 1
                    else:
                        below += 1
                elif exact and delta == 0.0:
                    zero += 1
                else:
                    certain = False
                    break
            effort -= count
            if not certain:
                break
            bit = np.uint64(bit0 + k)
            word, flag = bit // np.uint64(64), np.uint64(1) << (bit % np.uint64(64))
            if above and below:
                split = True
                break
            if zero and (above or below):
                for r in range(count):
                    if values[r] == 0:
                        tmp_masks[r, word] |= flag
            signs[k] = 1 if above else (-1 if below else 0)
            k += 1
        if certain and not split:
            out_signs[leaves] = signs
            if want == FACETS:
                listed = _facets(tmp_masks, count, bit0, total, d, tight, out_masks, out_owner, listed, leaves)
            else:
                for r in range(count):
                    if not tmp_masks[r, 0] & np.uint64(1):
                        out_masks[listed], out_owner[listed] = tmp_masks[r], leaves
                        listed += 1
            leaves += 1
            continue
        made = 0
        if certain:
            for p in range(count):
                if not values[p] > 0:
                    continue
                effort -= count
                for q in range(count):
                    if values[q] < 0 and _adjacent(tmp_masks, count, p, q, d - 2):
                        effort -= count
                        if count + made >= MAX_RAYS:
                            certain = False
                            break
                        error = new_ray(
                            tmp[p], tmp_errors[p], values[p], deltas[p],
                            tmp[q], tmp_errors[q], values[q], deltas[q], fresh[made],
                        )  # fmt: skip
                        if not error < 1e-3:
                            certain = False
                            break
                        for w in range(words):
                            fresh_masks[made, w] = tmp_masks[p, w] & tmp_masks[q, w]
                        fresh_masks[made, word] |= flag
                        fresh_errors[made] = settled(
                            fresh[made], error, fresh_masks[made], rows, errors, normals, normal_errors
                        )
                        made += 1
                if not certain:
                    break
        if not certain or first + 2 * (count + made) > rays.shape[0] or height + 2 > frames.shape[0]:
            _push(lost, lost_height, lost_rays, k, depth, start, signs, rows, errors, start + sizes[depth])
            for r in range(count):
                _push_ray(lost, lost_height, tmp, tmp_errors, tmp_masks, r)
            lost_rays += count
            lost_height += 1
            continue
        for r in range(count):
            if values[r] == 0:
                tmp_masks[r, word] |= flag
        for side in (-1, 1):
            signs[k] = side
            _push(stack, height, first, k + 1, depth, start, signs, rows, errors, start + sizes[depth])
            for r in range(count):
                if values[r] * side >= 0:
                    _push_ray(stack, height, tmp, tmp_errors, tmp_masks, r)
            for r in range(made):
                _push_ray(stack, height, fresh, fresh_errors, fresh_masks, r)
            first += frames[height, 1]
            height += 1
    return leaves, listed, lost_height, height


@compiled
def _facets(masks, count, bit0, total, d, tight, out, owner, listed, leaf):
    """Lists the facets of a leaf: maximal sets of tight rays, as masks of the neurons zero there."""
    blocks = (count + 63) // 64
    bits = bit0 + total
    sizes = np.zeros(bits, np.int64)
    for k in range(bits):
        word, flag = k // 64, np.uint64(1) << np.uint64(k % 64)
        tight[k, :blocks] = 0
        for r in range(count):
            if masks[r, word] & flag:
                tight[k, r // 64] |= np.uint64(1) << np.uint64(r % 64)
                sizes[k] += 1
    for k in range(bit0, bits):
        if sizes[k] < d - 1:
            continue
        maximal = True
        out[listed] = 0
        for j in range(bits):
            inside = sizes[j] >= sizes[k]
            for b in range(blocks):
                if tight[k, b] & ~tight[j, b]:
                    inside = False
            if inside and (sizes[j] > sizes[k] or j < k):
                maximal = False  # a smaller face, a face of the domain, or listed already
                break
            if inside:
                out[listed, (j - bit0) // 64] |= np.uint64(1) << np.uint64((j - bit0) % 64)
        if maximal:
            owner[listed] = leaf
            listed += 1
    return listed
