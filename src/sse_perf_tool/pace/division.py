"""How a load is divided: which threads, requests, queries and keys each process of each worker does.

Pure, and the same for processes and for workers (machines): part p of n does what comes as number p, p + n, p + 2n, ...
So the parts together do exactly what was asked, the arrivals of an open loop come in turn from all of them, and what is
drawn by chance is drawn from the seed and the number of a request alone, whoever sends it.
"""

from __future__ import annotations

from typing import NamedTuple


class Share(NamedTuple):
    """The share of a run that a part does: the threads, requests, queries and keys `part`, `part + parts`, ...

    `batch`: requests go out in batches of so many, and the part does its places in each of them.  A part without any
    does nothing.
    """

    part: int = 0
    parts: int = 1
    batch: int | None = None

    def numbers(self, total: int) -> range:
        """Of the threads 0 to total - 1 those of this share."""
        return range(self.part, total, self.parts)

    @property
    def places(self) -> int:
        """How many requests of each batch are in this share."""
        return 0 if self.batch is None else len(self.numbers(self.batch))

    def requests(self, total: int) -> int:
        """How many of so many requests are in this share."""
        if self.batch is None:
            return len(self.numbers(total))
        whole, rest = divmod(total, self.batch)
        return whole * self.places + len(self.numbers(rest))

    def number(self, taken: int) -> int:
        """The number over all parts, from 1, of the next request of this part after it has taken `taken`."""
        if self.batch is None:
            return taken * self.parts + self.part + 1
        batches, place = divmod(taken, self.places)
        return batches * self.batch + self.part + place * self.parts + 1

    def within(self, part: int, parts: int) -> Share:
        """Part `part` of `parts` of this share."""
        return Share(self.part + part * self.parts, self.parts * parts, self.batch)


def share_of(worker: int, workers: int, threads: int, batch: int | None = None) -> Share | None:
    """What worker `worker` of `workers` does of a load of so many threads; None: nothing.

    A worker without a thread of its own can send nothing, so no more than `threads` workers take part.
    """
    parts = min(workers, threads)
    return Share(worker, parts, batch) if worker < parts else None


def shares_of(share: Share, processes: int, threads: int) -> list[Share]:
    """A share divided over processes: none of them without a thread, and a batch stays in one."""
    own = len(share.numbers(threads))
    parts = 1 if share.batch is not None else max(1, min(processes, own))
    return [share.within(part, parts) for part in range(parts)]
