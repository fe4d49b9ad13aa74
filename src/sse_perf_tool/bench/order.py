"""The order of the requests of a benchmark.  Pure.

With `lanes`, providers go side by side, and the cells of one come one after another: two providers that have one host
and port share a lane, as they may be one machine.  With `interleaved` there is one lane, in which the requests of all
cells alternate: block after block, each block one request of every cell in an order drawn anew.  What drifts over the
hour then falls on all cells alike, and the requests of a block can be compared pair by pair.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple
from urllib.parse import urlsplit

from .plan import Cell

ORDERS = ("lanes", "interleaved")

COLD = 0
"""The number of the first block: its requests open the connections and are in no figure."""


class Turn(NamedTuple):
    """One request that is due: the cell (by its place in the plan) and the block that it belongs to."""

    cell: int
    block: int


class Lane(NamedTuple):
    """What is done one after another: groups of cells, each through before the next begins."""

    name: str
    groups: tuple[tuple[int, ...], ...]


def lanes_of(cells: Sequence[Cell], order: str) -> list[Lane]:
    """The lanes over all cells that are measured; cells are named by their place in `cells`."""
    measured = [place for place, cell in enumerate(cells) if cell.skipped is None]
    if order == "interleaved":
        return [Lane("interleaved", (tuple(measured),))] if measured else []
    servers: dict[tuple[str, ...], list[int]] = {}
    owners: dict[str, tuple[str, ...]] = {}
    for place in measured:
        cell = cells[place]
        server = _server_of(cell.endpoint.url) or (cell.provider_key,)
        # One provider is one lane even where its models have different hosts: their limits are those of one account.
        server = owners.setdefault(cell.provider_key, server)
        servers.setdefault(server, []).append(place)
    return [
        Lane(" + ".join(dict.fromkeys(cells[place].provider for place in places)), tuple((p,) for p in places))
        for places in servers.values()
    ]


def _server_of(url: str) -> tuple[str, ...]:
    parts = urlsplit(url)
    if not parts.hostname:
        return ()
    return parts.hostname, str(parts.port or {"https": 443}.get(parts.scheme, 80))


def turns_of(group: Sequence[int], runs: int, seed: int, thread: int) -> Iterator[Turn]:
    """The requests that one thread sends for a group of cells: a cold one for each, then `runs` blocks."""
    random = Random(f"{seed} {thread}")  # noqa: S311 - no secret, and the same for every run with this seed
    for block in range(runs + 1):
        places = list(group)
        random.shuffle(places)
        yield from (Turn(place, block) for place in places)
