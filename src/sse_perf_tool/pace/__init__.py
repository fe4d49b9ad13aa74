"""When each request is due.

* `schedule.py`: threads and requests over time, as pure functions of the settings.
* `tickets.py`: what the threads of a process ask before each request: a closed loop, an open loop, batches.
* `replay.py`: the times and queries of a trace.
"""
