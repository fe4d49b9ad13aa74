"""When what starts: pure functions of the settings."""

from __future__ import annotations


def start_offsets_s(threads: int, ramp_up_s: float) -> list[float]:
    """When each thread starts, in seconds after the run does: evenly over the ramp, the first at once.

    The last of n threads starts at ramp * (n - 1) / n, so that thread k of n is running once k/n of the ramp is over.
    """
    return [ramp_up_s * number / threads for number in range(threads)]


THREADS_A_PROCESS = 256


def processes_for(asked: int | None, threads: int, cores: int) -> int:
    """Over how many processes the threads are divided; `asked` None is "auto".

    One process computes on one core.  256 threads keep it about a third busy at 50 chunks a second each (see
    docs/performance.md); more processes than cores, or than threads, would only cost.
    """
    if asked is None:
        return max(1, min(cores, -(-threads // THREADS_A_PROCESS)))
    return min(asked, threads)


def tick_s(threads: int) -> float:
    """How often a thread looks at what has come of a long answer.

    20 ms a thread, which is 50 looks a second over all of them, but 50 ms at least and 4 s at most: so much of an
    answer may be left to be read when its end has come.
    """
    return min(4.0, max(0.05, threads * 0.02))


def pause_after_refusals_s(in_a_row: int) -> float:
    """How long a thread waits after so many failed connections in a row: 0.1 s, doubled each time, up to 1 s.

    A server that is down answers in microseconds; without a pause a closed loop would count thousands of failures a
    second and hit the server with all of them at the moment it comes back.
    """
    return min(1.0, 0.1 * 2.0 ** min(in_a_row - 1, 10)) if in_a_row > 0 else 0.0
