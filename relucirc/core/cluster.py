"""A cluster of Dask as an executor: its workers come and go, and what is lost with them is said to be lost."""

from concurrent.futures import CancelledError, Executor, Future, InvalidStateError
from contextlib import suppress
from typing import Any

LOST = ("cancelled", "lost")
"""What the client says of futures that will not come: of those that a restart has dropped, too."""


class Cluster(Executor):
    """What a client of Dask is connected to.

    Args:
        client: The client.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._given: dict[Future, Any] = {}

    @property
    def count(self) -> int:
        """How many threads work there now; one where there is none, so that an order waits for the first."""
        return max(sum(self._client.nthreads().values()), 1)

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
        """Gives an order to the cluster."""
        future: Future = Future()
        given = self._client.submit(fn, *args, **kwargs, pure=False)
        self._given[future] = given
        given.add_done_callback(lambda given: _tell(future, given))
        future.add_done_callback(self._forget)
        return future

    def _forget(self, future: Future) -> None:
        given = self._given.pop(future, None)
        if given is not None and future.cancelled():
            given.cancel()

    def look(self) -> None:
        """Finds out what will never come."""
        for future, given in list(self._given.items()):
            if given.status in LOST:
                _tell(future, given)


def _tell(future: Future, given: Any) -> None:
    """Says what became of an order, unless that is known."""
    with suppress(InvalidStateError):
        if given.status == "finished":
            future.set_result(given.result())
        else:
            future.set_exception(CancelledError() if given.status in LOST else given.exception())
