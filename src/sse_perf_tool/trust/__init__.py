"""Whether the figures of a run can be trusted: a verdict, the reasons for it, and bounds of the errors.

What can make a figure wrong, and where that is seen (docs/trust.md tells more, and what it was checked against):

* The start.  A thread looks at the clock and then writes; it may be put aside in between.  The time until the write is
  over is `start_slack_ns`: the request began that much later at most.
* Arrivals stamped by the kernel are exact, however late they are read, but a read has one stamp, that of its last
  segment.  When a chunk waits until the next one of its stream has come, both get the stamp of the second.  A read of k
  chunks, g after the read before, tells that the true gaps add up to g: anything from g/k each to g and zeros.
  The end of the answer counts as a chunk when it was read with the last one.
* That chunks come together is no error when they were sent together.  It is one as far as reads had to wait, and how
  long reads can have waited is measured: `Lateness`.
* Arrivals that this program stamps (the clock is "user") are late by the time that the read waited.

So there is an interval in which the true percentile lies, and the bound is the greater distance to its ends.  Pure: no
clock, no thread, no socket.

* `self_watch.py`: takes samples of the own process during the run.
* `samples.py`: combines the samples of a run.
* `lateness.py`: which chunks were merged because they were read late.
* `evidence.py`: the error bounds.
* `verdict.py`: the verdict, from the bounds and the samples.
* `wording.py`: the verdict and its reasons in words.
"""

from ..metrics.watch_series import by_second
from .samples import read_delay_ms
from .verdict import LIMIT_MS, LIMIT_SHARE, REQUIRED, held, judge, others_busy
from .wording import TEXTS, TOO_LARGE, bound_words, verdict_key, verdict_words, words

__all__ = [
    "LIMIT_MS",
    "LIMIT_SHARE",
    "REQUIRED",
    "TEXTS",
    "TOO_LARGE",
    "bound_words",
    "by_second",
    "held",
    "judge",
    "others_busy",
    "read_delay_ms",
    "verdict_key",
    "verdict_words",
    "words",
]
