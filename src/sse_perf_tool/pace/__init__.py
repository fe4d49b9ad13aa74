"""Pacing: when each request is sent.

* `division.py`: which part of a load each process and each worker does.
* `schedule.py`: the number of threads and the arrival times of requests, as pure functions of the settings.
* `tickets.py`: closed loop, open loop and batches: a thread takes a ticket before each request.
* `replay.py`: the times and queries of a recorded trace.
"""
