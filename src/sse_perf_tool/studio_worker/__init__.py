"""One job of the studio in a process of its own: the order comes on standard input, events go to standard output.

    {"job": {...as it was asked for...}, "folder", "lang", "environ": {keys}, "rest_of"}    one line
    cancel                                                                                  another one, at any time
    {"event": "snapshot", ...}                                                              a line for each event

The end of standard input ends the process at once: whoever gave the order is gone.

* `__main__.py`: the process.  `order.py`: what it was told.
* `bench.py`, `load.py`: the jobs, by the same functions as the commands.  `check.py`: one request of one token.
"""
