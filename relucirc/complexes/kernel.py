"""The compiled walk: the whole tree in machine arithmetic, certified leaf by leaf.

Two number systems, one walk.  *Integers*: rays and rows in int64, with a float64 estimate of every
result's size; anything that might not fit is not certified.  Zeros are exact, which small integer
weights, degenerate by nature, want.  *Balls*: rays and rows in float64, each with a bound on its
distance (max-norm) from the exact value; a sign is certified when the value is farther from zero
than its bound.  A subtree with an uncertain sign is handed back, to be walked exactly.

The bounds (u = 2^-53, d entries per vector, all quantities by absolute value):

* ``z = p . r`` with p known to ``a`` and r to ``e``: the error is at most
  ``sum|p| e + a sum|r| + d a e + (d + 2) u sum|p_i r_i|``.
* a new ray ``zp q - zq p`` with errors ``dp, dq`` of the values and ``ep, eq`` of the rays: at most
  ``zp eq + dp |q| + dp eq + zq ep + dq |p| + dq ep + 4 u (zp |q| + zq |p|)``.
* a row of the next layer ``b + sum w_j r_j``: ``sum w_j a_j + (m + 2) u (|b| + sum |w_j r_j|)``,
  where m is the number of terms, and 2 u |w_j r_j| more for weights rounded to float64.

Every bound is inflated by 1 % for its own rounding.  Underflow cannot hide an error: vectors are
rescaled by powers of two to a largest entry near 1, and values below 1e-200 are never certified.
"""

import numpy as np
from numba import njit, types
from numba.extending import overload

UNIT = 2.0**-53
INFLATE = 1.01
TINY = 1e-200
LIMIT = 2.0**61


def _value(row, row_error, ray, ray_error):  # noqa: ANN001, ANN202
    """Returns ``row . ray`` and a bound on its error, infinite where an integer might not fit."""
    raise AssertionError("compiled only")


def _integer_value(row, row_error, ray, ray_error):  # noqa: ANN001, ANN202
    total, size = np.int64(0), 0.0
    for i in range(row.shape[0]):
        total += row[i] * ray[i]
        size += abs(float(row[i])) * abs(float(ray[i]))
    return total, np.inf if size > LIMIT else 0.0


def _ball_value(row, row_error, ray, ray_error):  # noqa: ANN001, ANN202
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


@overload(_value, jit_options={"cache": True})
def _choose_value(row, row_error, ray, ray_error):  # noqa: ANN001, ANN202
    return _integer_value if isinstance(row.dtype, types.Integer) else _ball_value


def _ray(p, ep, zp, dp, q, eq, zq, dq, out):  # noqa: ANN001, ANN202
    """Writes the ray between two adjacent ones; returns its error, infinite where it does not fit."""
    raise AssertionError("compiled only")


def _integer_ray(p, ep, zp, dp, q, eq, zq, dq, out):  # noqa: ANN001, ANN202
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


def _ball_ray(p, ep, zp, dp, q, eq, zq, dq, out):  # noqa: ANN001, ANN202
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
    scale = 2.0 ** (-np.floor(np.log2(largest)))
    for i in range(p.shape[0]):
        out[i] *= scale
    return error * scale


@overload(_ray, jit_options={"cache": True})
def _choose_ray(p, ep, zp, dp, q, eq, zq, dq, out):  # noqa: ANN001, ANN202
    return _integer_ray if isinstance(p.dtype, types.Integer) else _ball_ray


@njit(cache=True)
def _popcount(x):  # noqa: ANN001, ANN202
    count = 0
    while x:
        x &= x - np.uint64(1)
        count += 1
    return count


@njit(cache=True)
def _adjacent(masks, count, p, q, needed):  # noqa: ANN001, ANN202
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


@njit(cache=True)
def _enter_layer(weights, sizes, first_row, depth, rows, errors, signs, start, exact):  # noqa: ANN001, ANN202
    """Replaces the rows of a layer by those of the next; False when an integer might overflow."""
    width = sizes[depth]
    below = sizes[depth - 1]
    d = rows.shape[1]
    new_rows = np.zeros((width, d), rows.dtype)
    new_errors = np.zeros(width, np.float64)
    for i in range(width):
        w = weights[first_row + i]
        new_rows[i, 0] = w[0]
        bound = 0.0
        terms = 0
        for j in range(below):
            if signs[start + j] > 0 and w[j + 1] != 0:
                terms += 1
                bound += abs(float(w[j + 1])) * errors[j]
        for c in range(d):
            size = abs(float(new_rows[i, c]))
            value = new_rows[i, c]
            for j in range(below):
                if signs[start + j] > 0 and w[j + 1] != 0:
                    product = w[j + 1] * rows[j, c]
                    value += product
                    size += abs(float(w[j + 1])) * abs(float(rows[j, c]))
            new_rows[i, c] = value
            if exact:
                if size > LIMIT:
                    return False
            else:
                new_errors[i] = max(new_errors[i], bound + (terms + 4) * UNIT * size)
        new_errors[i] = INFLATE * new_errors[i] + (0.0 if exact else TINY)
    rows[:width] = new_rows
    errors[:width] = new_errors
    return True


@njit(cache=True)
def run(  # noqa: ANN201
    exact,  # noqa: ANN001  whether the arrays hold integers
    weights,  # noqa: ANN001  (total rows, 1 + widest below), bias first
    sizes,  # noqa: ANN001  widths of the hidden layers
    n,  # noqa: ANN001  inputs
    bit0,  # noqa: ANN001  mask bit of the first neuron
    stack,  # noqa: ANN001  tuple of the stack's arrays, see compiled_walk.Stack
    height,  # noqa: ANN001  frames on the stack
    out_signs,  # noqa: ANN001  (capacity, neurons) int8
    out_facets,  # noqa: ANN001  (facet capacity, words) uint64
    out_owner,  # noqa: ANN001  (facet capacity,) int64
    bad,  # noqa: ANN001  (capacity, neurons + 1) int8: uncertified prefixes, 2 marks the end
):
    rays, ray_errors, masks, frames, frame_signs, frame_rows, frame_errors = stack
    total = frame_signs.shape[1]
    words = masks.shape[1]
    d = n + 1
    leaves, facets, lost = 0, 0, 0
    room = rays.shape[0]
    bound_rays = 4096
    tmp = np.zeros((bound_rays, d), rays.dtype)
    tmp_errors = np.zeros(bound_rays)
    tmp_masks = np.zeros((bound_rays, words), np.uint64)
    fresh = np.zeros((bound_rays, d), rays.dtype)
    fresh_errors = np.zeros(bound_rays)
    fresh_masks = np.zeros((bound_rays, words), np.uint64)
    values = np.zeros(bound_rays, rays.dtype)
    deltas = np.zeros(bound_rays)
    tight = np.zeros((bit0 + total, bound_rays // 64), np.uint64)
    rows = np.zeros(frame_rows.shape[1:], frame_rows.dtype)
    errors = np.zeros(frame_errors.shape[1])
    signs = np.zeros(total, np.int8)
    while height > 0:
        if leaves >= out_signs.shape[0] or lost >= bad.shape[0] or facets + total + 1 > out_owner.shape[0]:
            break
        height -= 1
        first, count, k, depth, start = frames[height]
        signs[:] = frame_signs[height]
        rows[:] = frame_rows[height]
        errors[:] = frame_errors[height]
        for r in range(count):
            tmp[r] = rays[first + r]
            tmp_errors[r] = ray_errors[first + r]
            tmp_masks[r] = masks[first + r]
        certain = True
        split = False
        while k < total:
            if k == start + sizes[depth]:
                first_row = 0
                for layer in range(depth + 1):
                    first_row += sizes[layer]
                depth += 1
                if not _enter_layer(weights, sizes, first_row, depth, rows, errors, signs, start, exact):
                    certain = False
                    break
                start = k
            row = rows[k - start]
            above, below, zero = 0, 0, 0
            for r in range(count):
                value, delta = _value(row, errors[k - start], tmp[r], tmp_errors[r])
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
            if not certain:
                break
            bit = np.uint64(bit0 + k)
            word, flag = bit // np.uint64(64), np.uint64(1) << (bit % np.uint64(64))
            if zero and (above or below):
                for r in range(count):
                    if values[r] == 0:
                        tmp_masks[r, word] |= flag
            if above and below:
                split = True
                break
            signs[k] = 1 if above else (-1 if below else 0)
            k += 1
        if not certain:
            bad[lost, :k] = signs[:k]
            bad[lost, k] = 2
            lost += 1
            continue
        if not split:
            out_signs[leaves] = signs
            facets = _facets(tmp_masks, count, bit0, total, d, tight, out_facets, out_owner, facets, leaves)
            leaves += 1
            continue
        made = 0
        for p in range(count):
            if not values[p] > 0:
                continue
            for q in range(count):
                if values[q] < 0 and _adjacent(tmp_masks, count, p, q, d - 2):
                    if made >= bound_rays:
                        certain = False
                        break
                    error = _ray(
                        tmp[p], tmp_errors[p], values[p], deltas[p], tmp[q], tmp_errors[q], values[q], deltas[q], fresh[made]
                    )
                    if not error < 1e-3:
                        certain = False
                        break
                    fresh_errors[made] = error
                    for w in range(words):
                        fresh_masks[made, w] = tmp_masks[p, w] & tmp_masks[q, w]
                    fresh_masks[made, word] |= flag
                    made += 1
            if not certain:
                break
        fits = first + 2 * (count + made) < room and height + 2 <= frames.shape[0] and count + made < bound_rays
        if not certain or not fits:
            bad[lost, :k] = signs[:k]
            bad[lost, k] = 2
            lost += 1
            continue
        for side in (-1, 1):
            begin = first
            for r in range(count):
                if values[r] * side >= 0:
                    rays[first] = tmp[r]
                    ray_errors[first] = tmp_errors[r]
                    masks[first] = tmp_masks[r]
                    first += 1
            for r in range(made):
                rays[first] = fresh[r]
                ray_errors[first] = fresh_errors[r]
                masks[first] = fresh_masks[r]
                first += 1
            frames[height, 0] = begin
            frames[height, 1] = first - begin
            frames[height, 2] = k + 1
            frames[height, 3] = depth
            frames[height, 4] = start
            signs[k] = side
            frame_signs[height] = signs
            frame_rows[height] = rows
            frame_errors[height] = errors
            height += 1
    return leaves, facets, lost, height


@njit(cache=True)
def _facets(masks, count, bit0, total, d, tight, out, owner, facets, leaf):  # noqa: ANN001, ANN202
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
            out[facets, w] = 0
        for j in range(bit0, bits):
            same = sizes[j] == sizes[k]
            for b in range(blocks):
                if tight[j, b] != tight[k, b]:
                    same = False
                    break
            if same:
                out[facets, (j - bit0) // 64] |= np.uint64(1) << np.uint64((j - bit0) % 64)
        owner[facets] = leaf
        facets += 1
    return facets
