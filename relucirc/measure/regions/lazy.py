"""A sequence whose items are worked out when they are asked for."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class LazySequence(Sequence[T]):
    """Knows its length, makes its items.

    Args:
        length: Number of items.
        make: Makes item i.
        name: What the items are, in the plural.
    """

    def __init__(self, length: int, make: Callable[[int], T], name: str) -> None:
        self._length = length
        self._make = make
        self._name = name

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self._make(k) for k in range(*i.indices(self._length))]
        if not -self._length <= i < self._length:
            raise IndexError(f"expected an index below {self._length} ({self._name}), got {i}")
        return self._make(int(i) % self._length)

    def __repr__(self) -> str:
        return f"<{self._length} {self._name}>"
