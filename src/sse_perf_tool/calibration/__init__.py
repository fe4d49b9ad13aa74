"""The tool measures itself: a run against a server that knows what it sent and when, and how far off the run was.

* `server.py`: the paced server, a process of its own, standard library alone.
* `measure.py`: one load against it, with the same `LoadRun` as any run, to a `Calibration`.
* `ladder.py`: at which load the error passes a limit; pure.
* `words.py`: what a person reads of it.
* `command.py`: `calibrate`.
"""
