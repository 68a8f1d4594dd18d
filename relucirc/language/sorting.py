"""Sorting networks: Batcher's merge exchange for any number of wires."""

from functools import lru_cache


@lru_cache(maxsize=64)
def merge_exchange(n: int) -> tuple[tuple[int, int], ...]:
    """Returns the comparators ``(i, j)``, i < j, that sort n wires: the smaller value goes to wire i.

    Batcher's odd-even merge exchange (Knuth, The Art of Computer Programming 3, section 5.2.2,
    Algorithm M), about ``n (log2 n)^2 / 4`` comparators.

    Example:
        >>> merge_exchange(3)
        ((0, 2), (0, 1), (1, 2))
    """
    pairs: list[tuple[int, int]] = []
    top = 1 << max((n - 1).bit_length() - 1, 0)
    p = top if n > 1 else 0
    while p > 0:
        q, r, d = top, 0, p
        while True:
            pairs += [(i, i + d) for i in range(n - d) if i & p == r]
            if q == p:
                break
            d, q, r = q - p, q >> 1, p
        p >>= 1
    return tuple(pairs)
