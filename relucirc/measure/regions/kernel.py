# ruff: noqa: ANN001, ANN201, ANN202, ARG001
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
hyperplanes through it, and with an approximate inverse C of its matrix A, and the residual rho of the
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

FACETS, VERTICES, SIGNS = 0, 1, 2
"""What :func:`run` lists for every leaf."""


def compiled(function) -> Any:
    """Compiles a function at its first call, and keeps the result where numba finds a folder that it can write."""
    try:
        return njit(cache=True, error_model="numpy", nogil=True)(function)
    except RuntimeError:  # no such folder
        return njit(error_model="numpy", nogil=True)(function)


@compiled
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
def _popcount(x):
    count = 0
    while x:
        x &= x - np.uint64(1)
        count += 1
    return count


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
    frames[height, 0] = first
    frames[height, 1] = 0
    frames[height, 2] = k
    frames[height, 3] = depth
    frames[height, 4] = start
    for j in range(k):
        frame_signs[height, j] = signs[j]
    for i in range(known):
        for c in range(rows.shape[1]):
            frame_rows[height, i, c] = rows[i, c]
        frame_errors[height, i] = errors[i]


@compiled
def _push_ray(stack, height, source, source_errors, source_masks, r):
    """Adds one ray to the frame on top."""
    rays, ray_errors, masks, frames = stack[0], stack[1], stack[2], stack[3]
    at = frames[height, 0] + frames[height, 1]
    for c in range(rays.shape[1]):
        rays[at, c] = source[r, c]
    ray_errors[at] = source_errors[r]
    for w in range(masks.shape[1]):
        masks[at, w] = source_masks[r, w]
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
    work = (np.zeros((64, d)), np.zeros(64), np.zeros((64, d - 1)), np.zeros((d - 1, d - 1)))
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
        first, k, depth, start = frames[height, 0], frames[height, 2], frames[height, 3], frames[height, 4]
        signs[:] = frame_signs[height]
        for i in range(start + sizes[depth]):
            for c in range(d):
                rows[i, c] = frame_rows[height, i, c]
            errors[i] = frame_errors[height, i]
        for r in range(count):
            for c in range(d):
                tmp[r, c] = rays[first + r, c]
            tmp_errors[r] = ray_errors[first + r]
            for w in range(words):
                tmp_masks[r, w] = masks[first + r, w]
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
            for j in range(total):
                out_signs[leaves, j] = signs[j]
            if want == FACETS:
                listed = _facets(tmp_masks, count, bit0, total, d, tight, out_masks, out_owner, listed, leaves)
            elif want == VERTICES:
                for r in range(count):
                    if not tmp_masks[r, 0] & np.uint64(1):
                        for w in range(words):
                            out_masks[listed, w] = tmp_masks[r, w]
                        out_owner[listed] = leaves
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
                            fresh[made], error, fresh_masks[made], rows, errors, normals, normal_errors, work
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
        for b in range(blocks):
            tight[k, b] = 0
        for r in range(count):
            if masks[r, word] & flag:
                tight[k, r // 64] |= np.uint64(1) << np.uint64(r % 64)
                sizes[k] += 1
    for k in range(bit0, bits):
        if sizes[k] < d - 1:
            continue
        maximal = True
        for j in range(bits):
            if j == k or sizes[j] < sizes[k]:
                continue
            inside = True
            for b in range(blocks):
                if tight[k, b] & ~tight[j, b]:
                    inside = False
                    break
            if inside and (sizes[j] > sizes[k] or j < k):
                maximal = False  # a smaller face, a face of the domain, or listed already
                break
        if not maximal:
            continue
        for w in range(out.shape[1]):
            out[listed, w] = 0
        for j in range(bit0, bits):
            same = sizes[j] == sizes[k]
            for b in range(blocks):
                if tight[j, b] != tight[k, b]:
                    same = False
                    break
            if same:
                out[listed, (j - bit0) // 64] |= np.uint64(1) << np.uint64((j - bit0) % 64)
        owner[listed] = leaf
        listed += 1
    return listed
