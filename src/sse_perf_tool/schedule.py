"""When what starts: pure functions of the settings."""

from __future__ import annotations


def start_offsets_s(threads: int, ramp_up_s: float) -> list[float]:
    """When each thread starts, in seconds after the run does: evenly over the ramp, the first at once.

    The last of n threads starts at ramp * (n - 1) / n, so that thread k of n is running once k/n of the ramp is over.
    """
    return [ramp_up_s * number / threads for number in range(threads)]


def pause_after_refusals_s(in_a_row: int) -> float:
    """How long a thread waits after so many failed connections in a row: 0.1 s, doubled each time, up to 1 s.

    A server that is down answers in microseconds; without a pause a closed loop would count thousands of failures a
    second and hit the server with all of them at the moment it comes back.
    """
    return min(1.0, 0.1 * 2.0 ** min(in_a_row - 1, 10)) if in_a_row > 0 else 0.0
