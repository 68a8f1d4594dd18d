# ruff: noqa: ANN001, ANN201, ANN202
# (Compiled functions: numba infers their types, and those it dispatches on share a signature.)
"""The compiled walk: the whole tree in machine arithmetic, certified leaf by leaf.

One walk in two number systems (:mod:`relucirc.complexes.arithmetic`).  A sign is certified when the
value is farther from zero than its error bound, or is an exact integer.  A cell with an uncertain
sign is put aside, to be walked in the next number system: integers, then balls, then exact integers
of any size.  Which rays are adjacent is read off bit masks, which certified signs alone have set.
"""

import numpy as np
from numba import njit

from relucirc.complexes.arithmetic import enter_layer, new_ray, settled, value_of

MAX_RAYS = 4096
"""Cells with this many rays or more are left to the exact walk."""

FACETS, VERTICES = 0, 1
"""What :func:`run` lists for every leaf."""


@njit(cache=True, error_model="numpy")
def _popcount(x):
    count = 0
    while x:
        x &= x - np.uint64(1)
        count += 1
    return count


@njit(cache=True, error_model="numpy")
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


@njit(cache=True, error_model="numpy")
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


@njit(cache=True, error_model="numpy")
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


@njit(cache=True, error_model="numpy", nogil=True)
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
            else:
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


@njit(cache=True, error_model="numpy")
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
