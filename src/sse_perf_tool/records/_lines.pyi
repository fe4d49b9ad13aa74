from array import array
from collections.abc import Sequence

API: int
COUNT: int
MS: int
WORD: int
TEXT: int
PASSED_TEXT: int
PASSED_NUMBER: int
GAPS: int

Field = tuple[bytes, int, bool, int, int, int, tuple[bytes, ...]]
"""What stands before a value, its kind, whether it may be null, its bounds, what is taken off it, words it may be."""

def read(
    lines: list[bytes], layout: tuple[Field, ...], /
) -> tuple[list[tuple[str, bytes]], list[list[str | None]], bytes, bytes, list[bytes | None]] | None:
    """Columns as (type code, numbers), texts, all gaps, where those of each line end, and what follows in each line.

    Behind the columns of the layout stand those of the gaps: sum in ns, shortest in us, longest in ns, and how many are
    0 before the first that is not.
    """

def count(values: Sequence[int], counts: array[int], /) -> list[int]: ...
def places(
    gaps_us: Sequence[int], ends: Sequence[int], firsts_us: Sequence[int], width_us: int, /
) -> tuple[list[tuple[int, int, int]], dict[int, dict[int, int]]]:
    """Where the chunks of answers came, whose gaps stand one answer behind the other up to `ends`.

    ([(answer, number of an interval, how many of its chunks came there)], {interval: {half octave: gaps}}).  The first
    chunk of an answer, which came at its `firsts_us`, stands by itself; -1 leaves the answer out.
    """
