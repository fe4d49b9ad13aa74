"""Is a run good enough, is it worse than an older one, and is the difference more than chance?  Pure.

* `thresholds.py`: rules such as `ttft_ms:p(95)<500`, for a run or for one request.
* `compare.py`: the differences of two runs, with 95 % intervals.
* `baseline.py`: what a run may lose against an older one.
"""
