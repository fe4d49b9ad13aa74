"""What is to be done: one job after another, each in a worker process, its events on disk before anybody sees them.

* `selection.py`, `load.py`: from what a page asks for to what the engine takes; the worker goes the same way.
* `plan.py`: what a job would send.
* `job.py`: a job and its file.  `log.py`: its events.
* `process.py`: the worker process.  `tail.py`: the answers of the last second, from the records file.
* `queue.py`: whose turn it is.  `terminal.py`: runs of the command line that are watched.
* `stream.py`: the events of a job for one reader.
"""
