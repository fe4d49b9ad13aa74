"""The goals of a run: thresholds, SLOs and comparison with an older run, with a test for chance.  Pure.

* `thresholds.py`: rules such as `ttft_ms:p(95)<500`, for a run or for one request.
* `compare.py`: the differences of two runs, with 95 % intervals.
* `baseline.py`: how much worse than an older run a run may be.
"""
