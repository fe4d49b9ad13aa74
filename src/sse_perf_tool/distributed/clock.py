"""By how much the clock of another machine is ahead of ours, from messages there and back.

A message leaves at t1 of our clock and comes at t2 of theirs; the answer leaves at t3 of theirs and comes at t4 of
ours.  Nothing arrives before it was sent, so theirs is ahead by at most t2 - t1 and by at least t3 - t4, however
unequal the two ways are (Marzullo, "Maintaining the time in a distributed system", 1984).  Of many round trips the
closest bounds count, each from whichever message was fastest on its way.
"""

from __future__ import annotations

from dataclasses import dataclass

DRIFT = 100e-6
"""No two clocks of computers run apart faster than so much: crystals are good to 50 ppm, each way."""


class Trip:
    """Bounds of the offset, in nanoseconds, from round trips of about the same time."""

    def __init__(self) -> None:
        self.trips = 0
        self.low_ns: int | None = None
        self.high_ns: int | None = None
        self.round_trip_ns: int | None = None
        """The fastest, without the time for which the other end kept the message."""

    def add(self, sent_ns: int, came_there_ns: int, left_there_ns: int, back_ns: int) -> None:
        """One round trip."""
        self.trips += 1
        low_ns, high_ns = left_there_ns - back_ns, came_there_ns - sent_ns
        self.low_ns = low_ns if self.low_ns is None else max(self.low_ns, low_ns)
        self.high_ns = high_ns if self.high_ns is None else min(self.high_ns, high_ns)
        trip_ns = high_ns - low_ns
        self.round_trip_ns = trip_ns if self.round_trip_ns is None else min(self.round_trip_ns, trip_ns)

    @property
    def offset_ns(self) -> int:
        """The middle between the bounds; 0 when nothing is known."""
        return 0 if self.low_ns is None or self.high_ns is None else (self.low_ns + self.high_ns) // 2


@dataclass(slots=True)
class _Burst:
    at_ns: int
    trip: Trip


class Offset:
    """The offset that a run uses, and by how much it may have been wrong at any time of it.

    `used_ns` is fixed by `use`.  Later bursts of round trips say where the offset is by then: within the bounds of the
    first ones, wider by what clocks may drift, and within their own.
    """

    def __init__(self) -> None:
        self.used_ns: int | None = None
        self._bursts: list[_Burst] = [_Burst(0, Trip())]

    @property
    def trips(self) -> int:
        """How many round trips the newest burst has."""
        return self._bursts[-1].trip.trips

    def burst(self, at_ns: int) -> None:
        """The round trips from now on are those of a later time, in nanoseconds of our clock."""
        if self.trips:
            self._bursts.append(_Burst(at_ns, Trip()))
        else:
            self._bursts[-1].at_ns = at_ns

    def add(self, sent_ns: int, came_there_ns: int, left_there_ns: int, back_ns: int) -> None:
        """One round trip."""
        self._bursts[-1].trip.add(sent_ns, came_there_ns, left_there_ns, back_ns)

    def use(self) -> int:
        """The offset for the run, fixed at the first call."""
        if self.used_ns is None:
            self.used_ns = self._bursts[0].trip.offset_ns
        return self.used_ns

    @property
    def round_trip_ns(self) -> int | None:
        """The fastest of all."""
        known = (burst.trip.round_trip_ns for burst in self._bursts)
        return min((ns for ns in known if ns is not None), default=None)

    @property
    def uncertainty_ns(self) -> int | None:
        """The most by which the used offset may have been wrong; None when nothing is known."""
        if self.used_ns is None or not self._bursts[0].trip.trips:
            return None
        return max(self._away(burst, self.used_ns) for burst in self._bursts if burst.trip.trips)

    def _away(self, burst: _Burst, used_ns: int) -> int:
        first, trip = self._bursts[0], burst.trip
        if first.trip.low_ns is None or first.trip.high_ns is None or trip.low_ns is None or trip.high_ns is None:
            return 0
        drift_ns = round(abs(burst.at_ns - first.at_ns) * DRIFT)
        low_ns = max(trip.low_ns, first.trip.low_ns - drift_ns)
        high_ns = min(trip.high_ns, first.trip.high_ns + drift_ns)
        if low_ns > high_ns:  # the clock was set, or runs worse than any: what is newer counts
            low_ns, high_ns = trip.low_ns, trip.high_ns
        return max(abs(high_ns - used_ns), abs(used_ns - low_ns))
