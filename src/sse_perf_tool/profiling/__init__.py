"""What the server says of itself while a load runs: its Prometheus page, read once a second.

A process of its own reads and parses the page (`sampler.py`, `page.py`, `names.py`), so that its cost is never in the
process that times the load.  `watch.py` starts it beside a run and collects what it found, `series.py` makes the values
by second of it.
"""
